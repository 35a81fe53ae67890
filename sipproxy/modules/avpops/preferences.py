"""Rows of preferences: what avp_db_load, avp_db_store and avp_db_delete ask (avpops_db.c)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, literal_column, select
from sqlalchemy.sql import column, table

from sipproxy.core.stored import AvpValue
from sipproxy.db.database import Database, Query
from sipproxy.db.statement import Row
from sipproxy.modules.avpops.schemes import Columns
from sipproxy.modules.avpops.values import as_text

NUMBER_VALUE, NUMBER_NAME = 1, 2
"""Bits of a row's type: what its value and its attribute are."""


class Owner(NamedTuple):
    """Whose preferences: a uuid, else a user's name, a domain or both; None does not count."""

    uuid: str | None = None
    username: str | None = None
    domain: str | None = None


class Preferences:
    """Rows of tables in one database. Each method raises DatabaseError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries: dict[tuple[object, ...], Query] = {}

    async def load(
        self, columns: Columns, owner: Owner, attribute: str | None, *, typed: bool
    ) -> list[Row]:
        """The rows of an owner: (value, attribute, type) where `typed`, else (value,)."""
        wanted = _conditions(columns, owner, attribute)
        names = (columns.value, columns.attribute, columns.type) if typed else (columns.value,)
        key = ("load", columns.table, names, tuple(name for name, _ in wanted))
        query = self._queries.get(key)
        if query is None:
            statement: Any = select(*map(literal_column, names)).select_from(table(columns.table))
            query = self._prepare(key, statement.where(*_where(wanted)))
        return await query.rows([value for _, value in wanted])

    async def delete(self, columns: Columns, owner: Owner, attribute: str | None) -> None:
        """Delete the rows of an owner, those of one attribute or all."""
        wanted = _conditions(columns, owner, attribute)
        key = ("delete", columns.table, tuple(name for name, _ in wanted))
        query = self._queries.get(key)
        if query is None:
            statement = delete(table(columns.table)).where(*_where(wanted))
            query = self._prepare(key, statement)
        await query.run([value for _, value in wanted])

    async def store(
        self, columns: Columns, owner: Owner, attribute: int | str, value: AvpValue
    ) -> None:
        """Insert one row."""
        names = (
            *(columns.uuid, columns.attribute, columns.value),
            *(columns.type, columns.username, columns.domain),
        )
        key = ("store", columns.table, names)
        query = self._queries.get(key)
        if query is None:
            target = table(columns.table, *(column(name) for name in names))
            values: dict[str, Any] = {
                name: bindparam(f"p{place}") for place, name in enumerate(names)
            }
            query = self._prepare(key, insert(target).values(values))
        kind = NUMBER_NAME * isinstance(attribute, int) | NUMBER_VALUE * isinstance(value, int)
        await query.run(
            (
                *(owner.uuid or "", as_text(attribute), as_text(value)),
                *(kind, owner.username or "", owner.domain or ""),
            )
        )

    def _prepare(self, key: tuple[object, ...], statement: Any) -> Query:
        query = self._queries[key] = self._database.prepare(statement)
        return query


def _conditions(columns: Columns, owner: Owner, attribute: str | None) -> list[tuple[str, str]]:
    """(column, value) of each column that has to be equal."""

    def found() -> Iterator[tuple[str, str | None]]:
        yield columns.uuid, owner.uuid
        if owner.uuid is None:
            yield columns.username, owner.username
            yield columns.domain, owner.domain
        yield columns.attribute, attribute

    return [(name, value) for name, value in found() if value is not None]


def _where(wanted: list[tuple[str, str]]) -> Iterator[Any]:
    for place, (name, _) in enumerate(wanted):
        yield literal_column(name) == bindparam(f"p{place}")
