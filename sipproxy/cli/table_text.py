"""Tables and what changes in them, as a person reads them on a terminal."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from sipproxy.cli.table_sources import Row
from sipproxy.cli.table_watch import Change
from sipproxy.text import presentable

_MEASURED = 1000
"""Rows whose widths make the columns."""
_MOST_WIDTH = 60
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")


def tables(found: Iterable[Mapping[str, Any]], as_json: bool) -> Iterator[str]:
    """A line for each table."""
    found = list(found)
    if as_json:
        yield json.dumps(found, indent=1)
        return
    heading = ("TABLE", "KEYS", "AUTOEXPIRE", "MAXITEMS", "DBTABLE")
    rows = [
        (
            shown(str(one["name"])),
            str(one["items"]),
            _or_dash(one.get("autoexpire")),
            _or_dash(one.get("maxitems")),
            _or_dash(one.get("dbtable")),
        )
        for one in found
    ]
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for row in (heading, *rows):
        yield "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()


def rows(found: Iterable[Row]) -> Iterator[str]:
    """A line for each key: its type, the seconds left, its value."""
    given = iter(found)
    first = list(islice(given, _MEASURED))
    width = max((len(shown(row.key)) for row in first), default=3)
    width = min(max(width, 3), _MOST_WIDTH)
    yield f"{'KEY'.ljust(width)}  TYPE  {'EXPIRES'.rjust(10)}  VALUE"
    for row in chain(first, given):
        kind = "str" if isinstance(row.value, str) else "int"
        expires = "never" if row.left is None else f"{row.left} s"
        yield (
            f"{shown(row.key).ljust(width)}  {kind.ljust(4)}  {expires.rjust(10)}  "
            f"{shown(str(row.value))}"
        ).rstrip()


def change(what: Change, as_json: bool) -> str:
    """One line."""
    if as_json:
        fields = {"at": what.at, "change": what.kind, "key": what.key}
        return json.dumps(fields | {"value": what.value, "before": what.before})
    at = time.strftime("%H:%M:%S", time.localtime(what.at))
    value, before = (_quoted(one) for one in (what.value, what.before))
    match what.kind:
        case "added":
            return f"{at} + {shown(what.key)} = {value}"
        case "removed":
            return f"{at} - {shown(what.key)}, was {before}"
    return f"{at} ~ {shown(what.key)} = {value}, was {before}"


def shown(text: str) -> str:
    """A text that does nothing to a terminal: control characters are written as escapes."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), presentable(text))


def _quoted(value: int | str | None) -> str:
    return f'"{shown(value)}"' if isinstance(value, str) else str(value)


def _or_dash(value: object) -> str:
    return shown(str(value)) if value else "-"
