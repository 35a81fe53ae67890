"""What is asked of the tables `address` and `trusted`. Brings SQLAlchemy: to be imported late."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from sqlalchemy import bindparam, column, select
from sqlalchemy.sql import table

from sipproxy.db.database import Database, Query
from sipproxy.db.statement import Row

_AT_ONCE = 1000
"""Rows that are fetched together."""


def read_all(database: Database, name: str, *columns: str, aside: bool) -> Iterable[Row]:
    """Those columns of all rows of a table; raises DatabaseError.

    `aside`: on a connection of its own, in a thread of the database.
    """
    query = database.prepare(_select(name, columns))
    return chain.from_iterable(query.stream(size=_AT_ONCE)) if aside else query.read()


def by_source(database: Database, name: str, source: str, order: str, *columns: str) -> Query:
    """A query by a source address: those columns of its rows in an order."""
    wanted = _select(name, columns).where(column(source) == bindparam("source"))
    return database.prepare(wanted.order_by(column(order)))


def _select(name: str, columns: tuple[str, ...]) -> Any:
    return select(*map(column, columns)).select_from(table(name))
