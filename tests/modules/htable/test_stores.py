"""The contract of a store, and tables over it against a naive model: run for every store."""

import gc
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sipproxy.core.context import Context
from sipproxy.modules.htable import access
from sipproxy.modules.htable.local import PARTS, PIECE, LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell, Rule, Store
from sipproxy.modules.htable.table import Record, Table


class OneDict:
    """The plainest store there can be; :mod:`access` has no shorter way into it."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}

    def get(self, key: str) -> Cell | None:
        return self.cells.get(key)

    def __setitem__(self, key: str, cell: Cell) -> None:
        self.cells[key] = cell

    def remove(self, key: str) -> bool:
        return self.cells.pop(key, None) is not None

    def change(self, key: str, rule: Rule, now: int) -> Cell | None:
        cell = rule(self.cells.get(key), now)
        if cell is not None:
            self.cells[key] = cell
        return cell

    def expired(self, now: int) -> Iterator[list[str]]:
        for key in sorted(key for key, cell in self.cells.items() if 0 < cell[1] < now):
            yield [key]

    def take_expired(self, key: str, now: int) -> Cell | None:
        expired = key in self.cells and 0 < self.cells[key][1] < now
        return self.cells.pop(key) if expired else None

    def items(self) -> Iterable[tuple[str, Cell]]:
        return self.cells.items()

    def clear(self) -> None:
        self.cells.clear()

    def __len__(self) -> int:
        return len(self.cells)


STORES: list[Callable[[], Store]] = [LocalStore, OneDict]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.param()
    return made


def test_cells_are_kept_as_they_are(store: Store) -> None:
    cells: dict[str, Cell] = {
        "": ("", 0),
        "k": (-2147483648, 4294967295),
        "žluť": ("žluť\udcff\n\0", 1),
        "long": ("x" * 100_000, 0),
    }
    for key, cell in cells.items():
        store[key] = cell
    assert dict(store.items()) == cells
    assert len(store) == 4
    assert [store.get(key) for key in cells] == list(cells.values())
    assert store.get("K") is None
    store["k"] = "now a text", 7
    assert store.get("k") == ("now a text", 7)
    assert len(store) == 4


def test_remove_and_clear(store: Store) -> None:
    store["a"] = 0, 0
    store["b"] = "", 0
    assert store.remove("a")
    assert not store.remove("a")
    assert store.remove("b")
    store["c"] = 1, 0
    store.clear()
    assert len(store) == 0
    assert list(store.items()) == []


def test_change(store: Store) -> None:
    seen: list[tuple[Cell | None, int]] = []

    def double(cell: Cell | None, now: int) -> Cell | None:
        seen.append((cell, now))
        return None if cell is None else (cell[0] * 2, now)

    assert store.change("k", double, 5) is None
    assert store.get("k") is None
    store["k"] = 21, 0
    assert store.change("k", double, 6) == (42, 6)
    assert store.get("k") == (42, 6)
    assert set(seen) == {(None, 5), ((21, 0), 6)}


def expired(store: Store, now: int) -> list[str]:
    return sorted(key for piece in store.expired(now) for key in piece)


def test_expired(store: Store) -> None:
    for last in (0, 9, 10, 11):
        store[f"k{last}"] = last, last
    assert expired(store, 9) == []
    store["k1"] = 1, 1
    assert expired(store, 2) == ["k1"]
    assert store.take_expired("k1", 2) == (1, 1)
    assert expired(store, 10) == ["k9"]
    assert expired(store, 12) == ["k10", "k11", "k9"]
    assert len(store) == 4


def test_take_expired(store: Store) -> None:
    store["k"] = 5, 9
    store["for ever"] = 6, 0
    assert store.take_expired("k", 9) is None
    assert store.take_expired("none", 12) is None
    assert store.take_expired("for ever", 12) is None
    assert len(store) == 2
    assert store.take_expired("k", 10) == (5, 9)
    assert store.take_expired("k", 10) is None
    assert dict(store.items()) == {"for ever": (6, 0)}


def test_pieces_are_small() -> None:
    store = LocalStore()
    for number in range(PARTS * 20):
        store[f"k{number}"] = number, 5
    store.parts[0].update((f"more{number}", (number, 5)) for number in range(2 * PIECE))
    sizes = [len(piece) for piece in store.expired(10)]
    assert max(sizes) == PIECE and sizes.count(0) == PARTS
    assert sum(sizes) == len(store)


def test_a_store_may_be_written_between_two_pieces(store: Store) -> None:
    for number in range(3000):
        store[f"k{number}"] = number, 5
    met: list[str] = []
    for number, piece in enumerate(store.expired(10)):
        assert len(piece) <= 1000
        met += piece
        store[f"new{number}"] = number, 0
        store.remove(f"k{number}")
        store[f"k{2999 - number}"] = number, 50
        for key in piece:
            store.take_expired(key, 10)
    assert expired(store, 10) == []
    assert len(met) == len(set(met)) > 1500
    assert {cell[1] for _, cell in store.items()} == {0, 50}


KEYS = st.sampled_from(["a", "b", "A", ""])
VALUES = st.one_of(
    st.sampled_from([0, 1, -1, 2147483647, -2147483648]), st.sampled_from(["", "1", "abc", "ž"])
)


class Naive:
    """Kamailio's rules for one table, written down one by one without any thought of speed."""

    def __init__(self, spec: TableSpec, newer: bool) -> None:
        self.spec = spec
        self.newer = newer
        self.cells: dict[str, list[int | str]] = {}

    def dead(self, key: str, now: int) -> bool:
        last = self.cells[key][1]
        assert isinstance(last, int)
        return self.spec.autoexpire > 0 and last != 0 and last < now

    def read(self, key: str, now: int) -> int | str | None:
        if key not in self.cells or self.dead(key, now):
            return self.spec.initval
        return self.cells[key][0]

    def full(self, key: str) -> bool:
        return 0 < self.spec.maxitems <= len(self.cells) and key not in self.cells

    def write(self, key: str, value: int | str, now: int) -> None:
        if self.full(key):
            return
        fresh = now + self.spec.autoexpire if self.spec.autoexpire else 0
        if key not in self.cells or self.spec.updateexpire:
            self.cells[key] = [value, fresh]
            return
        old = self.cells[key][0]
        in_place = isinstance(value, int) or (
            isinstance(old, str) and len(value.encode()) <= len(old.encode())
        )
        if self.newer and in_place and self.dead(key, now):
            self.cells[key][1] = fresh
        self.cells[key][0] = value

    def add(self, key: str, by: int, now: int) -> int | None:
        if key not in self.cells:
            if self.spec.initval is None or self.full(key):
                return None
            fresh = now + self.spec.autoexpire if self.spec.autoexpire else 0
            self.cells[key] = [self.spec.initval, fresh]
        elif self.dead(key, now):
            if self.newer:
                self.cells[key][1] = now + self.spec.autoexpire
            if self.spec.initval is None:
                return None
            self.cells[key][0] = self.spec.initval
        value = self.cells[key][0]
        if isinstance(value, str):
            return None
        value = (value + by + 2**31) % 2**32 - 2**31
        self.cells[key][0] = value
        if self.spec.updateexpire:
            self.cells[key][1] = now + self.spec.autoexpire if self.spec.autoexpire else 0
        return value

    def sweep(self, now: int) -> list[tuple[str, int | str]]:
        gone = [(key, self.cells[key][0]) for key in self.cells if self.dead(key, now)]
        for key, _ in gone:
            del self.cells[key]
        return gone


