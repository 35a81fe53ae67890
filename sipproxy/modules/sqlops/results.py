"""Results of queries as a cfg sees them: `$dbr(name=>[row,column])`."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from sipproxy.core.context import Context
from sipproxy.core.values import INT_MAX, INT_MIN, Value
from sipproxy.text import decode

_KEY = re.compile(
    r"""\s*(?P<name>[^=\s]+)\s*=>\s*
    (?:(?P<size>rows|cols)
    |\[\s*(?P<row>[^,\s]+)\s*,\s*(?P<column>[^\]\s]+)\s*\]
    |colname\s*\[\s*(?P<named>[^\]\s]+)\s*\])\s*""",
    re.VERBOSE,
)

Index = Callable[[Context], int | None]


class Kept(NamedTuple):
    """The columns of a result and its rows, as values of a cfg."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()


def value_of(found: object) -> Value:
    """A column's value: a large number is its digits, one with a fraction undefined (sql_api.c)."""
    match found:
        case int():
            return int(found) if INT_MIN <= found <= INT_MAX else str(found)
        case str():
            return found
        case bytes() | bytearray() | memoryview():
            return decode(bytes(found))
        case datetime():
            return int(found.timestamp())
        case date():
            return int(datetime(found.year, found.month, found.day).timestamp())
    return None


class Key:
    """What stands in `$dbr(...)`; raises ValueError."""

    def __init__(self, text: str, host: Any) -> None:
        found = _KEY.fullmatch(text)
        if found is None:
            raise ValueError("write $dbr(name=>rows), =>cols, =>[row,column] or =>colname[column]")
        self.name: str = found["name"]
        self._size: str | None = found["size"]
        self._row = _index(found["row"], host)
        self._column = _index(found["column"] or found["named"], host)

    def read(self, ctx: Context, kept: Kept) -> Value:
        """What it means in a result."""
        if self._size is not None:
            return len(kept.rows) if self._size == "rows" else len(kept.columns)
        column = self._column(ctx) if self._column else None
        if column is None or not 0 <= column < len(kept.columns):
            return None
        if self._row is None:
            return kept.columns[column]
        row = self._row(ctx)
        return None if row is None or not 0 <= row < len(kept.rows) else kept.rows[row][column]


def _index(text: str | None, host: Any) -> Index | None:
    """A number, or the value of a pseudo-variable at each use, if it is a number."""
    if text is None:
        return None
    if not text.startswith("$"):
        number = int(text)
        return lambda ctx: number
    access = host.pv(text)

    def read(ctx: Context) -> int | None:
        value = access.read(ctx)
        return value if isinstance(value, int) else None

    return read
