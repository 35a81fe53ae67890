"""The htables as the page shows them."""

from dataclasses import dataclass

from sipproxy.replay.gather import Gathered, Span
from sipproxy.replay.html import charts
from sipproxy.replay.html.text import count, show_moment
from sipproxy.replay.samples import Cell, Followed, Sampled

_MOST_TABLES = 40
_MOST_KEYS = 25
_LINES = 4
_TEN_YEARS = 10 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Curve:
    """One counter over time."""

    key: str
    path: str
    highest: int


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key: what it held at last, its highest number, when it was there, what it is now."""

    key: str
    value: str
    highest: int | None
    first: str
    last: str
    cell: Cell | None


@dataclass(frozen=True, slots=True)
class ShownTable:
    """One table."""

    name: str
    size: int
    most: int
    most_at: str
    area: str
    curves: list[Curve]
    highest: int
    keys: list[KeyRow]
    seen: int
    left_out: int
    measured_only: int


def shown_tables(gathered: Gathered) -> list[ShownTable]:
    """The tables, those that were ever filled first; the rest keep the order of the cfg."""
    gathered.samples.look(gathered.span.count - 1)  # the last bar is not over yet
    tables = list(gathered.samples.tables.items())
    tables.sort(key=lambda row: max(row[1].sizes, default=0) == 0)
    return [_shown(name, table, gathered) for name, table in tables[:_MOST_TABLES]]


def _shown(name: str, table: Sampled, gathered: Gathered) -> ShownTable:
    span, sizes = gathered.span, table.sizes
    most = max(sizes, default=0)
    busiest = table.busiest(_MOST_KEYS)
    counters = [
        (key, found)
        for key, found in busiest
        if found.highest and not _is_instant(found.highest, span)
    ][:_LINES]
    highest = max((found.highest for _, found in counters), default=0)
    rows = [_row(key, found, table.cell(key), gathered) for key, found in busiest]
    return ShownTable(
        name,
        table.size,
        most,
        charts.show_instant(span, sizes.index(most)) if most else "",
        charts.steps(sizes, most),
        [Curve(key, charts.line(found.values, highest), found.highest) for key, found in counters],
        highest,
        rows,
        len(table.keys),
        table.left_out,
        table.measured_only,
    )


def _row(key: str, found: Followed, cell: Cell | None, gathered: Gathered) -> KeyRow:
    span = gathered.span
    if cell is not None and 0 < cell.until < int(gathered.last):
        cell = None  # it has expired and was not swept yet
    return KeyRow(
        key,
        _show_value(found.value, span),
        found.highest if found.values else None,
        charts.show_instant(span, found.first),
        charts.show_instant(span, found.last + 1),
        cell,
    )


def _is_instant(value: int | str, span: Span) -> bool:
    """Whether a number is likely a Unix time, as of the moment of a ban."""
    return isinstance(value, int) and abs(value - span.first) < _TEN_YEARS < value


def _show_value(value: int | str, span: Span) -> str:
    """A number in groups of digits, or with the time that it means; a text as it is."""
    if isinstance(value, str):
        return value
    return f"{value} ({show_moment(value)[:19]})" if _is_instant(value, span) else count(value)
