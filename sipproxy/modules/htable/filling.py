"""Where tables have their cells from at start, and where they leave them at the end.

A table with `dbtable` is the database's: it is read at start, by `htable.reload` and, in 6.1, every
`reloadat` seconds. The others may be kept in a snapshot, which is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from sipproxy.core.log import ERROR, INFO, report
from sipproxy.core.module import event, modparam
from sipproxy.core.offload import Workers
from sipproxy.core.waiting import Wait
from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.htable.base import HtableBase
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.snapshot import Damaged, Snapshot
from sipproxy.modules.htable.table import Table

if TYPE_CHECKING:
    from sipproxy.db.database import Database
    from sipproxy.modules.htable.stored import StoredTable, Written

_EVENT_NAME_LIMIT = 46
_SNAPSHOT_SECONDS = 3600.0
"""How long a snapshot may take to be written."""


class Filling(HtableBase):
    """Reads tables and writes them. `stored` are those of the database, by name."""

    snapshot = modparam("", "file that keeps the tables over a restart; ours")
    snapshot_interval = modparam(0, "seconds between two snapshots; 0: only at the end; ours")

    reloaded = event("htable:reloaded:*", "runs after a reload by `reloadat` (6.1)")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.stored: dict[str, StoredTable] = {}
        self._loaded: set[str] = set()
        """Tables that were read: only what was is written back."""
        self._busy: set[str] = set()
        """Work that goes on and is not begun a second time."""
        self._snapshot: Snapshot | None = None
        self._before: Filling | None = None
        """The module under the cfg before, while this one is made ready to serve."""

    def start(self) -> None:
        """Find the database; raises ModuleError for a bad URL."""
        super().start()
        if self.db_url:
            self._database: Database = self.host.database(self.db_url)
            for table in self.newest_first():
                if table.spec.dbtable:
                    self.stored[table.spec.name] = self._stored(table.spec.name)

    def _stored(self, name: str) -> StoredTable:
        from sipproxy.modules.htable.stored import Columns, StoredTable

        return StoredTable(
            self._database,
            self.tables[name].spec,
            Columns(
                self.key_name_column,
                self.key_type_column,
                self.value_type_column,
                self.key_value_column,
                self.expires_column,
            ),
            suffix=self.array_size_suffix or "::size",
            fetch_rows=self.fetch_rows if self.fetch_rows > 0 else 100,
            expires=self.db_expires != 0,
            newer=self.host.compat == "6.1",
        )

    # -- start

    def ready(self) -> None:
        """Without a server tables begin empty, but for a replay: it reads them where it can."""
        if self.host.opens:
            return
        if self.stored and self.host.databases.overlay:
            try:
                self._load()
            except DatabaseError as error:
                self._error(str(error))
        self._begin()

    def open(self) -> None:
        """Read all tables, then let everything begin; raises ModuleError.

        Tables that were there before a reload have their cells already.
        """
        try:
            if self.db_url:
                self._database.open()
            self._load()
        except DatabaseError as error:
            raise ModuleError(str(error)) from None
        if self.snapshot:
            earlier = self._before and self._before._snapshot
            here = _checked(Snapshot(self.snapshot))
            if self._before is None:
                self._snapshot = self._restored(here)
            else:
                self._snapshot = earlier if earlier and earlier.path == here.path else here
        self._begin()
        self._begin_timers()

    def _begin(self) -> None:
        self.begin_sweeps()
        if self._before is None:
            self.run_mod_init()

    # -- reload of the cfg

    def inherit(self, previous: Any) -> None:
        """A table of a name that was there is that table: its cells are the same ones."""
        self._before = previous
        for name in self.tables.keys() & previous.tables.keys():
            self.tables[name].store = previous.tables[name].store
        self._loaded = previous._loaded & self.stored.keys() & self.tables.keys()

    def rehearse(self, previous: Any) -> None:
        """Run event_route[htable:mod-init]; what it writes as it did before the reload is undone.

        So counters go on, and a value that the new cfg sets otherwise takes effect.
        """
        for name, cells in self.run_mod_init().items():
            before = previous.initial.get(name, {})
            table = self.tables[name]
            for key, value in self.initial[name].items():
                if before.get(key) != value:
                    continue
                kept = cells.get(key)
                if kept is None:
                    table.store.remove(key)
                else:
                    table.store[key] = kept

    def take_over(self, previous: Any) -> None:
        """What was before is needed no more."""
        self._before = None

    def _load(self) -> None:
        """All tables or none."""
        now = self.host.now()
        there = self._before.tables if self._before else {}
        fresh = {name: self._read(name, now) for name in self.stored if name not in there}
        for name, store in fresh.items():
            self.tables[name].swap(store)
        self._loaded |= fresh.keys()

    def _read(self, name: str, now: float) -> LocalStore:
        """What the database has of a table; raises DatabaseError."""
        stored = self.stored[name]
        try:
            return stored.load(now)
        except DatabaseError as error:
            raise DatabaseError(f"htable {name}: dbtable={stored.spec.dbtable}: {error}") from None

    def _restored(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, when what it holds is back in the tables; raises ModuleError."""
        second = int(self.host.now())
        fresh: dict[str, LocalStore] = {}
        try:
            for name, cells in snapshot.load():
                store = fresh.setdefault(name, LocalStore())
                living = name in self.tables and self.tables[name].spec.autoexpire > 0
                if living:
                    cells = [(key, cell) for key, cell in cells if not 0 < cell[1] < second]
                store.fill(cells)
        except FileNotFoundError:
            self._report(INFO, f"there is no snapshot {snapshot.path} yet: tables begin empty")
            fresh.clear()
        except OSError as error:
            raise ModuleError(f"the snapshot {snapshot.path}: {error.strerror}") from None
        except Damaged as error:
            self._set_aside(snapshot, error)
            fresh.clear()
        for name, store in fresh.items():
            if name not in self.tables:
                text = f"the snapshot {snapshot.path} has a table {name!r} that the cfg has not"
                self.warn(f"{text}: its keys are not kept ({len(store)})")
            elif name not in self.stored:
                self.tables[name].swap(store)
        return snapshot

    def _set_aside(self, snapshot: Snapshot, error: Damaged) -> None:
        try:
            aside = snapshot.set_aside()
        except OSError as failed:
            raise ModuleError(f"the snapshot {snapshot.path}: {failed.strerror}") from None
        self._error(
            f"the snapshot {snapshot.path} is damaged ({error}): tables begin empty, "
            f"it is now {aside}"
        )

    def _begin_timers(self) -> None:
        every, now = self.host.timers.every, self.host.now()
        if self._snapshot is not None and self.snapshot_interval > 0:
            every(now, float(self.snapshot_interval), lambda due: self._once("", self._save_aside))
        for name, stored in self.stored.items():
            if stored.spec.reloadat:
                every(now, float(stored.spec.reloadat), self._reloader(name))

    def _reloader(self, name: str) -> Callable[[float], None]:
        return lambda due: self._once(name, lambda: self._reload_by_time(name))

    def _once(self, what: str, work: Callable[[], Coroutine[Wait, object, None]]) -> None:
        """Begin this work unless it still goes on."""
        if what not in self._busy:
            self._busy.add(what)
            self.host.begin(work(), lambda: self._busy.discard(what))

    # -- while messages are served

    async def reload(self, name: str) -> None:
        """Put what the database has in the place of a table, in one step; raises DatabaseError."""
        now = self.host.now()
        fresh = await self._database.aside(lambda: self._read(name, now))
        self.tables[name].swap(fresh)
        self._loaded.add(name)
        self._let_go(fresh)

    def _let_go(self, old: LocalStore) -> None:
        """Give the memory of the old cells back without holding messages up."""
        pieces = old.let_go()

        def go_on(due: float) -> None:
            for _ in pieces:
                self.host.timers.after(self.host.now(), 0.0, go_on)
                return

        go_on(0.0)

    async def _reload_by_time(self, name: str) -> None:
        try:
            await self.reload(name)
        except DatabaseError as error:
            self._error(f"{error}; the table stays as it was")
        else:
            if len(name) <= _EVENT_NAME_LIMIT:
                self.host.post(f"htable:reloaded:{name}", None)

    async def store(self, name: str) -> None:
        """Put a table in the place of what the database has; raises DatabaseError."""
        stored = self.stored[name]
        if stored.spec.columns:
            # Kamailio deletes the rows all the same.
            self.warn(f"saving htable [{name}] with custom db columns is not available")
            return
        copy, now = self.tables[name].copy(), self.host.now()
        written = await self._database.aside(lambda: stored.replace(copy.items(), now))
        self._let_go(copy)
        self._tell(name, written)

    def _tell(self, name: str, written: Written) -> None:
        if written.left_out:
            self._error(
                f"htable {name}: {written.left_out} keys are not stored: "
                "a key or value does not fit into its column"
            )
        if written.altered:
            self.warn(
                f"htable {name}: {written.altered} texts are not UTF-8 and stored with U+FFFD: "
                "a binary column keeps them"
            )

    async def _save_aside(self) -> None:
        """Write a snapshot of this instant while messages are served."""
        snapshot = cast(Snapshot, self._snapshot)
        copies = [(table.spec.name, table.copy()) for table in self._kept()]
        workers = Workers(self.host.offload, "snapshot", threads=1, backlog=1)
        try:
            await workers.submit(
                lambda: snapshot.save((name, copy.items()) for name, copy in copies),
                _SNAPSHOT_SECONDS,
            )
        except (OSError, TimeoutError) as error:
            self._not_saved(error)
        finally:
            workers.close()
            for _, copy in copies:
                self._let_go(copy)

    def _kept(self) -> list[Table]:
        """The tables that a snapshot holds: all but the database's."""
        return [table for name, table in self.tables.items() if name not in self.stored]

    # -- end

    def close(self) -> None:
        """Write back what dbmode=1 wants, and the last snapshot."""
        if not self.host.opens:
            return
        now = self.host.now()
        for name, stored in self.stored.items():
            if stored.spec.dbmode and name in self._loaded and not stored.spec.columns:
                try:
                    self._tell(name, stored.replace(self.tables[name].store.items(), now))
                except DatabaseError as error:
                    self._error(f"failed syncing hash table [{name}] to db: {error}")
        if self._snapshot is not None:
            try:
                kept = ((table.spec.name, table.store.items()) for table in self._kept())
                self._snapshot.save(kept, last=True)
            except OSError as error:
                self._not_saved(error)

    def _not_saved(self, error: Exception) -> None:
        assert self._snapshot is not None
        why = getattr(error, "strerror", None) or error
        self._error(f"the snapshot {self._snapshot.path} is not written: {why}")

    def _error(self, text: str) -> None:
        self._report(ERROR, text)

    def _report(self, level: int, text: str) -> None:
        report(self.host.log, level, "htable", text)


def _checked(snapshot: Snapshot) -> Snapshot:
    """A snapshot that can be written; raises ModuleError."""
    try:
        snapshot.check_folder()
    except OSError as error:
        raise ModuleError(f"the snapshot {snapshot.path}: {error.strerror}") from None
    return snapshot
