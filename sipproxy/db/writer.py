"""Changes of one database that are made in the order in which they were asked for.

While one transaction is under way, what is asked for gathers; the next one takes all of it. So a
disk that syncs slowly is waited for once for many, and nothing overtakes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sipproxy.core.waiting import Wait
from sipproxy.errors import DatabaseError

if TYPE_CHECKING:
    from sipproxy.db.database import Database, Step

_STEPS = 500
"""Statements of one transaction, as long as nobody asked for more in one piece."""
_MOST = 20_000
"""Pieces that may wait; a database that is behind by more is as good as down."""
_REFUSAL = 0.5
"""How long a database takes at most to refuse a statement."""


class _Piece:
    """What is done whole or not at all, and who waits for it."""

    __slots__ = ("otherwise", "steps", "wait")

    def __init__(self, steps: Sequence[Step], otherwise: Sequence[Step]) -> None:
        self.steps = steps
        self.otherwise = otherwise
        self.wait = Wait()


class Writer:
    """The queue of one user of a database, who may ask and go on. Not thread-safe."""

    def __init__(self, host: Any, database: Database) -> None:
        """`host` is the core.host.Host whose runner does what waits."""
        self._host = host
        self._database = database
        self._pieces: deque[_Piece] = deque()
        self._busy = False
        self._gathers = False
        self._heir: Writer | None = None

    def __len__(self) -> int:
        """How many pieces nobody has begun with."""
        return len(self._pieces)

    def put(self, steps: Sequence[Step], otherwise: Sequence[Step] = ()) -> Wait:
        """Have these done: a Wait for the number of rows that the last of them touched.

        `otherwise` is done where that is 0. It fails with DatabaseError, for all that wait, when
        the database does not answer.
        """
        piece = _Piece(steps, otherwise)
        if len(self._pieces) >= _MOST:
            url = self._database.url
            piece.wait.fail(DatabaseError(f"{url}: {_MOST} changes wait already"))
            return piece.wait
        self._pieces.append(piece)
        if not self._busy and not self._gathers:
            self._begin()
        return piece.wait

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is put within is begun with at the end: few pieces are one transaction."""
        before, self._gathers = self._gathers, True
        try:
            yield
        finally:
            self._gathers = before
            if self._pieces and not self._busy and not before:
                self._begin()

    def go_on_from(self, before: Writer) -> None:
        """Do what another one has not begun, behind what it is doing."""
        self._pieces.extend(before._pieces)
        before._pieces.clear()
        if before._busy:
            self._busy = True
            before._heir = self
        elif self._pieces:
            self._begin()

    def _begin(self) -> None:
        self._busy = True
        self._host.begin(self._work(), self._rest)

    def _rest(self) -> None:
        self._busy = False
        heir, self._heir = self._heir, None
        if heir is not None:
            heir._begin()

    async def _work(self) -> None:
        while self._pieces:
            pieces = self._next()
            began = self._host.now()
            try:
                await self._do(pieces)
            except DatabaseError as error:
                if await self._is_down(began):
                    self._fail(pieces, error)
                elif len(pieces) == 1:
                    pieces[0].wait.fail(error)
                else:
                    await self._one_by_one(pieces)

    def _next(self) -> list[_Piece]:
        """What the next transaction does."""
        pieces = [self._pieces.popleft()]
        count = len(pieces[0].steps)
        while self._pieces and count + len(self._pieces[0].steps) <= _STEPS:
            pieces.append(self._pieces.popleft())
            count += len(pieces[-1].steps)
        return pieces

    async def _do(self, pieces: list[_Piece]) -> None:
        """Do it and tell who waits; raises DatabaseError when nothing was done."""
        counts = iter(await self._database.apply([s for piece in pieces for s in piece.steps]))
        for piece in pieces:
            touched = [next(counts) for _ in piece.steps]
            if piece.otherwise and not touched[-1]:
                try:
                    touched = await self._database.apply(piece.otherwise)
                except DatabaseError as error:
                    piece.wait.fail(error)
                    continue
            piece.wait.finish(touched[-1] if touched else 0)

    async def _is_down(self, began: float) -> bool:
        """Whether what failed since `began` failed because there is no database to do it.

        A statement that is wrong is refused at once.
        """
        if self._host.now() - began > _REFUSAL:
            return True
        try:
            await self._database.ask("SELECT 1")
        except DatabaseError:
            return True
        return False

    async def _one_by_one(self, pieces: list[_Piece]) -> None:
        """Find those that the database refuses among some that it refused together."""
        for at, piece in enumerate(pieces):
            began = self._host.now()
            try:
                await self._do([piece])
            except DatabaseError as error:
                if await self._is_down(began):
                    self._fail(pieces[at:], error)
                    return
                piece.wait.fail(error)

    def _fail(self, pieces: list[_Piece], error: DatabaseError) -> None:
        """Nobody who waits now shall wait for another time-out."""
        pieces = [*pieces, *self._pieces]
        self._pieces.clear()
        for piece in pieces:
            piece.wait.fail(error)
