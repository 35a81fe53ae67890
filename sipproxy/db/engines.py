"""Kamailio's database URLs as SQLAlchemy engines."""

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Dialect, Engine

from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


class Server(NamedTuple):
    """How a scheme's servers are reached: SQLAlchemy's name, the driver, our extra with it."""

    drivername: str
    driver: str
    extra: str
    patience: Callable[[float], dict[str, object]]
    """The driver's arguments that bound how long it waits, for so many seconds."""
    values: Callable[[], dict[str, object]]
    """The driver's arguments that make its values those of Kamailio's module, as far as ours go."""
    holds_nul: bool
    """Whether a text may have a NUL in it."""


CONNECT_SECONDS = 10.0
"""How long connecting may take at most, however long a statement may."""


def _mysql_patience(seconds: float) -> dict[str, object]:
    whole = max(1, math.ceil(seconds))
    connect = min(whole, math.ceil(CONNECT_SECONDS))
    return {"connect_timeout": connect, "read_timeout": whole, "write_timeout": whole}


def _postgres_patience(seconds: float) -> dict[str, object]:
    whole = math.ceil(seconds)
    return {
        # libpq takes 1 for 2.
        "connect_timeout": max(2, min(whole, math.ceil(CONNECT_SECONDS))),
        "tcp_user_timeout": math.ceil(seconds * 1000),
        "keepalives_idle": whole,
        "keepalives_interval": whole,
        "keepalives_count": 2,
        "options": f"-c statement_timeout={math.ceil(seconds * 1000)}",
    }


def _mysql_values() -> dict[str, object]:
    """Decimals, days and times of a day are texts (db_mysql/km_res.c)."""
    from pymysql.constants import FIELD_TYPE as KIND
    from pymysql.converters import conversions

    texts = (KIND.DECIMAL, KIND.NEWDECIMAL, KIND.DATE, KIND.NEWDATE, KIND.TIME)
    return {"conv": {**conversions, **dict.fromkeys(texts, str)}}


def _postgres_values() -> dict[str, object]:
    """What is no number, no text and no point in time is its text (db_postgres/km_res.c)."""
    from psycopg import adapters
    from psycopg.adapt import AdaptersMap
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import TextLoader

    made = AdaptersMap(adapters)
    for name in ("bool", "time", "timetz", "interval", "uuid", "json", "jsonb", "inet", "cidr"):
        made.register_loader(name, TextLoader)
    made.register_loader("numeric", FloatLoader)
    return {"context": _Context(made)}


class _Context(NamedTuple):
    """What psycopg wants to know the adapters from."""

    adapters: object
    connection: None = None


SERVERS = {
    "mysql": Server("mysql+pymysql", "pymysql", "mysql", _mysql_patience, _mysql_values, True),
    "postgres": Server(
        "postgresql+psycopg", "psycopg", "postgres", _postgres_patience, _postgres_values, False
    ),
}
"""Schemes of database servers (Kamailio db_mysql, db_postgres)."""


def server_dialect(url: DatabaseUrl) -> Dialect:
    """The SQL of the server, known without its driver."""
    return URL.create(SERVERS[url.scheme].drivername).get_dialect()()


def server_engine(
    url: DatabaseUrl,
    timeout: float,
    connections: int,
    arguments: Mapping[str, object] = MappingProxyType({}),
    *,
    pings: bool = False,
) -> Engine:
    """An engine in autocommit mode; raises DatabaseError when the driver is not installed.

    `arguments` are more for the driver. With `pings` a connection is tried before it is used, and
    made anew when it is lost.
    """
    server = SERVERS[url.scheme]
    try:
        import_module(server.driver)
    except ImportError:
        raise DatabaseError(
            f"{url}: the driver {server.driver} is not installed: "
            f'pip install "sipproxy[{server.extra}]"'
        ) from None
    made = create_engine(
        URL.create(
            server.drivername,
            url.user or None,
            url.password or None,
            url.host or None,
            url.port or None,
            url.database,
        ),
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout,
        pool_pre_ping=pings,
        connect_args={**server.patience(timeout), **server.values(), **arguments},
    )
    if url.scheme == "postgres":
        from sipproxy.db.bounded import connector

        connect = connector(timeout)
        event.listen(made, "do_connect", lambda dialect, record, args, named: connect(**named))
    return made


def engine(url: DatabaseUrl, timeout: float = 10.0) -> Engine:
    """An engine for tools that may block, in autocommit mode; an SQLite file may be made by it."""
    if url.scheme == "sqlite":
        file = URL.create("sqlite", database=url.path)
        return create_engine(file, isolation_level="AUTOCOMMIT")
    if url.scheme not in SERVERS:
        known = ", ".join(("sqlite", *SERVERS))
        raise DatabaseError(f"databases of scheme {url.scheme!r} are not served: {known} are")
    return server_engine(url, timeout, 1)


def reason_of(error: Exception) -> str:
    """What the driver said, in one line, without SQLAlchemy's words around it."""
    said = getattr(error, "orig", None) or error
    # PyMySQL gives a number and a text.
    last = said.args[-1] if len(said.args) == 2 else said
    return " ".join(str(last).split())