def machine(make: Callable[[], Store]) -> type[RuleBasedStateMachine]:
    """The comparison for one kind of store."""

    class Comparison(RuleBasedStateMachine):
        table: Table
        naive: Naive

        @initialize(
            autoexpire=st.sampled_from([0, 1, 3]),
            updateexpire=st.booleans(),
            initval=st.sampled_from([None, 0, -7, 2147483647]),
            maxitems=st.sampled_from([0, 0, 2]),
            newer=st.booleans(),
        )
        def define(
            self,
            autoexpire: int,
            updateexpire: bool,
            initval: int | None,
            maxitems: int,
            newer: bool,
        ) -> None:
            renews = int(updateexpire)
            spec = TableSpec(
                "t", 2, autoexpire, updateexpire=renews, initval=initval, maxitems=maxitems
            )
            self.table = Table(spec, make(), newer=newer)
            self.naive = Naive(spec, newer)
            # Only `now` of a context is looked at.
            self.ctx = Context(None, None, 1000.5, None, "event")  # type: ignore[arg-type]
            self.read = access.reader(self.table)
            self.write = access.writer(self.table)
            self.counters = {by: access.counter(self.table, by) for by in (1, -1)}

        @rule(tenths=st.integers(1, 30))
        def pass_time(self, tenths: int) -> None:
            self.ctx.now += tenths / 10

        @rule(key=KEYS, value=VALUES)
        def assign(self, key: str, value: int | str) -> None:
            self.write(self.ctx, key, value)
            self.naive.write(key, value, int(self.ctx.now))

        @rule(key=KEYS, value=VALUES)
        def put(self, key: str, value: int | str) -> None:
            assert self.table.put(key, value, self.ctx.now) is not self.naive.full(key)
            self.naive.write(key, value, int(self.ctx.now))

        @rule(key=KEYS)
        def take_out(self, key: str) -> None:
            self.write(self.ctx, key, None)
            self.naive.cells.pop(key, None)

        @rule(key=KEYS, by=st.sampled_from([1, -1]))
        def count(self, key: str, by: int) -> None:
            answer = self.counters[by](self.ctx, key)
            assert answer == self.naive.add(key, by, int(self.ctx.now))

        @rule(key=KEYS, by=st.sampled_from([1, -1]))
        def add(self, key: str, by: int) -> None:
            answer = self.table.add(key, by, self.ctx.now)
            assert answer == self.naive.add(key, by, int(self.ctx.now))

        @rule(key=KEYS, seconds=st.integers(-1, 4))
        def give_time(self, key: str, seconds: int) -> None:
            self.table.expire_in(key, seconds, self.ctx.now)
            if self.naive.spec.autoexpire and key in self.naive.cells:
                last = int(self.ctx.now) + seconds if seconds > 0 else 0
                self.naive.cells[key][1] = last

        @rule(in_order=st.booleans())
        def sweep(self, in_order: bool) -> None:
            pieces = self.table.sweep(self.ctx.now, in_order=in_order)
            swept = [tuple(record) for piece in pieces for record in piece]
            assert sorted(swept) == sorted(self.naive.sweep(int(self.ctx.now)))

        @invariant()
        def agree(self) -> None:
            if not hasattr(self, "table"):
                return
            cells = {key: tuple(cell) for key, cell in self.naive.cells.items()}
            assert dict(self.table.store.items()) == cells
            for key in ("a", "b", "A", "", "never"):
                expected = self.naive.read(key, int(self.ctx.now))
                assert self.read(self.ctx, key) == expected
                assert self.table.value(key, self.ctx.now) == expected

    return Comparison


@pytest.mark.parametrize("make", STORES, ids=lambda make: make.__name__)
def test_tables_agree_with_the_model(make: Callable[[], Store]) -> None:
    test_case = machine(make).TestCase
    test_case.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
    test_case("runTest").runTest()


def test_records_name_what_went(store: Store) -> None:
    table = Table(TableSpec("t", autoexpire=1), store)
    table.put("k", "v", 10.0)
    (record,) = [record for piece in table.sweep(12.0) for record in piece]
    assert record == Record(key="k", value="v")


def test_a_local_entry_costs_little() -> None:
    """100,000 counters of IPv4 addresses with an expiry stay under 40 MB."""
    gc.collect()
    tracemalloc.start()
    try:
        table = Table(TableSpec("t", 16, autoexpire=300, initval=0), LocalStore())
        for number in range(100_000):
            key = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            table.put(key, number + 1000, 1_700_000_000.0 + number / 1000)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(table.store) == 100_000
    assert used < 40_000_000
