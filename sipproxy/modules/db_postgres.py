"""db_postgres: databases with URLs postgres://user:password@host/database (Kamailio modules/
db_postgres)."""

from sipproxy.core.module import Module, modparam, modparam_method
from sipproxy.errors import ModuleError

_DEFAULT = 5


class DbPostgres(Module, name="db_postgres"):
    """Loading it lets other modules use PostgreSQL; it needs the extra `sipproxy[postgres]`."""

    timeout = modparam(_DEFAULT, "Seconds until a silent statement has failed; 0: 5.")
    retries = modparam(2, "No effect: what fails on a lost connection is tried once more.")
    lockset = modparam(4, "No effect.")
    tcp_keepalive = modparam(0, "Seconds between probes of a silent connection; 0: as `timeout`.")
    bytea_output_escape = modparam(1, "No effect.")

    @modparam_method("con_param")
    def set_argument(self, text: str) -> None:
        """A parameter of libpq for each connection: `sslmode=require`."""
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ModuleError(f'db_postgres.con_param takes name=value, not "{text}"')
        self.host.databases.arguments["postgres"][name] = value

    def start(self) -> None:
        """Tell how servers are reached; raises ModuleError for a time-out that is none."""
        if self.timeout < 0:
            raise ModuleError(f"timeout is not below 0: {self.timeout}")
        databases = self.host.databases
        databases.timeouts["postgres"] = float(self.timeout or _DEFAULT)
        if self.tcp_keepalive > 0:
            databases.arguments["postgres"]["keepalives_idle"] = self.tcp_keepalive
