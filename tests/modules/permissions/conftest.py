"""Databases, files and proxies for the tests of permissions."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from sipproxy.db.schema import kamailio_tables
from sipproxy.testing import ProxyUnderTest, load_cfg

Row = tuple[object, ...]

MODULES = ("pv", "xlog", "corex", "db_sqlite", "permissions")


class World:
    """A folder with a cfg, files beside it, and an SQLite database with Kamailio's tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "tables.db"

    def make_tables(self) -> None:
        """Kamailio's tables, empty, with their versions."""
        engine = create_engine(f"sqlite:///{self.file}")
        kamailio_tables().create_all(engine)
        engine.dispose()
        self.sql("INSERT INTO version VALUES (1, 'address', 6), (2, 'trusted', 6)")

    def sql(self, statement: str, *rows: Row) -> None:
        """Run a statement, for each of the rows if there are some."""
        connection = sqlite3.connect(self.file)
        with connection:
            connection.executemany(statement, rows) if rows else connection.execute(statement)
        connection.close()

    def addresses(self, *rows: Row) -> None:
        """Rows of (group, address, mask, port, tag)."""
        names = "grp, ip_addr, mask, port, tag"
        self.sql(f"INSERT INTO address ({names}) VALUES (?, ?, ?, ?, ?)", *rows)

    def trusted(self, *rows: Row) -> None:
        """Rows of (source, proto, From pattern, R-URI pattern, tag, priority)."""
        names = "src_ip, proto, from_pattern, ruri_pattern, tag, priority"
        self.sql(f"INSERT INTO trusted ({names}) VALUES (?, ?, ?, ?, ?, ?)", *rows)

    def write(self, name: str, text: str) -> None:
        """A file beside the cfg."""
        (self.folder / name).write_text(text)

    def load(self, route: str = "", database: bool = True, **params: str | int) -> ProxyUnderTest:
        """A proxy of a cfg with these modparams of permissions and this request_route."""
        if database:
            params = {"db_url": f"sqlite:///{self.file}", **params}
        lines = [
            "#!KAMAILIO",
            *(f'loadmodule "{name}.so"' for name in MODULES),
            *(
                f'modparam("permissions", "{name}", {_quoted(value)})'
                for name, value in params.items()
            ),
            f"request_route {{ {route} exit; }}",
        ]
        self.write("test.cfg", "\n".join(lines))
        return load_cfg(str(self.folder / "test.cfg"))


def _quoted(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A folder with an empty database."""
    made = World(tmp_path)
    made.make_tables()
    return made


@pytest.fixture
def told() -> Callable[[ProxyUnderTest], list[str]]:
    """The errors in a proxy's log."""
    return lambda proxy: [text for level, _, text in proxy.log.records if level < 0]
