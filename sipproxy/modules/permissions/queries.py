"""What is asked of the tables `address` and `trusted`. Brings SQLAlchemy: to be imported late."""

from typing import Any

from sqlalchemy import bindparam, column, select
from sqlalchemy.sql import table

from sipproxy.db.database import Database, Query
from sipproxy.db.statement import Row


def read_all(database: Database, name: str, *columns: str) -> list[Row]:
    """Those columns of all rows of a table, now; raises DatabaseError."""
    return database.prepare(_select(name, columns)).read()


def by_source(database: Database, name: str, source: str, order: str, *columns: str) -> Query:
    """A query by a source address: those columns of its rows in an order."""
    wanted = _select(name, columns).where(column(source) == bindparam("source"))
    return database.prepare(wanted.order_by(column(order)))


def _select(name: str, columns: tuple[str, ...]) -> Any:
    return select(*map(column, columns)).select_from(table(name))
