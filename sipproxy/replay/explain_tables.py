"""Who wrote what into which table: the history behind a cell's value."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.store import Cell, Rule
from sipproxy.modules.htable.table import Table

MOST_CELLS = 30_000
"""Cells whose history is kept; those written longest ago are forgotten first."""
MOST_GONE = 3000
"""Cells that were taken out, whose history is kept."""
LATEST = 9
"""Writes of a cell that are kept, beside the first of its life."""
_MOST_TRAILS = 20

Place = tuple[str, str]
"""A table and a key."""


class Looker(Protocol):
    """Is told what is done with tables."""

    def read(self, place: Place, cell: Cell | None) -> None:
        """A cell was looked at; None: there was none."""

    def wrote(self, place: Place, old: Cell | None, new: Cell | None) -> None:
        """A cell was changed; None: there was none, there is none."""


class WatchedStore(LocalStore):
    """The cells of a table, with somebody who looks on."""

    __slots__ = ("_looker", "_name")

    def __init__(self, name: str, cells: LocalStore, looker: Looker) -> None:
        """Takes over the cells of another store."""
        self.parts = cells.parts
        self._name = name
        self._looker = looker

    def get(self, key: str) -> Cell | None:
        cell = super().get(key)
        self._looker.read((self._name, key), cell)
        return cell

    def __setitem__(self, key: str, cell: Cell) -> None:
        old = super().get(key)
        super().__setitem__(key, cell)
        self._looker.wrote((self._name, key), old, cell)

    def remove(self, key: str) -> bool:
        old = super().get(key)
        if old is not None:
            super().remove(key)
            self._looker.wrote((self._name, key), old, None)
        return old is not None

    def change(self, key: str, rule: Rule, now: int) -> Cell | None:
        old = super().get(key)
        self._looker.read((self._name, key), old)
        cell = super().change(key, rule, now)
        if cell is not None:
            self._looker.wrote((self._name, key), old, cell)
        return cell

    def take_expired(self, key: str, now: int) -> Cell | None:
        cell = super().take_expired(key, now)
        if cell is not None:
            self._looker.wrote((self._name, key), cell, None)
        return cell

    def clear(self) -> None:
        gone = list(self.items())
        super().clear()
        for key, cell in gone:
            self._looker.wrote((self._name, key), cell, None)


class Moment:
    """A message at work: which, and the cells it has touched until now.

    `who` is said when it first writes: `REGISTER of bob from 192.0.2.1:5060`. It stays empty for
    what no message caused, which has the packet 0.
    """

    __slots__ = ("capture", "packet", "touched", "who")

    def __init__(self, capture: int = 0, packet: int = 0, who: str = "") -> None:
        self.capture = capture
        self.packet = packet
        self.who = who
        self.touched: list[Place] = []


class Write(NamedTuple):
    """One change of a cell. `line` is `file:line` of the cfg, empty for the sweep of a timer."""

    number: int
    time: float
    line: str
    old: Cell | None
    new: Cell | None
    by: Moment
    seen: int = 0
    """How many cells the message had touched before."""


class Life:
    """The writes of a cell since it was last missing: the first one and the latest.

    `before` is the life that ended when this one began.
    """

    __slots__ = ("before", "count", "first", "latest")

    def __init__(self, first: Write, before: "Life | None" = None) -> None:
        self.first = first
        self.before = before
        self.count = 1
        self.latest: deque[Write] = deque(maxlen=LATEST)

    def add(self, write: Write) -> None:
        """Another one."""
        self.count += 1
        self.latest.append(write)

    def __iter__(self) -> Iterator[Write]:
        yield self.first
        yield from self.latest


@dataclass(slots=True)
class Trail:
    """How a cell came to its value: the writes, and what the messages that wrote had seen."""

    place: Place
    writes: list[Write]
    left_out: int
    because: list["Trail"] = field(default_factory=list)

    @property
    def cell(self) -> Cell | None:
        """What it came to."""
        return self.writes[-1].new


class _Cells(dict[Place, Life]):
    """Lives by place, no more than so many: those put longest ago are forgotten."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.forgotten = 0
        self._most = most

    def put(self, place: Place, life: Life) -> None:
        if len(self) >= self._most:
            del self[next(iter(self))]
            self.forgotten += 1
        self[place] = life


class History:
    """The lives of cells; bounded in cells and in writes of each."""

    def __init__(self, most: int = MOST_CELLS, most_gone: int = MOST_GONE) -> None:
        self.number = 0
        """How many writes there were."""
        self._living = _Cells(most)
        self._gone = _Cells(most_gone)

    @property
    def forgotten(self) -> int:
        """Cells of which nothing is known any more."""
        return self._living.forgotten + self._gone.forgotten

    def wrote(
        self,
        place: Place,
        old: Cell | None,
        new: Cell | None,
        *,
        time: float,
        line: str,
        by: Moment,
    ) -> Write:
        """Note a change. What has expired was missing before it is written."""
        self.number += 1
        write = Write(self.number, time, line, old, new, by, len(by.touched))
        life = self._living.pop(place, None) or self._gone.pop(place, None)
        begins = new is not None and (old is None or 0 < old[1] < int(time))
        if life is None or begins:
            if life is not None:
                life.before = None
            life = Life(write, life)
        else:
            life.add(write)
        (self._gone if new is None else self._living).put(place, life)
        return write

    def trails(self, places: Iterable[Place], before: int) -> list[Trail]:
        """How these cells came to what they were before the write of that number.

        Cells that nobody wrote are left out. Behind each comes what the messages that wrote it had
        found in other cells by then.
        """
        seen: set[Place] = set()
        found = self._grown(dict.fromkeys(places), before, seen)
        for trail in found:
            touched = dict.fromkeys(
                place for write in trail.writes for place in write.by.touched[: write.seen]
            )
            because = self._grown(touched, trail.writes[-1].number, seen)
            trail.because = [one for one in because if one.cell is not None]
        return found

    def _grown(self, places: Iterable[Place], before: int, seen: set[Place]) -> list[Trail]:
        found: list[Trail] = []
        for place in places:
            life = self._living.get(place) or self._gone.get(place)
            while life is not None and life.first.number >= before:
                life = life.before
            if life is None or place in seen or len(seen) >= _MOST_TRAILS:
                continue
            writes = [write for write in life if write.number < before]
            if writes:
                seen.add(place)
                known = sum(1 for _ in life)
                found.append(Trail(place, writes, life.count - known))
        return found


def watch_tables(tables: Iterable[Table], looker: Looker) -> None:
    """Put somebody who looks on between tables and their cells, before any route is compiled."""
    for table in tables:
        if isinstance(table.store, LocalStore):
            table.store = WatchedStore(table.spec.name, table.store, looker)
