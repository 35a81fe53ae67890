"""Rows of a database as cells, and cells as rows (Kamailio modules/htable/ht_db.c).

A row is (key, type of the key, type of the value, value) and, where expiries are kept, the Unix
second of its own. Rows of key type 1 are the members of an array: `key[0]`, `key[1]` and so on, in
the order of the rows, and behind the last `key::size`. A value of type 1 is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sipproxy.core.values import INT_MAX, INT_MIN, wrap
from sipproxy.errors import DatabaseError
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell
from sipproxy.text import decode

if TYPE_CHECKING:
    from sipproxy.db.statement import Row, SqlValue

_NUMBER = re.compile(r"[+-]?[0-9]+")


def cells(
    rows: Iterable[Row], spec: TableSpec, suffix: str, now: float
) -> Iterator[tuple[str, Cell]]:
    """The keys and cells of rows, which come in the order of their keys.

    `suffix` ends the name of an array's size. Raises DatabaseError for what cannot be read.
    """
    second = int(now)
    last = second + spec.autoexpire if spec.autoexpire else 0
    array, previous, count = False, "", 0
    for number, row in enumerate(rows, 1):
        name = _text(row[0], number, "key")
        own = wrap(_number(row[4], number, "expiry")) if len(row) > 4 else 0
        if 0 < own < second:
            continue
        if array and previous and name != previous:
            yield previous + suffix, (count, last)
            count = 0
        # An array whose name comes again as a plain key has no size, and the next array goes on
        # with its numbers: so it is in Kamailio.
        array, previous = _number(row[1], number, "key type") == 1, name
        if array:
            name = f"{name}[{count}]"
            count += 1
        value = row[3]
        if _number(row[2], number, "value type") == 1:
            value = _whole(value, number)
        elif value.__class__ is not str:
            value = _text(value, number, "value", numbers=True)
        yield name, (value, own if own > 0 else last)
    if array:
        yield previous + suffix, (count, last)


def joined(
    rows: Iterable[Row], spec: TableSpec, now: float, *, newer: bool
) -> Iterator[tuple[str, Cell]]:
    """The keys and cells of rows of a table with `cols`: the values of a row are one text.

    Kamailio 6.1 (`newer`) takes keys that are numbers. Raises DatabaseError.
    """
    last = int(now) + spec.autoexpire if spec.autoexpire else 0
    for number, row in enumerate(rows, 1):
        values = (
            spec.colnull if value is None else _text(value, number, "value", numbers=True)
            for value in row[1:]
        )
        yield _text(row[0], number, "key", numbers=newer), (spec.coldelim.join(values), last)


def rows(
    items: Iterable[tuple[str, Cell]], spec: TableSpec, now: float, *, expires: bool
) -> Iterator[Row]:
    """What is stored of these cells; of a table with autoexpire only what is to expire some day."""
    second = int(now)
    for key, (value, last) in items:
        if spec.autoexpire and last <= second:
            continue
        kind = 1 if isinstance(value, int) else 0
        yield (key, 0, kind, str(value), last) if expires else (key, 0, kind, str(value))


def _text(value: SqlValue, number: int, what: str, *, numbers: bool = False) -> str:
    if value.__class__ is str:
        return value
    match value:
        case bytes() | bytearray() | memoryview():
            return decode(bytes(value))
        case int() if numbers:
            return str(value)
        case None:
            raise DatabaseError(f"row {number} has no {what}: it is NULL")
    raise DatabaseError(f"row {number} has a {what} that is no text: {value!r}")


def _number(value: SqlValue, number: int, what: str) -> int:
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    raise DatabaseError(f"row {number} has a {what} that is no number: {value!r}")


def _whole(value: SqlValue, number: int) -> int:
    """The number in a value: of a text the digits it begins with, else 0."""
    if isinstance(value, int):
        return wrap(value)
    found = _NUMBER.match(_text(value, number, "value"))
    return min(max(int(found[0][:400]), INT_MIN), INT_MAX) if found else 0
