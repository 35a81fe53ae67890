"""The commands `sipproxy.table.*`, ours: tables page by page, with types and seconds left.

`htable.*` answers with a whole table at once and a date; these serve `sipproxy table`, which may
have a million keys to show while messages go on.
"""

from collections.abc import Callable, Mapping, Sequence

from sipproxy.core.module import rpc
from sipproxy.core.params import LooseStr
from sipproxy.core.regex import RegexError
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.errors import RpcError
from sipproxy.modules.htable.management import Management
from sipproxy.modules.htable.matching import text_test
from sipproxy.modules.htable.store import Cell
from sipproxy.modules.htable.table import Table

Row = Mapping[str, object]
Test = Callable[[str, Cell], bool]

_MOST_ROWS = 1000
_MOST_BYTES = 24_000
"""Of keys and values on one page: with names and types it fits a datagram."""
_ROW_FIELDS = 4
NEVER, OWN = 0, -1
"""Seconds to live in a row: for ever, and what the table gives."""


class People(Management):
    """What a person looks at and changes."""

    @rpc("sipproxy.table.list", array=True)
    def _people_list(self) -> list[Row]:
        """List the tables: name, how many keys (expired and unswept ones too), limits."""
        return [
            {
                "name": table.spec.name,
                "items": len(table.store),
                "autoexpire": table.spec.autoexpire,
                "maxitems": table.spec.maxitems,
                "dbtable": table.spec.dbtable,
            }
            for table in self.tables.values()
        ]

    @rpc("sipproxy.table.page", missing="Not enough parameters (table, place, key, rows)")
    def _people_page(
        self, name: str, place: int, after: str, most: int, keys: str = "", values: str = ""
    ) -> Row:
        """A page of a table: up to `most` rows behind a place and a key, from 0 and "" on.

        The answer tells place and key to go on from; a place of -1 is the end. `keys` and `values`
        are regular expressions. A key that stays is shown once, whatever else changes.
        """
        table = self._table(name)
        now = self.host.now()
        found, place, after = table.page(place, after, _wanted(keys, values), now, _room(most))
        rows = [_row(table, key, cell, now) for key, cell in found]
        return {"rows": rows, "place": place, "after": after}

    @rpc("sipproxy.table.get", missing="Not enough parameters (table, key)")
    def _people_get(self, name: str, key: str) -> Row:
        """One key: its value and the seconds left, -1 for no end."""
        table, now = self._table(name), self.host.now()
        cell = table.get(key, now)
        if cell is None:
            raise RpcError(404, "no such key")
        return _row(table, key, cell, now)

    @rpc("sipproxy.table.set", missing="Not enough parameters (table, rows)")
    def _people_set(self, name: str, *fields: LooseStr) -> Row:
        """Set keys: for each its name, `int` or `str`, its value, and seconds to live.

        0 seconds is for ever, -1 what the table gives. Answers how many were set, and why not each
        of the others.
        """
        table = self._table(name)
        if len(fields) % _ROW_FIELDS:
            raise RpcError(400, "a row is key, type, value, seconds")
        refused = []
        for number in range(len(fields) // _ROW_FIELDS):
            reason = self._set_row(table, fields[number * _ROW_FIELDS : (number + 1) * _ROW_FIELDS])
            if reason:
                refused.append({"row": number, "reason": reason})
        return {"set": len(fields) // _ROW_FIELDS - len(refused), "refused": refused}

    def _set_row(self, table: Table, fields: Sequence[str]) -> str:
        """Set one key; why not, "" when it is done."""
        key, kind, text, seconds = fields
        value: int | str = text
        if kind == "int":
            number = _integer(text)
            if number is None:
                return f"{text!r} is no integer of 32 bits"
            value = number
        elif kind != "str":
            return f"the type is int or str, not {kind!r}"
        lifetime = _integer(seconds)
        if lifetime is None or lifetime < OWN:
            return f"{seconds!r} is no number of seconds"
        if lifetime > 0 and not table.spec.autoexpire:
            return "the table has no autoexpire: its keys live for ever"
        now = self.host.now()
        if not table.put(key, value, now):
            return "the table is full"
        if lifetime != OWN:
            table.expire_in(key, lifetime, now)
        return ""

    @rpc("sipproxy.table.rm", missing="Not enough parameters (table, keys)")
    def _people_rm(self, name: str, *keys: LooseStr) -> Row:
        """Remove keys; answers how many there were."""
        table = self._table(name)
        return {"removed": sum(table.delete(key) for key in keys)}


def _wanted(keys: str, values: str) -> Test | None:
    """The test of a row that two expressions make, None where all are wanted; raises RpcError."""
    try:
        by_key = text_test("re", keys) if keys else None
        by_value = text_test("re", values) if values else None
    except RegexError as error:
        raise RpcError(400, str(error)) from None
    if by_key is None and by_value is None:
        return None

    def wanted(key: str, cell: Cell) -> bool:
        if by_key is not None and not by_key(key):
            return False
        return by_value is None or bool(by_value(str(cell[0])))

    return wanted


def _room(most: int) -> tuple[int, int]:
    """How many rows and bytes a page may have."""
    return min(max(most, 1), _MOST_ROWS), _MOST_BYTES


def _row(table: Table, key: str, cell: Cell, now: float) -> Row:
    value, last = cell
    ends = bool(last and table.spec.autoexpire)
    return {"key": key, "value": value, "left": last - int(now) if ends else -1}


def _integer(text: str) -> int | None:
    """The number that a text is, None for none of 32 bits."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if INT_MIN <= number <= INT_MAX and text.isascii() else None
