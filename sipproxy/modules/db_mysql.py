"""db_mysql: databases with URLs mysql://user:password@host/database (Kamailio modules/db_mysql)."""

from sipproxy.core.module import Module, modparam


class DbMysql(Module, name="db_mysql"):
    """Loading it lets other modules use MariaDB and MySQL; it needs the extra `sipproxy[mysql]`."""

    timeout_interval = modparam(2, "Seconds until a statement without an answer has failed.")
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
    opt_ssl_mode = modparam(0, "No effect.")

    def start(self) -> None:
        self.host.databases.timeouts["mysql"] = float(self.timeout_interval)
