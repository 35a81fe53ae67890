"""Rows of tables as CSV and as JSON: written as they come, read with what is wrong in each."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

from sipproxy.cli.table_sources import NEVER, OWN, Row, Wish
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.text import byte_length

FORMS = ("csv", "json")
FIELDS = ("key", "type", "value", "expires")
_SPECIAL = re.compile('[",\r\n]')
_MOST_FIELD = 1 << 20
_MOST_ROW = 60_000
"""Bytes of a key and its value that a request may carry."""


def form_of(path: str, wanted: str | None) -> str:
    """`csv` or `json`: the one that is wanted, else what the file's name says, else CSV."""
    return wanted or ("json" if path.lower().endswith(".json") else "csv")


def write(rows: Iterable[Row], form: str, file: IO[str]) -> int:
    """Write the rows; how many there were."""
    return _write_json(rows, file) if form == "json" else _write_csv(rows, file)


def _write_csv(rows: Iterable[Row], file: IO[str]) -> int:
    file.write(f"{','.join(FIELDS)}\n")
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007  the last one is the answer
        kind = "str" if isinstance(row.value, str) else "int"
        fields = _field(row.key), kind, _field(str(row.value)), str(_left(row, "never"))
        file.write(f"{','.join(fields)}\n")
    return count


def _field(text: str) -> str:
    """A text as RFC 4180 has it. csv.writer leaves a carriage return bare, which ends a row."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if _SPECIAL.search(text) else text


def _write_json(rows: Iterable[Row], file: IO[str]) -> int:
    count = 0
    file.write("[")
    for row in rows:
        file.write(",\n " if count else "\n ")
        file.write(json_of(row))
        count += 1
    file.write("\n]\n" if count else "]\n")
    return count


def json_of(row: Row) -> str:
    """A row as an object on one line; `expires` null is no end."""
    # ASCII: a byte that is no UTF-8 is a lone surrogate in our texts, and stays one as an escape.
    return json.dumps({"key": row.key, "value": row.value, "expires": _left(row, None)})


def _left(row: Row, never: str | None) -> int | str | None:
    """The seconds left, so that they can be read again: a key lives through its last second."""
    return never if row.left is None else max(row.left, 1)


class Unreadable(Exception):
    """The whole file cannot be read; the text says why."""


def read(text: str, form: str, name: str) -> Iterator[Wish | str]:
    """The rows of a file: a wish for each, or what is wrong with it; raises Unreadable."""
    rows = _json_rows(text) if form == "json" else _csv_rows(text)
    for number, fields in rows:
        place = f"{name}:{number}"
        try:
            yield _wish(fields, place)
        except ValueError as error:
            yield f"{place}: {error}"


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, fields) of each row."""
    csv.field_size_limit(_MOST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = next(reader, [])
        if not {"key", "value"} <= set(heading):
            raise Unreadable(f"the first line names the columns: {','.join(FIELDS)}")
        for values in reader:
            if values:
                fields: dict[str, Any] = dict(zip(heading, values, strict=False))
                if len(values) != len(heading):
                    fields["wrong"] = f"{len(values)} fields, and {len(heading)} columns"
                yield reader.line_num, fields
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: {error}") from None


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, fields) of each row."""
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if not isinstance(rows, list):
        raise Unreadable("it is no array of objects")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            yield number, {"wrong": "it is no object"}
            continue
        fields = dict(row)
        if "value" in fields:
            fields.setdefault("type", "str" if isinstance(fields["value"], str) else "int")
        if "expires" in fields and fields["expires"] is None:
            fields["expires"] = "never"
        yield number, fields


def _wish(fields: dict[str, Any], place: str) -> Wish:
    """What a row asks for; raises ValueError with what is wrong with it."""
    if "wrong" in fields:
        raise ValueError(fields["wrong"])
    unknown = fields.keys() - set(FIELDS)
    if unknown:
        raise ValueError(f"no column is called {min(unknown)!r}: there are {', '.join(FIELDS)}")
    key = fields.get("key")
    if not isinstance(key, str) or "value" not in fields:
        raise ValueError("a row has a key, a text, and a value")
    value = typed(fields["value"], fields.get("type") or "str")
    if "\0" in f"{key}{value}":
        raise ValueError("a NUL byte cannot be kept")
    if byte_length(key) + byte_length(str(value)) > _MOST_ROW:
        raise ValueError(f"key and value have more than {_MOST_ROW} bytes")
    return Wish(key, value, seconds_of(fields.get("expires", "")), place)


def typed(value: object, kind: str) -> int | str:
    """A value of type `int` or `str`; raises ValueError."""
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "int" and not isinstance(value, bool | float):
        try:
            number = int(str(value))
        except ValueError:
            number = INT_MAX + 1
        if INT_MIN <= number <= INT_MAX and str(value).isascii():
            return number
        raise ValueError(f"{value!r} is no integer of 32 bits")
    if kind not in ("int", "str"):
        raise ValueError(f"the type is int or str, not {kind!r}")
    raise ValueError(f"{value!r} is no {kind}")


def seconds_of(text: object) -> int:
    """Seconds to live: a number over 0, `never`, or nothing for the table's own.

    Raises ValueError.
    """
    if text in ("", "default"):
        return OWN
    if text == "never":
        return NEVER
    if not isinstance(text, bool | float) and str(text).isascii() and str(text).isdigit():
        number = int(str(text))
        if 0 < number <= INT_MAX:
            return number
    raise ValueError(f"{text!r} is no number of seconds, nor never")
