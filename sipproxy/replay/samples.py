"""The htables of a replay over time: how many keys each has, and what its counters count.

They are looked at once for each bar of the timeline, so a counter that lives shorter may be missed.
"""

from array import array
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sipproxy.core.host import Host

if TYPE_CHECKING:
    from sipproxy.replay.gather import Span

_MOST_LOOKED_AT = 2_000_000
"""Cells looked at in a replay: beyond, tables are only measured."""
_NUMBERS, _TEXTS = 40, 20
"""Keys of a table that are followed at one look."""
Item: TypeAlias = tuple[str, tuple[int | str, int]]
"""A key, its value and the second through which it lives."""


class Cell(NamedTuple):
    """A key at the end of the capture: its value, and the Unix second through which it lives."""

    key: str
    value: int | str
    until: int


class Followed:
    """One key through time."""

    __slots__ = ("first", "highest", "last", "value", "values")

    def __init__(self, bar: int) -> None:
        self.first = self.last = bar
        self.value: int | str = 0
        """What it held last."""
        self.highest = 0
        """The highest number."""
        self.values: dict[int, int] = {}
        """Numbers by bar."""

    def see(self, bar: int, value: int | str) -> None:
        """The key is there, with this value."""
        self.last = bar
        self.value = value
        if isinstance(value, int):
            self.values[bar] = value
            if value > self.highest:
                self.highest = value


class Sampled:
    """What one table held."""

    def __init__(self, table: Any, count: int) -> None:
        self.sizes = array("L", [0]) * count
        """Keys at the end of each bar."""
        self.keys: dict[str, Followed] = {}
        self.left_out = 0
        """Keys that a look passed over."""
        self.measured_only = 0
        """Looks at the table for its size alone."""
        self._table = table

    @property
    def size(self) -> int:
        """Keys now, expired ones too that were not swept yet."""
        return len(self._table.store)

    def follow(self, bar: int) -> None:
        """Look at the keys: at all of a small table, else at the highest numbers and some texts."""
        keys = self.keys
        items: Iterable[Item] = self._table.store.items()
        if self.size > _NUMBERS + _TEXTS:
            self.left_out += self.size - _NUMBERS - _TEXTS
            items = _chosen(items)
        for key, (value, _) in items:
            found = keys.get(key)
            if found is None:
                found = keys[key] = Followed(bar)
            found.see(bar, value)

    def cell(self, key: str) -> Cell | None:
        """What a key holds now, expired or not."""
        found = self._table.store.get(key)
        return None if found is None else Cell(key, *found)

    def busiest(self, most: int) -> list[tuple[str, Followed]]:
        """The keys with the highest numbers, then those that were there first."""
        rows = sorted(
            self.keys.items(), key=lambda row: (_height(row[1].highest), row[1].first, row[0])
        )
        return rows[:most]


def _chosen(items: Iterable[Item]) -> list[Item]:
    """Those with the highest numbers, and the first texts; the same ones each time."""
    held = list(items)
    numbers = ((item[1][0], item[0], item) for item in held if isinstance(item[1][0], int))
    texts = ((item[0], item) for item in held if isinstance(item[1][0], str))
    return [
        *(row[2] for row in nlargest(_NUMBERS, numbers)),
        *(row[1] for row in nsmallest(_TEXTS, texts)),
    ]


def _height(value: int | str) -> float:
    """For sorting: high numbers before low ones, texts behind."""
    return -value if isinstance(value, int) else 1.0


class Samples:
    """All tables."""

    def __init__(self, count: int) -> None:
        self.tables: dict[str, Sampled] = {}
        self._count = count
        self._left = _MOST_LOOKED_AT
        self._bar = 0

    def watch(self, host: Host, span: "Span") -> None:
        """Look at the tables at the end of each bar, on the virtual clock."""
        htable: Any = host.modules.get("htable")
        if htable is None:
            return
        self.tables = {name: Sampled(table, self._count) for name, table in htable.tables.items()}
        now = host.now()

        def tick(due: float) -> None:
            bar = span.bar(due - span.step / 2)
            self.look(bar)
            host.timers.after(due, span.step, tick)

        host.timers.after(now, max(span.begin(1) - now, 0.0), tick)

    def look(self, bar: int) -> None:
        """Measure each table, and follow its keys while that costs little."""
        for table in self.tables.values():
            size = table.size
            table.sizes[bar] = size
            if size <= self._left:
                self._left -= size
                table.follow(bar)
            else:
                table.measured_only += 1
