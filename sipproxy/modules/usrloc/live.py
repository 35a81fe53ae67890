"""Records that lie in the database only and are read each time (db_mode 3)."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sipproxy.core.bindings import NotStored
from sipproxy.core.contact import Change, Contact, Contacts
from sipproxy.core.hashing import core_hash
from sipproxy.core.waiting import Wait
from sipproxy.errors import DatabaseError
from sipproxy.modules.usrloc.memory import MemoryStore
from sipproxy.modules.usrloc.order import with_new
from sipproxy.modules.usrloc.recorder import Recorder, differences
from sipproxy.modules.usrloc.table import Table


class Live(Table):
    """A table without a memory: its store stays empty.

    Changes of one record follow each other; those of different ones do not wait for each other.
    """

    __slots__ = ("_clock", "_newest_first", "_recorder", "_turns")

    def __init__(
        self,
        name: str,
        size: int,
        recorder: Recorder,
        now: Callable[[], float],
        *,
        newest_first: bool,
    ) -> None:
        super().__init__(name, MemoryStore(size))
        self._recorder = recorder
        self._clock = now
        self._newest_first = newest_first
        self._turns: dict[str, deque[Wait]] = {}
        """Who waits for the change of a record to be over, where one is under way."""

    def go_on_as(self, fresh: Table) -> None:
        """Read and write as another cfg wants it."""
        assert isinstance(fresh, Live)
        super().go_on_as(fresh)
        self._recorder, self._newest_first = fresh._recorder, fresh._newest_first

    async def read(self, aor: str) -> Contacts:
        """What the database has of a record; nothing where it cannot be asked."""
        found: Contacts = ()
        try:
            for contact in await self._recorder.rows.of(aor, int(self._clock())):
                found = with_new(found, contact, newest_first=self._newest_first)
        except DatabaseError as error:
            self._recorder.tell(f"db_query failed: {error}")
        return found

    async def change(self, aor: str, change: Change, *, memory_only: bool = False) -> Contacts:
        """Read a record, and write what `change` makes of it."""
        async with self._turn(aor):
            old = await self.read(aor)
            new = change(old)
            put = self._recorder.put
            found = differences(old, new)
            with self._recorder.together():
                waits = [put(aor, what, contact) for what, contact in found]
            failed = []
            for difference, wait in zip(found, waits, strict=True):
                try:
                    await wait
                except DatabaseError as error:
                    failed.append(((aor, difference), error))
            if failed:
                self._recorder.complain([one for one, _ in failed], failed[0][1])
                raise NotStored(failed[0][0][1].what)
            return new

    async def read_ruid(self, aor_hash: int, ruid: str) -> tuple[str, Contact] | None:
        """The contact of a ruid, if it belongs to a record of that hash."""
        try:
            found = await self._recorder.rows.by_ruid(ruid, int(self._clock()))
        except DatabaseError as error:
            self._recorder.tell(f"db_query failed: {error}")
            return None
        return found if found is not None and core_hash(found.aor) == aor_hash else None

    async def remove_ruid(self, ruid: str) -> bool:
        """Let the row of a ruid go; whether there was one. Raises NotStored."""
        try:
            return await self._recorder.rows.without(ruid)
        except DatabaseError as error:
            self._recorder.tell(f"failed to delete from database: {error}")
            raise NotStored("delete") from None

    async def clean(self, now: int, told: Callable[[str, Contact], None] | None) -> None:
        """Let expired rows go, and tell of them before."""
        ruids = []
        try:
            if told is not None:
                for aor, contact in await self._recorder.rows.over(now):
                    told(aor, contact)
                    ruids.append(contact.ruid)
        except DatabaseError as error:
            self._recorder.tell(f"db_query failed: {error}")
        await self._recorder.clean(now, ruids)

    async def living(self, now: int) -> list[tuple[str, Contact]]:
        """All contacts that have not expired and have an end."""
        try:
            return list(await self._recorder.rows.living(now))
        except DatabaseError as error:
            self._recorder.tell(f"db_query failed: {error}")
            return []

    @asynccontextmanager
    async def _turn(self, aor: str) -> AsyncIterator[None]:
        """Nobody else changes this record meanwhile."""
        waiting = self._turns.get(aor)
        if waiting is None:
            self._turns[aor] = deque()
        else:
            wait = Wait()
            waiting.append(wait)
            await wait
        try:
            yield
        finally:
            waiting = self._turns[aor]
            if waiting:
                waiting.popleft().finish()
            else:
                del self._turns[aor]
