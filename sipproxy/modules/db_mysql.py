"""db_mysql: databases with URLs mysql://user:password@host/database (Kamailio modules/db_mysql)."""

from sipproxy.core.module import Module, modparam
from sipproxy.errors import ModuleError

_DEFAULT = 2
_REQUIRED, _VERIFIED_CA, _VERIFIED = 3, 4, 5


class DbMysql(Module, name="db_mysql"):
    """Loading it lets other modules use MariaDB and MySQL; it needs the extra `sipproxy[mysql]`."""

    timeout_interval = modparam(_DEFAULT, "Seconds until a silent statement has failed; 0: 2.")
    connect_timeout = modparam(2, "No effect: timeout_interval counts.")
    send_timeout = modparam(0, "No effect: timeout_interval counts.")
    receive_timeout = modparam(0, "No effect: timeout_interval counts.")
    retries = modparam(1, "No effect: what fails on a lost connection is tried once more.")
    ping_interval = modparam(300, "No effect: a lost connection is found when it is used.")
    auto_reconnect = modparam(1, "No effect: connections are always made again.")
    server_timezone = modparam(0, "No effect.")
    insert_delayed = modparam(0, "No effect: servers do not know INSERT DELAYED any more.")
    update_affected_found = modparam(0, "No effect: rows found count, as with 1.")
    unsigned_type = modparam(0, "No effect: numbers have no width.")
    opt_ssl_mode = modparam(
        0, "0, 1: no TLS; 3: TLS; 4: the server's certificate is checked; 5: its name too."
    )

    def start(self) -> None:
        """Tell how servers are reached; raises ModuleError for a time-out that is none."""
        if self.timeout_interval < 0:
            raise ModuleError(f"timeout_interval is not below 0: {self.timeout_interval}")
        databases = self.host.databases
        databases.timeouts["mysql"] = float(self.timeout_interval or _DEFAULT)
        tls = _tls(self.opt_ssl_mode)
        if tls is not None:
            databases.arguments["mysql"]["ssl"] = tls


def _tls(mode: int) -> dict[str, object] | None:
    """What the driver is told; raises ModuleError."""
    if mode in (0, 1):
        return None
    if mode not in (_REQUIRED, _VERIFIED_CA, _VERIFIED):
        raise ModuleError(f"opt_ssl_mode is 0, 1, 3, 4 or 5, not {mode}")
    checked = mode != _REQUIRED
    # The driver looks at names only where it is told of a CA: that of the system.
    authority = {"capath": "/etc/ssl/certs"} if checked else {}
    return {"verify_mode": checked, "check_hostname": mode == _VERIFIED, **authority}
