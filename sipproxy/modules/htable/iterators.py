"""Walks over a table that a cfg steps through by name (`sht_iterator_*`).

A walk is started, stepped and ended by calls that may lie in different messages. The order is fixed
when the first step is made: cells that come later are not met, cells taken out are passed over.
"""

from collections.abc import Callable

from sipproxy.errors import SipproxyError
from sipproxy.modules.htable.store import Cell
from sipproxy.modules.htable.table import Table
from sipproxy.text import byte_length

MOST_WALKS = 4
NAME_LIMIT = 32
"""Names must be shorter than this, in bytes."""


class WalkError(SipproxyError):
    """A walk cannot do what was asked; the text is Kamailio's."""


class Walk:
    """One iterator: before the first step, on a cell, or at the end (then a step starts anew)."""

    __slots__ = ("_at", "_keys", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self._keys: list[str] = []
        self._at = -1

    @property
    def current(self) -> tuple[str, Cell] | None:
        """The key and cell it stands on, None when it stands on none."""
        if self._at < 0:
            return None
        key = self._keys[self._at]
        cell = self.table.store.get(key)
        return None if cell is None else (key, cell)

    def step(self) -> bool:
        """Go to the next cell that is still there; False at the end."""
        if self._at < 0:
            self._keys = [key for key, _ in self.table.in_order()]
        while self._at + 1 < len(self._keys):
            self._at += 1
            if self.current is not None:
                return True
        self._at = -1
        return False

    def remove(self) -> bool:
        """Take the current cell out and step; False when it was the last."""
        self.table.store.remove(self._keys[self._at])
        return self.step()

    def put(self, value: int | str, now: float) -> None:
        """Give the current cell another value; updateexpire counts even without autoexpire."""
        spec = self.table.spec
        last = int(now) + spec.autoexpire
        self._replace(lambda cell: (value, last if spec.updateexpire else cell[1]))

    def expire_in(self, seconds: int, now: float) -> None:
        """Let the current cell live `seconds` from now, whatever the table says."""
        last = int(now) + seconds
        self._replace(lambda cell: (cell[0], last))

    def _replace(self, make: Callable[[Cell], Cell]) -> None:
        key = self._keys[self._at]
        self.table.store.change(key, lambda cell, _: make(cell) if cell else None, 0)


class Iterators:
    """The walks of one worker by name."""

    def __init__(self) -> None:
        self._walks: dict[str, Walk | None] = {}

    def start(self, name: str, table: Table | None) -> None:
        """Begin a walk, or begin it again; `table` None takes the name and leads nowhere."""
        if name not in self._walks:
            if len(self._walks) >= MOST_WALKS:
                raise WalkError(f"no iterator available - max number is {MOST_WALKS}")
            if byte_length(name) >= NAME_LIMIT:
                raise WalkError(f"iterator name is too big [{name}] (max {NAME_LIMIT})")
        self._walks[name] = None if table is None else Walk(table)

    def walk(self, name: str) -> Walk:
        """The walk of that name; raises WalkError."""
        walk = self._walks.get(name)
        if walk is None:
            # Kamailio finds a free place for a name it does not know, unless all are taken.
            free = name in self._walks or len(self._walks) < MOST_WALKS
            raise WalkError(f"iterator not {'initialized' if free else 'found'} [{name}]")
        return walk

    def used(self, name: str) -> Walk:
        """The walk of that name, standing on a cell; raises WalkError."""
        walk = self.walk(name)
        if walk.current is None:
            raise WalkError(f"iterator not used [{name}]")
        return walk

    def end(self, name: str) -> None:
        """Forget a walk; raises WalkError when there is none."""
        if name not in self._walks:
            raise WalkError(f"iterator not found [{name}]")
        del self._walks[name]

    def current(self, name: str) -> tuple[str, Cell] | None:
        """The key and cell a walk stands on, None without one."""
        walk = self._walks.get(name)
        return None if walk is None else walk.current
