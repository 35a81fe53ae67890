"""One empty database of each kind that is served, seen from outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, insert, text

from sipproxy.db.upkeep import connected, create, known_tables
from sipproxy.db.url import DatabaseUrl
from tests.servers import DatabaseServer

KINDS = ("sqlite", "mysql", "postgres", "text")

WIDE = {"sqlite": "TEXT", "mysql": "VARBINARY(20000)", "postgres": "BYTEA", "text": "VARCHAR(9)"}
"""What holds any bytes and many of them."""


@dataclass(frozen=True)
class Base:
    """`url` is what a cfg writes, `module` what it loads; `server` is there where it is one."""

    kind: str
    url: str
    server: DatabaseServer | None = None

    @property
    def module(self) -> str:
        """Brings the scheme."""
        return f"db_{self.kind}.so"

    @property
    def loads(self) -> str:
        """The line of a cfg. Files that this object changes are read again."""
        follows = 'modparam("db_text", "db_mode", 1)\n' if self.kind == "text" else ""
        return f'loadmodule "{self.module}"\n{follows}'

    def make(self, *names: str) -> None:
        """Kamailio's tables of these names."""
        with connected(DatabaseUrl.parse(self.url), create=True) as connection:
            create(connection, known_tables(names))

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute statements that all kinds understand; the rows of the last one."""
        rows: list[tuple[Any, ...]] = []
        with connected(DatabaseUrl.parse(self.url), create=True) as connection:
            for statement in statements:
                result = connection.execute(text(statement))
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def fill(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Put rows into one of Kamailio's tables."""
        table: Table = known_tables([name])[-1]
        with connected(DatabaseUrl.parse(self.url)) as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(insert(table), list(rows))
            connection.exec_driver_sql("COMMIT")

    def rows(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of all rows, in an order of their own."""
        return sorted(self.run(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)

    def make_wide(self, name: str = "t", more: Sequence[str] = ()) -> None:
        """A table as htable's, for any bytes."""
        kind = WIDE[self.kind]
        columns = [
            *(f"key_name {kind} NOT NULL", "key_type INTEGER", "value_type INTEGER"),
            *(f"key_value {kind} NOT NULL", "expires INTEGER", *more),
        ]
        self.run(f"CREATE TABLE {name} ({', '.join(columns)})")
