"""Tables that a database fills: what is asked of it, and what is written back.

Reading and writing block; whoever serves messages has it done in a thread (:meth:`Database.aside`).
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import bindparam, column, delete, insert, select
from sqlalchemy.sql import table as named_table

from sipproxy.db.database import Database
from sipproxy.db.statement import Row
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
        numbers = [f"p{number}" for number in range(len(names))]
        values: dict[str, Any] = {
            name: bindparam(p) for name, p in zip(names, numbers, strict=True)
        }
        self._insert = database.prepare(insert(dbtable).values(values), numbers)

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

    def replace(self, items: Iterable[tuple[str, Cell]], now: float) -> None:
        """Put these in the place of all rows, in one transaction."""
        storable = self.database.storable
        written = (
            (storable(str(row[0])), *row[1:3], storable(str(row[3])), *row[4:])
            for row in rows.rows(items, self.spec, now, expires=self._expires)
        )
        self.database.write((self._delete.change(), self._insert.change(written)))
