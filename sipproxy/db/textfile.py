r"""Tables in text files, as Kamailio's module db_text reads and writes them (dbt_file.c).

The first line names the columns: `id(int,auto) key_name(string) expires(int,null)`. Each further
line is a row, its fields apart by a colon. A field without a character is NULL; in a column that
may not be NULL it is an empty text. `\n`, `\r`, `\t`, `\0`, `\\` and `\:` stand for those
characters.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sipproxy import text
from sipproxy.core.values import wrap
from sipproxy.db.statement import Row, SqlValue
from sipproxy.errors import DatabaseError

_KINDS = {"s": "string", "i": "int", "d": "double", "b": "blob", "t": "time"}
_TEXTS = frozenset(("str", "string", "blob"))
_WHOLE = frozenset(("int", "time"))
_HEADING = re.compile(r" *([^ (\n]+) *\( *([A-Za-z]+)[^,)\n]*(?:, *([A-Za-z])[^)\n]*)?\)")
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
_ESCAPED = {value: f"\\{name}" for name, value in _UNESCAPED.items()}


class TextColumn(NamedTuple):
    """A column: `kind` is int, double, str, string, blob or time."""

    name: str
    kind: str
    null: bool = False
    auto: bool = False
    """Whether a row that has no value here is given the next number."""

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        return self.kind in _TEXTS

    def __str__(self) -> str:
        """As a heading has it."""
        mark = ",null" if self.null else ",auto" if self.auto else ""
        return f"{self.name}({self.kind}{mark})"


class TextFormat:
    """How rows are written; `delimiter` is what is between fields, one character."""

    def __init__(self, delimiter: str = ":", *, empty_texts: bool = False) -> None:
        """With `empty_texts` no text is NULL: a field without a character is an empty one."""
        self.delimiter = delimiter
        self.empty_texts = empty_texts
        mark = re.escape(delimiter)
        self._field = re.compile(rf"((?:[^\\{mark}]|\\.)*)({mark}|\Z)", re.DOTALL)
        self._escape = re.compile(r"\\(.?)", re.DOTALL)
        self._table = str.maketrans({**_ESCAPED, delimiter: f"\\{delimiter}"})

    # -- reading

    def read(self, data: bytes, name: str) -> tuple[list[TextColumn], list[Row]]:
        """The columns and rows of a file; raises DatabaseError with `name` and the line."""
        lines = text.decode(data).split("\n")
        try:
            columns = columns_of(lines[0])
        except ValueError as error:
            raise DatabaseError(f"{name}:1: {error}") from None
        rows = []
        for number, line in enumerate(lines[1:], 2):
            if line:
                try:
                    rows.append(self._row(line, columns))
                except ValueError as error:
                    raise DatabaseError(f"{name}:{number}: {error}") from None
        return columns, rows

    def _row(self, line: str, columns: Sequence[TextColumn]) -> Row:
        fields = self._fields(line)
        if len(fields) == len(columns) + 1 and not fields[-1]:
            fields.pop()  # one delimiter more than needed
        if len(fields) > len(columns):
            raise ValueError(f"it has {len(fields)} fields, the table {len(columns)} columns")
        last = len(columns) - 1
        row: list[SqlValue] = []
        for number, column in enumerate(columns):
            if number < len(fields):
                row.append(self._value(fields[number], column))
            elif number == last:
                row.append(self._value("", column))
            elif column.is_text:
                row.append("")
            else:
                raise ValueError(f"the column {column.name} is missing")
        return tuple(row)

    def _fields(self, line: str) -> list[str]:
        if "\\" not in line:
            return line.split(self.delimiter)
        fields = []
        at = 0
        while True:
            found = self._field.match(line, at)
            if found is None:
                raise ValueError("it ends in a backslash")
            fields.append(found[1])
            at = found.end()
            if not found[2]:
                return fields

    def _value(self, field: str, column: TextColumn) -> SqlValue:
        """What a field means; raises ValueError."""
        if not field:
            if column.is_text and (self.empty_texts or not column.null):
                return ""
            if not column.null and not column.auto:
                raise ValueError(f"the column {column.name} has no value, it may not be NULL")
            return None
        if column.is_text:
            return self._escape.sub(self._unescaped, field) if "\\" in field else field
        if column.kind in _WHOLE and _WHOLE_NUMBER.fullmatch(field):
            return wrap(int(field[:20]))
        if column.kind == "double" and _NUMBER.fullmatch(field):
            return float(field)
        raise ValueError(f"the column {column.name} has no number: {field[:40]!r}")

    def _unescaped(self, found: re.Match[str]) -> str:
        if found[1] == self.delimiter:
            return self.delimiter
        if found[1] not in _UNESCAPED:
            raise ValueError(f"{found[0]} stands for nothing")
        return _UNESCAPED[found[1]]

    # -- writing

    def lines(self, columns: Sequence[TextColumn], rows: Iterable[Row]) -> Iterator[bytes]:
        """The lines of a file; raises ValueError for a value that its column cannot hold."""
        yield text.encode(" ".join(map(str, columns)) + "\n")
        for row in rows:
            fields = map(self._written, row, columns)
            yield text.encode(self.delimiter.join(fields) + "\n")

    def _written(self, value: SqlValue, column: TextColumn) -> str:
        if value is None:
            return ""
        if isinstance(value, bytes):
            value = text.decode(value)
        if column.is_text:
            return str(value).translate(self._table)
        if column.kind == "double":
            return _decimal(float(value))
        return str(whole(value))


def columns_of(line: str) -> list[TextColumn]:
    """The columns that a first line names; raises ValueError."""
    columns: list[TextColumn] = []
    at = 0
    line = line.rstrip(" \r")
    while at < len(line):
        found = _HEADING.match(line, at)
        if found is None:
            raise ValueError(f"not a column, name(type): {line[at:].strip()[:40]!r}")
        columns.append(_column(found[1], found[2].lower(), (found[3] or "").lower(), columns))
        at = found.end()
    if not columns:
        raise ValueError("no columns: the first line is name(type) name(type) ...")
    return columns


def _column(name: str, kind: str, mark: str, before: list[TextColumn]) -> TextColumn:
    known = _KINDS.get(kind[0])
    if known is None:
        raise ValueError(f"the column {name} has the type {kind}: int, double, string, blob, time")
    if known == "string" and "i" not in kind:
        known = "str"
    if mark not in ("", "n", "a"):
        raise ValueError(f"the column {name} may be null or auto")
    if mark == "a" and (known != "int" or any(column.auto for column in before)):
        raise ValueError(f"the column {name} cannot be auto: one column of type int can")
    return TextColumn(name, known, mark == "n", mark == "a")


def whole(value: SqlValue) -> int:
    """A number or an instant, as `2026-01-31 12:00:00` in local time, in whole seconds."""
    if isinstance(value, int | float):
        return int(value)
    written = text.decode(value) if isinstance(value, bytes) else str(value)
    if _WHOLE_NUMBER.fullmatch(written):
        return int(written)
    return int(datetime.fromisoformat(written).timestamp())


def _decimal(value: float) -> str:
    """With two places at least, as Kamailio writes it, and more where they count."""
    places = f"{value:.6f}".rstrip("0")
    return places + "0" * (2 - len(places.partition(".")[2]))
