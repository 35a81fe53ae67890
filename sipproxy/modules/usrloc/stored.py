"""Tables that a database has or follows: made, filled at the start, written at the end (Kamailio
usrloc_mod.c, dlist.c).

What SQL needs is imported where a cfg wants a database.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.usrloc.base import Base
from sipproxy.modules.usrloc.order import with_new
from sipproxy.modules.usrloc.params import DB_ONLY, NO_DB, READ_ONLY, WRITE_BACK, WRITE_THROUGH
from sipproxy.modules.usrloc.table import IsLost, Table

if TYPE_CHECKING:
    from sipproxy.db.database import Database
    from sipproxy.db.writer import Writer
    from sipproxy.modules.usrloc.recorder import Recorder
    from sipproxy.modules.usrloc.rows import Rows


class Stored(Base):
    """The tables and their database, if there is one."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._rows: dict[str, Rows] = {}
        self._following = False
        self._kept_writer: Writer | None = None

    @property
    def _database(self) -> Database:
        """Raises ModuleError for a URL that leads nowhere."""
        found: Database = self.host.database(self.db_url)
        return found

    @property
    def _only_looks(self) -> bool:
        """Whether this is a replay, which writes nothing outside and may have no database."""
        return bool(self.host.databases.overlay)

    @property
    def _writer(self) -> Writer:
        from sipproxy.db.writer import Writer

        if self._kept_writer is None:
            self._kept_writer = Writer(self.host, self._database)
        return self._kept_writer

    def start(self) -> None:
        """Find the database; raises ModuleError for a bad URL."""
        super().start()
        if self.db_mode != NO_DB:
            assert self._database
        if self.db_mode == DB_ONLY and self.handle_lost_tcp:
            text = "handle_lost_tcp option makes nothing in DB_ONLY mode"
            report(self.host.log, WARN, "usrloc", text)

    def make_table(self, name: str, size: int, is_lost: IsLost | None) -> Table:
        """A table that keeps its records where db_mode wants them, and in memory for a replay."""
        if self.db_mode in (NO_DB, READ_ONLY) or self._only_looks:
            return super().make_table(name, size, is_lost)
        from sipproxy.modules.usrloc.backed import Backed
        from sipproxy.modules.usrloc.live import Live
        from sipproxy.modules.usrloc.memory import MemoryStore

        if self.db_mode == DB_ONLY:
            newest = bool(self.desc_time_order)
            return Live(name, size, self._recorder(name), self.host.now, newest_first=newest)
        at_once = self.db_mode == WRITE_THROUGH
        recorder = self._recorder(name)
        return Backed(name, MemoryStore(size), is_lost, recorder, at_once=at_once)

    def _recorder(self, name: str) -> Recorder:
        from sipproxy.modules.usrloc.recorder import Recorder

        cleans = bool(self.db_timer_clean)
        rows, now = self.rows(name), self.host.now
        return Recorder(rows, self._writer, now, self._report, cleans=cleans)

    def rows(self, name: str) -> Rows:
        """A table of the database."""
        from sipproxy.modules.usrloc.columns import Columns
        from sipproxy.modules.usrloc.rows import Rows

        found = self._rows.get(name)
        if found is None:
            base = self._database
            columns = Columns(self, base, self.host.own)
            server = getattr(self.host.settings, "server_id", 0)
            found = Rows(self, base, name, columns, self._report, server)
            self._rows[name] = found
        return found

    def _report(self, text: str) -> None:
        """Something that fails for one contact may fail for all."""
        self.host.report_limited(ERROR, "usrloc", text, "database")

    # -- reload of the cfg

    def inherit(self, previous: Any) -> None:
        """The database cannot be another one: its rows are those of the tables that go on."""
        for name in ("db_mode", "db_url"):
            if getattr(self, name) != getattr(previous, name):
                raise ModuleError(f"{name} changes with a restart only")
        super().inherit(previous)

    def take_over(self, previous: Any) -> None:
        """Nothing that is not written yet is overtaken."""
        if self.db_mode not in (NO_DB, READ_ONLY):
            self._writer.go_on_from(previous._writer)
        super().take_over(previous)

    # -- start

    def ready(self) -> None:
        """Without a server tables begin empty, but for a replay: it reads them where it can."""
        super().ready()
        if not self.host.opens and self.db_mode != NO_DB and self._only_looks:
            try:
                self._load()
            except DatabaseError as error:
                self.complain(f"{error}: tables of locations begin empty")

    def open(self) -> None:
        """See that the database has the tables, and read them; raises ModuleError."""
        super().open()
        if self.db_mode == NO_DB:
            return
        try:
            self._database.open()
            for name in self.tables:
                self._check(name)
            self._load()
        except DatabaseError as error:
            raise ModuleError(str(error)) from None

    def _check(self, name: str) -> None:
        from sipproxy.db.version import check_version
        from sipproxy.modules.usrloc.rows import TABLE_VERSION

        if self.version_table:
            check_version(self._database, name, TABLE_VERSION)
        self.rows(name).probe()

    def _load(self) -> None:
        """Read all tables that are kept in memory."""
        if self.db_mode == DB_ONLY and not self._only_looks:
            return
        if self.db_load or self.db_mode in (DB_ONLY, READ_ONLY):
            for table in self.newest_first():
                if table.name not in self._there:
                    self._fill(table)

    def _fill(self, table: Table) -> None:
        rows, now = self.rows(table.name), int(self.host.now())
        if self.db_clean_tcp and not self._only_looks:
            sql, values = rows.connected()
            rows.database.write([(sql, [values])])
        xavps = rows.attributes.load()
        newest_first = bool(self.desc_time_order)
        for aor, contact in rows.load(now):
            kept = contact._replace(xavp=xavps.pop(contact.ruid, None))

            def add(contacts: Contacts, kept: Contact = kept) -> Contacts:
                return with_new(contacts, kept, newest_first=newest_first)

            table.change_now(aor, add)
        if not self._only_looks:
            rows.database.write((sql, [values]) for sql, values in rows.attributes.left(xavps))

    # -- sweeps

    def after_sweep(self) -> None:
        """Have the database follow, unless it still follows the sweep before."""
        if self.db_mode in (WRITE_THROUGH, WRITE_BACK, DB_ONLY) and not self._following:
            self._following = True
            self.host.begin(self.follow(), self._rest)

    def _rest(self) -> None:
        self._following = False

    async def follow(self) -> None:
        """Write all that is not written, and let go what expired in the database."""
        now = int(self.host.now())
        for table in self.newest_first():
            told = partial(self.expire, table.name) if self.on_expired else None
            await table.clean(now, told)
            await table.flush()
            if self.ka_mode:
                for aor, contact in await table.living(now):
                    self.keep_alive(aor, (contact._replace(last_keepalive=0),))

    def close(self) -> None:
        """Write what is not written yet; the proxy waits for it."""
        if self.host.opens and self.db_mode != NO_DB:
            self.ka_mode = 0
            self.sweep_now()
            self._following = False
            self.after_sweep()
        super().close()
