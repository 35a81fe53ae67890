"""Tables that a database fills: what is asked of it, and what is written back.

Reading and writing block; whoever serves messages has it done in a thread (:meth:`Database.aside`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, bindparam, column, delete, insert, select
from sqlalchemy.sql import table as named_table

from sipproxy.db.database import Database, Limit, Query
from sipproxy.db.statement import Row, SqlValue
from sipproxy.errors import DatabaseError
from sipproxy.modules.htable import rows
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell


class Columns(NamedTuple):
    """The names of the columns, as the modparams give them."""

    key: str
    key_type: str
    value_type: str
    value: str
    expires: str


@dataclass(slots=True)
class Written:
    """What of the rows did not reach the database as it was."""

    left_out: int = 0
    """Rows with a key or a value longer than its column."""
    altered: int = 0
    """Texts with U+FFFD in the place of bytes that are not UTF-8."""


class StoredTable:
    """The rows of one table. Methods raise DatabaseError."""

    def __init__(
        self,
        database: Database,
        spec: TableSpec,
        columns: Columns,
        *,
        suffix: str,
        fetch_rows: int,
        expires: bool,
        newer: bool,
    ) -> None:
        """`expires`: the column of the expiry is read and written, where the table has one."""
        self.spec = spec
        self.database = database
        self._suffix = suffix
        self._fetch_rows = fetch_rows
        self._expires = expires and spec.autoexpire > 0
        self._newer = newer
        names = spec.columns or columns[: 5 if self._expires else 4]
        dbtable = named_table(spec.dbtable, *map(column, names))
        order = dbtable.c[names[0]]
        self._all = database.prepare(select(*(dbtable.c[name] for name in names)).order_by(order))
        self._delete = database.prepare(delete(dbtable))
        self._names = names
        self._table = dbtable

    def cells(self, now: float) -> Iterator[tuple[str, Cell]]:
        """Every key and its cell, as the rows come."""
        found = self._rows()
        if self.spec.columns:
            return rows.joined(found, self.spec, now, newer=self._newer)
        return rows.cells(found, self.spec, self._suffix, now)

    def load(self, now: float) -> LocalStore:
        """A store with everything; one that holds more than the table may is an error."""
        store = LocalStore()
        store.fill(self.cells(now))
        most = self.spec.maxitems
        if most and len(store) > most:
            raise DatabaseError(f"it has {len(store)} keys, maxitems={most}")
        return store

    def _rows(self) -> Iterator[Row]:
        for piece in self._all.stream(size=self._fetch_rows):
            yield from piece

    def replace(self, items: Iterable[tuple[str, Cell]], now: float) -> Written:
        """Put these in the place of all rows, in one transaction; what could not be kept so."""
        limits = self.database.limits(self.spec.dbtable)
        key, value = (limits.get(self._names[number]) for number in (0, 3))
        told = Written()
        written = (
            (name, *row[1:3], held, *row[4:])
            for row in rows.rows(items, self.spec, now, expires=self._expires)
            if (name := self._fit(str(row[0]), key, told)) is not None
            and (held := self._fit(str(row[3]), value, told)) is not None
        )
        self.database.write((self._delete.change(), self._inserting(limits).change(written)))
        return told

    def _fit(self, text: str, limit: Limit | None, told: Written) -> SqlValue:
        """A text as its column takes it; None when it does not, then its row is left out."""
        if limit is None:
            return self.database.storable(text)
        held = limit.fit(text)
        if held is None:
            told.left_out += 1
        elif held.__class__ is str and held != text:
            told.altered += 1
        return held

    def _inserting(self, limits: dict[str, Limit]) -> Query:
        numbers = [f"p{number}" for number in range(len(self._names))]
        values: dict[str, Any] = {}
        for name, number in zip(self._names, numbers, strict=True):
            binary = name in limits and limits[name].binary
            values[name] = bindparam(number, type_=LargeBinary() if binary else None)
        return self.database.prepare(insert(self._table).values(values), numbers)
