"""db_postgres: databases with URLs postgres://user:password@host/database (Kamailio modules/
db_postgres)."""

from sipproxy.core.module import Module, modparam


class DbPostgres(Module, name="db_postgres"):
    """Loading it lets other modules use PostgreSQL; it needs the extra `sipproxy[postgres]`."""

    timeout = modparam(5, "Seconds until a statement without an answer has failed.")
    retries = modparam(2, "No effect: what fails on a lost connection is tried once more.")
    lockset = modparam(4, "No effect.")
    tcp_keepalive = modparam(0, "No effect.")
    bytea_output_escape = modparam(1, "No effect.")
    con_param = modparam("", "No effect.")

    def start(self) -> None:
        self.host.databases.timeouts["postgres"] = float(self.timeout)
