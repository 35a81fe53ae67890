"""db_sqlite: databases with URLs sqlite:///file (Kamailio modules/db_sqlite)."""

from dataclasses import replace

from sipproxy.core.module import Module, modparam_method
from sipproxy.db.registry import SqliteOptions
from sipproxy.errors import ModuleError

_JOURNAL_MODES = ("DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF")


class DbSqlite(Module, name="db_sqlite"):
    """Loading it lets other modules use SQLite; its parameters name a database as its URL does."""

    def _options(self, database: str) -> SqliteOptions:
        known: SqliteOptions = self.host.databases.sqlite.get(database, SqliteOptions())
        return known

    @modparam_method("db_set_readonly")
    def set_read_only(self, database: str) -> None:
        """A database that is only read: `/etc/kamailio/users.db`."""
        options = replace(self._options(database), read_only=True)
        self.host.databases.sqlite[database] = options

    @modparam_method("db_set_journal_mode")
    def set_journal_mode(self, modes: str) -> None:
        """Journal modes of databases: `/etc/kamailio/users.db=WAL;/var/acc.db=OFF`."""
        for part in modes.strip(";").split(";"):
            database, _, mode = (word.strip() for word in part.rpartition("="))
            if not database or mode.upper() not in _JOURNAL_MODES:
                known = ", ".join(_JOURNAL_MODES)
                raise ModuleError(f"db_sqlite.db_set_journal_mode takes database=MODE, of {known}")
            options = replace(self._options(database), journal_mode=mode.upper())
            self.host.databases.sqlite[database] = options
