"""A table: what reading, writing, counting and expiry mean (Kamailio modules/htable/ht_api.c).

Time is whole seconds. A cell lives through its last second, then reads as missing at once; it is
taken out, and its event run, only by the sweep, until when all that walks the table still sees it.
A table without `autoexpire` never looks at the seconds its cells carry.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from sipproxy.core.values import Value, wrap
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell, Rule, Store
from sipproxy.text import byte_length, encode

Item = tuple[str, Cell]
"""A key and its cell."""


class Record(NamedTuple):
    """What `$shtrecord` shows in event_route[htable:expired:TABLE]."""

    key: str
    value: int | str


def hash_of(text: str) -> int:
    """The 32 bits that place a key in a slot; no cfg can see them but in sht_print."""
    return xxh3_64_intdigest(encode(text)) & 0xFFFF_FFFF


class Table:
    """The semantics over a store. `now` is Unix time; fractions of a second do not count."""

    def __init__(self, spec: TableSpec, store: Store, *, forgets_lifetime: bool = True) -> None:
        self.spec = spec
        self.store = store
        self.slots = spec.slots
        self._forgets_lifetime = forgets_lifetime
        """Kamailio before 6.0 loses the seconds given to sht_setxs when the text grows."""

    def get(self, key: str, now: float) -> Cell | None:
        """The cell of a key unless it has expired."""
        cell = self.store.get(key)
        return None if cell is None or self._expired(cell, self._second(now)) else cell

    def value(self, key: str, now: float) -> Value:
        """The value of a key: else the table's initial one, else undefined."""
        cell = self.get(key, now)
        return self.spec.initval if cell is None else cell[0]

    def put(self, key: str, value: int | str, now: float, lifetime: int = 0) -> None:
        """Write a value, with its own seconds to live when `lifetime` is over 0.

        A new cell gets the table's `autoexpire`; one that stands keeps its seconds when the table
        says updateexpire=0.
        """
        second = self._second(now)
        if lifetime > 0:
            self.store.change(key, self._living(value, lifetime), second)
        elif self.spec.updateexpire:
            self.store[key] = value, second + self.spec.autoexpire
        else:
            fresh = value, second + self.spec.autoexpire
            self.store.change(key, lambda cell, _: (value, cell[1]) if cell else fresh, second)

    def delete(self, key: str) -> bool:
        """Take a key out; False when there was none."""
        return self.store.remove(key)

    def adding(self, by: int) -> Rule:
        """The rule that adds `by` to a number: None for a text, or for nothing to begin with."""
        initval, autoexpire = self.spec.initval, self.spec.autoexpire
        renew = self.spec.updateexpire != 0

        def add(cell: Cell | None, now: int) -> Cell | None:
            if cell is None:
                return None if initval is None else (wrap(initval + by), now + autoexpire)
            value, last = cell
            if 0 < last < now:
                if initval is None:
                    return None
                value = initval
            elif value.__class__ is not int:
                return None
            value += by
            if not -0x8000_0000 <= value <= 0x7FFF_FFFF:
                value = wrap(value)
            return value, now + autoexpire if renew else last

        return add

    def add(self, key: str, by: int, now: float) -> int | None:
        """Add to a number in one step and answer the sum; None as :meth:`adding` says."""
        cell = self.store.change(key, self.adding(by), self._second(now))
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

    def sweep(self, now: float) -> list[Record]:
        """Take out what has expired, in the order of the slots."""
        if not self.spec.autoexpire:
            return []
        expired = self.store.take_expired(int(now))
        return [Record(key, cell[0]) for key, cell in sorted(expired, key=self._place)]

    def remove_where(self, doomed: Callable[[str, Cell], object]) -> None:
        """Take out every cell that the test is true of."""
        for key in [key for key, cell in self.store.items() if doomed(key, cell)]:
            self.store.remove(key)

    def clear(self) -> None:
        """Empty the table; nothing expires by it."""
        self.store.clear()

    def slot_of(self, key: str) -> int:
        """The slot a key stands in."""
        return hash_of(key) & (self.slots - 1)

    def in_order(self) -> list[Item]:
        """All cells by slot, within a slot by hash, expired ones too."""
        return sorted(self.store.items(), key=self._place)

    def by_slot(self) -> Iterator[tuple[int, Iterable[Item]]]:
        """(slot, its cells) for each slot that is not empty."""
        return groupby(self.in_order(), lambda item: self.slot_of(item[0]))

    def _place(self, item: Item) -> int:
        """Grows with the slot, within a slot with the hash."""
        number = hash_of(item[0])
        return (number & (self.slots - 1)) << 32 | number

    def _second(self, now: float) -> int:
        """Without autoexpire the clock is not looked at: what has seconds of its own lives from 0,
        as `htable.get` shows (1970-01-01).
        """
        return int(now) if self.spec.autoexpire else 0

    def _expired(self, cell: Cell, second: int) -> bool:
        return 0 < cell[1] < second

    def _living(self, value: int | str, lifetime: int) -> Rule:
        def write(cell: Cell | None, now: int) -> Cell | None:
            forgotten = self._forgets_lifetime and cell is not None and _outgrows(value, cell[0])
            return value, 0 if forgotten else now + lifetime

        return write


def _outgrows(value: int | str, old: int | str) -> bool:
    """Whether Kamailio would need a larger cell for `value` than the one `old` lies in."""
    if isinstance(value, int):
        return False
    return isinstance(old, int) or byte_length(value) > byte_length(old)
