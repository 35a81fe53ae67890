"""A database with lists and proxies that use it."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from sipproxy.db.schema import kamailio_tables
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

MODULES = ("pv", "xlog", "db_sqlite", "secfilter")


class World:
    """An SQLite file with Kamailio's tables; `load` makes a proxy of a route."""

    def __init__(self, file: Path) -> None:
        self.file = file
        engine = create_engine(f"sqlite:///{file}")
        kamailio_tables().create_all(engine)
        engine.dispose()
        self.sql("INSERT INTO version VALUES (1, 'secfilter', 1)")

    def sql(self, statement: str, *rows: tuple[object, ...]) -> None:
        """Run a statement, for each of the rows if there are some."""
        connection = sqlite3.connect(self.file)
        with connection:
            connection.executemany(statement, rows) if rows else connection.execute(statement)
        connection.close()

    def rows(self, *rows: tuple[object, ...]) -> None:
        """Rows of (action, type, data)."""
        self.sql("INSERT INTO secfilter (action, type, data) VALUES (?, ?, ?)", *rows)

    def load(self, route: str = "", **params: str | int) -> ProxyUnderTest:
        """A proxy of a cfg with these modparams and this request_route."""
        given = {"db_url": f"sqlite:///{self.file}", **params}
        lines = [
            "#!KAMAILIO",
            *(f'loadmodule "{name}.so"' for name in MODULES),
            *(
                f'modparam("secfilter", "{name}", {value!r})'.replace("'", '"')
                for name, value in given.items()
            ),
            f"request_route {{ {route} exit; }}",
        ]
        return load_cfg_text("\n".join(lines))

    def code(
        self, call: str, *rows: tuple[object, ...], headers: str = "", source: str = ""
    ) -> str:
        """What a call returns for a request with these headers, with these rows in the table."""
        if rows:
            self.sql("DELETE FROM secfilter")
            self.rows(*rows)
        proxy = self.load(f'{call}; $var(c) = $rc; xlog("code $var(c)\\n");')
        message = request("OPTIONS", "sip:555123@example.com", headers=headers)
        log = proxy.feed(message, source=source or message.source).log
        codes = [line.split()[1] for line in log if line.startswith("code ")]
        return codes[0] if codes else "ended"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Kamailio's tables, empty."""
    return World(tmp_path / "tables.db")
