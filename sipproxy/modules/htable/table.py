"""A table: what reading, writing, counting and expiry mean (Kamailio modules/htable/ht_api.c).

Time is whole seconds. A cell lives through its last second, then reads as missing at once; it is
taken out, and its event run, only by the sweep, until when all that walks the table still sees it.
A table without `autoexpire` never looks at the seconds its cells carry.

With `maxitems` a key that is not there yet finds no room once so many are, expired ones included,
until they are swept. It then fares as in a Kamailio whose shared memory is full: nothing is stored.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import groupby, islice
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from sipproxy.core.hashing import core_hash
from sipproxy.core.values import Value, wrap
from sipproxy.modules.htable.local import LAST_PART, LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell, Rule, Store
from sipproxy.text import byte_length, encode, lower

Item = tuple[str, Cell]
"""A key and its cell."""


_PIECE = 50
"""Keys taken out at a time where their order counts."""
_RUN = 2000
"""Keys sorted in one go."""
_PAGE_SEEN = 2000
"""Cells that are looked at for one page before messages are let through."""
_PLACE = 16
"""Characters that a place takes."""


class Record(NamedTuple):
    """What `$shtrecord` shows in event_route[htable:expired:TABLE]."""

    key: str
    value: int | str


def hash_of(text: str) -> int:
    """The 32 bits that place a key in a slot; no cfg can see them but in sht_print."""
    return xxh3_64_intdigest(encode(text)) & 0xFFFF_FFFF


def _ignore(spec: TableSpec) -> None: ...


class Table:
    """The semantics over a store. `now` is Unix time; fractions of a second do not count.

    `tell_full` is called each time a key finds no room. `newer` means the rules of Kamailio 6.1:
    writing or counting gives an expired cell a new life whatever updateexpire says, a cell that
    has expired is not counted, and the seconds of sht_setxs are kept when the text grows.
    """

    def __init__(
        self,
        spec: TableSpec,
        store: Store,
        *,
        newer: bool = False,
        tell_full: Callable[[TableSpec], None] = _ignore,
    ) -> None:
        self.spec = spec
        self.store = store
        self.slots = spec.slots
        self.newer = newer
        self._tell_full = tell_full

    def get(self, key: str, now: float) -> Cell | None:
        """The cell of a key unless it has expired."""
        cell = self.store.get(key)
        return None if cell is None or self._expired(cell, self._second(now)) else cell

    def value(self, key: str, now: float) -> Value:
        """The value of a key: else the table's initial one, else undefined."""
        cell = self.get(key, now)
        return self.spec.initval if cell is None else cell[0]

    def put(self, key: str, value: int | str, now: float, lifetime: int = 0) -> bool:
        """Write a value, with its own seconds to live when `lifetime` is over 0; False: no room.

        A new cell gets the table's `autoexpire`; one that stands keeps its seconds when the table
        says updateexpire=0.
        """
        if self._finds_no_room(key):
            return False
        second = self._second(now)
        if lifetime > 0:
            self.store.change(key, self._living(value, lifetime), second)
        elif self.spec.updateexpire:
            self.store[key] = value, second + self.spec.autoexpire
        else:
            self.store.change(key, self._keeping(value), second)
        return True

    def delete(self, key: str) -> bool:
        """Take a key out; False when there was none."""
        return self.store.remove(key)

    def add(self, key: str, by: int, now: float) -> int | None:
        """Add to a number in one step and answer the sum.

        None for a text, for a missing or expired key in a table without initial value, and for a
        new key that finds no room.
        """
        second = self._second(now)
        initval = self.spec.initval
        if initval is None and self.newer and self.store.change(key, self._revive, second):
            return None
        if initval is not None and self._finds_no_room(key):
            return None
        cell = self.store.change(key, self._adding(by), second)
        return None if cell is None else cell[0]  # type: ignore[return-value]

    def seconds_left(self, key: str, now: float) -> int:
        """Seconds until a key expires, as Kamailio computes them: in 32 bits, without a look at
        whether it has expired (then negative) or never does (then `-now`). 0 for a missing key.
        """
        cell = self.store.get(key) if self.spec.autoexpire else None
        return 0 if cell is None else wrap(cell[1] - int(now))

    def expire_in(self, key: str, seconds: int, now: float) -> None:
        """Let a key live `seconds` from now; for ever with 0 or less."""
        if self.spec.autoexpire:
            last = int(now) + seconds if seconds > 0 else 0
            self.store.change(key, lambda cell, _: (cell[0], last) if cell else None, int(now))

    def sweep(self, now: float, *, in_order: bool = True) -> Iterator[list[Record]]:
        """Take out what has expired, in pieces of bounded work; the table may change in between.

        Where the order shows it is Kamailio's, see :meth:`in_order`.
        """
        if not self.spec.autoexpire:
            return
        second = int(now)
        pieces: Iterable[list[str]] = self.store.expired(second)
        for keys in self._in_order(pieces) if in_order else pieces:
            taken = ((key, self.store.take_expired(key, second)) for key in keys)
            yield [Record(key, cell[0]) for key, cell in taken if cell is not None]

    def counted(self, now: float) -> Iterator[Item]:
        """The cells that `$shtcn` and `$shtcv` look at, in any order."""
        second = self._second(now)
        for item in self.store.items():
            if not (self.newer and self._expired(item[1], second)):
                yield item

    def remove_where(self, doomed: Callable[[str, Cell], object]) -> None:
        """Take out every cell that the test is true of."""
        for key in [key for key, cell in self.store.items() if doomed(key, cell)]:
            self.store.remove(key)

    def clear(self) -> None:
        """Empty the table; nothing expires by it."""
        self.store.clear()

    def copy(self) -> LocalStore:
        """The cells of this instant, for a thread that writes them."""
        assert isinstance(self.store, LocalStore)
        return self.store.copy()

    def swap(self, fresh: LocalStore) -> None:
        """Exchange all cells with another store's in one step; `fresh` has the old ones then."""
        assert isinstance(self.store, LocalStore)
        self.store.swap(fresh)

    def written_since(self, before: LocalStore) -> Iterator[Item]:
        """The cells that are others than in a copy made before."""
        assert isinstance(self.store, LocalStore)
        return self.store.written_since(before)

    def slot_of(self, key: str) -> int:
        """The slot a key stands in."""
        return hash_of(key) & (self.slots - 1)

    def page(
        self,
        place: int,
        after: str,
        wanted: Callable[[str, Cell], bool] | None,
        now: float,
        room: tuple[int, int],
    ) -> tuple[list[Item], int, str]:
        """Living cells from a place on, up to so many rows and bytes, and where to go on: -1, "".

        It looks at a bounded number of cells, so that there may be none on a page and more behind.
        """
        assert isinstance(self.store, LocalStore)
        second, (rows, size) = self._second(now), room
        found: list[Item] = []
        seen = 0
        while 0 <= place <= LAST_PART and seen < _PAGE_SEEN:
            for key, cell in self.store.behind(place, after):
                seen += 1
                if not self._expired(cell, second) and (wanted is None or wanted(key, cell)):
                    size -= byte_length(key) + byte_length(str(cell[0]))
                    if len(found) == rows or (size < 0 and found):
                        return found, place, after
                    found.append((key, cell))
                after = f">{key}"
            place, after = place + 1, ""
        return found, place if place <= LAST_PART else -1, after

    def in_order(self) -> list[Item]:
        """All cells as Kamailio walks them, expired ones too: by its slots, then by its hash.

        That hash takes no notice of case; of keys with one hash Kamailio has the older first, here
        they are in the order of their characters.
        """
        return sorted(self.store.items(), key=lambda item: self._placed(item[0]))

    def by_slot(self) -> Iterator[tuple[int, Iterable[Item]]]:
        """(slot, its cells by hash) for each of our own slots that is not empty."""

        def place(item: Item) -> tuple[int, int]:
            number = hash_of(item[0])
            return number & (self.slots - 1), number

        return groupby(sorted(self.store.items(), key=place), lambda item: self.slot_of(item[0]))

    def _placed(self, key: str) -> str:
        """The key behind its place: such texts are in Kamailio's order, by slot, then by hash."""
        number = core_hash(lower(key))
        return f"{number & (self.slots - 1):08x}{number:08x}{key}"

    def _in_order(self, pieces: Iterable[list[str]]) -> Iterator[list[str]]:
        """The keys of all pieces in order, in pieces again; empty ones while they are sorted."""
        # Tuples of texts, because Python's collector passes them over. What it would have to look
        # through, a million pairs of place and key, makes it stop everything for long.
        runs: list[tuple[str, ...]] = []
        run: list[str] = []
        for keys in pieces:
            run += map(self._placed, keys)
            if len(run) >= _RUN:
                runs.append(tuple(sorted(run)))
                run.clear()
            yield []
        placed = merge(*runs, sorted(run))
        while piece := [text[_PLACE:] for text in islice(placed, _PIECE)]:
            yield piece

    def _finds_no_room(self, key: str) -> bool:
        most = self.spec.maxitems
        if not most or self.store.get(key) is not None or len(self.store) < most:
            return False
        self._tell_full(self.spec)
        return True

    def _second(self, now: float) -> int:
        """Without autoexpire the clock is not looked at: what has seconds of its own lives from 0,
        as `htable.get` shows (1970-01-01).
        """
        return int(now) if self.spec.autoexpire else 0

    def _expired(self, cell: Cell, second: int) -> bool:
        return 0 < cell[1] < second

    def _living(self, value: int | str, lifetime: int) -> Rule:
        """The rule that writes a value with seconds of its own."""

        def write(cell: Cell | None, now: int) -> Cell | None:
            # Kamailio before 6.0 gives them to the cell that it then throws away.
            forgotten = not self.newer and cell is not None and _outgrows(value, cell[0])
            return value, 0 if forgotten else now + lifetime

        return write

    def _keeping(self, value: int | str) -> Rule:
        """The rule that writes a value and lets a cell that stands keep its seconds."""

        def write(cell: Cell | None, now: int) -> Cell | None:
            fresh = value, now + self.spec.autoexpire
            if cell is None:
                return fresh
            # Kamailio 6.1 looks whether the larger cell it just made has expired.
            revives = self.newer and self._expired(cell, now) and not _outgrows(value, cell[0])
            return fresh if revives else (value, cell[1])

        return write

    def _adding(self, by: int) -> Rule:
        """The rule that adds `by` to a number: None for a text, or for nothing to begin with."""
        initval, autoexpire = self.spec.initval, self.spec.autoexpire
        renews = self.spec.updateexpire != 0

        def add(cell: Cell | None, now: int) -> Cell | None:
            if cell is None:
                return None if initval is None else (wrap(initval + by), now + autoexpire)
            value, last = cell
            expired = self._expired(cell, now)
            if expired:
                if initval is None:
                    return None
                value = initval
            elif isinstance(value, str):
                return None
            anew = renews or (self.newer and expired)
            return wrap(value + by), now + autoexpire if anew else last

        return add

    def _revive(self, cell: Cell | None, now: int) -> Cell | None:
        """Kamailio 6.1 renews what has expired before it finds that it cannot count it."""
        if cell is None or not self._expired(cell, now):
            return None
        return cell[0], now + self.spec.autoexpire


def _outgrows(value: int | str, old: int | str) -> bool:
    """Whether Kamailio would need a larger cell for `value` than the one `old` lies in."""
    if isinstance(value, int):
        return False
    return isinstance(old, int) or byte_length(value) > byte_length(old)
