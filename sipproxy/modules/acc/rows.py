"""Records as rows of a table (Kamailio modules/acc/acc.c, acc_db_request)."""

from typing import Any

from sqlalchemy import bindparam, column, insert
from sqlalchemy.sql import table as named_table

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.db.database import Database, Query, Step
from sipproxy.db.statement import SqlValue
from sipproxy.errors import ModuleError
from sipproxy.modules.acc.base import Base
from sipproxy.modules.acc.extras import Extra, Field, leg_values
from sipproxy.modules.acc.records import (
    FRACTION,
    LOCAL_TIME,
    MICROSECONDS,
    UTC_TIME,
    microseconds_of,
    written_time,
)

LONGEST_TABLE = 63
"""Bytes of a table's name."""


class Rows:
    """Makes the statements that add records to tables of one database."""

    def __init__(self, params: Base, database: Database, extras: tuple[Extra, ...]) -> None:
        """Raises ModuleError where two columns have one name."""
        self._params = params
        self._database = database
        self._extras = extras
        self._nullable = params.acc_extra_nullable == 1
        self._queries: dict[str, Query] = {}
        self._columns = (
            *(params.acc_method_column, params.acc_from_tag_column, params.acc_to_tag_column),
            *(params.acc_callid_column, params.acc_sip_code_column, params.acc_sip_reason_column),
            params.acc_time_column,
            *self._time_columns(),
            *(extra.name for extra in (*extras, *params.legs)),
        )
        twice = {name for name in self._columns if self._columns.count(name) > 1}
        if twice:
            raise ModuleError(f"db_extra: two columns are called {', '.join(sorted(twice))}")

    def _time_columns(self) -> tuple[str, ...]:
        params = self._params
        if params.time_mode == MICROSECONDS:
            return params.time_attr, params.time_exten
        if params.time_mode in (FRACTION, LOCAL_TIME, UTC_TIME):
            return (params.time_attr,)
        return ()

    def steps(self, ctx: Context, table: str, fields: list[Field], now: float) -> list[Step]:
        """Add the record of these fields: a row, or one for each leg. Raises ValueError."""
        storable = self._database.storable
        values: list[SqlValue] = [storable(value) for _, value in fields]
        values += [self._database.moment(int(now)), *self._time(now)]
        values += [self._stored(extra.value(ctx)) for extra in self._extras]
        insertion = self._query(table)
        if not self._params.legs:
            return [insertion.step(values)]
        return [
            insertion.step([*values, *map(self._stored, leg)])
            for leg in leg_values(self._params.legs, ctx)
        ]

    def _time(self, now: float) -> list[SqlValue]:
        """What time_mode adds to the time."""
        mode = self._params.time_mode
        if mode == MICROSECONDS:
            return [int(now), microseconds_of(now)]
        if mode == FRACTION:
            return [now]
        if mode in (LOCAL_TIME, UTC_TIME):
            return [written_time(now, mode, self._params.time_format)]
        return []

    def _stored(self, value: str | None) -> SqlValue:
        if value is None:
            return None if self._nullable else ""
        return self._database.storable(value)

    def _query(self, table: str) -> Query:
        found = self._queries.get(table)
        if found is None:
            if not table or wire.byte_length(table) > LONGEST_TABLE:
                raise ValueError(f"acc db table name [{table}] is empty or too big")
            names = [f"p{at}" for at in range(len(self._columns))]
            given: dict[str, Any] = {
                name: bindparam(place) for name, place in zip(self._columns, names, strict=True)
            }
            rows = named_table(table, *map(column, self._columns))
            found = self._database.prepare(insert(rows).values(given), names)
            self._queries[table] = found
        return found
