"""The users of a table: what the database is asked, prepared once for each table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select
from sqlalchemy.sql import table as named_table

from sipproxy import text as wire
from sipproxy.db.database import Database, Query
from sipproxy.db.statement import Row
from sipproxy.errors import DatabaseError, ModuleError

_MOST_TABLES = 64
"""Prepared queries that are kept: a cfg may take the table's name from a message."""


class Users:
    """Rows of users in tables of one database.

    Columns stand in the SQL as the cfg writes them; the name of a table, which may come from a
    message, is quoted.
    """

    def __init__(self, database: Database, user_column: str, domain_column: str) -> None:
        self.database = database
        self._user = user_column
        self._domain = domain_column
        self._queries: dict[tuple[str, bool, Sequence[str]], Query] = {}

    def open(self) -> None:
        """Connect now; raises ModuleError."""
        try:
            self.database.open()
        except DatabaseError as error:
            raise ModuleError(f"the database of the users cannot be used: {error}") from None

    async def find(
        self, table: str, columns: tuple[str, ...], user: str, domain: str | None
    ) -> Row | None:
        """The columns of a user, None when there is none; raises DatabaseError.

        Without a domain the user's name alone counts.
        """
        key = (table, domain is None, columns)
        query = self._queries.get(key)
        if query is None:
            query = self._prepare(key)
        return await query.first((user,) if domain is None else (user, domain))

    def _prepare(self, key: tuple[str, bool, Sequence[str]]) -> Query:
        table, by_name, columns = key
        if len(self._queries) >= _MOST_TABLES:
            self._queries.clear()
        statement: Select[*tuple[Any, ...]] = (
            select(*map(literal_column, columns))
            .select_from(named_table(wire.presentable(table)))
            .where(literal_column(self._user) == bindparam("user"))
        )
        if not by_name:
            statement = statement.where(literal_column(self._domain) == bindparam("domain"))
        query = self._queries[key] = self.database.prepare(statement)
        return query
