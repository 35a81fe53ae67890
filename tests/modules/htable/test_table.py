"""What tables mean, on a clock that the test sets."""

import pytest

from sipproxy.core.values import Value
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell
from sipproxy.modules.htable.table import Record, Table, hash_of

NOW = 1_000_000_000.75

WALKS = {
    2: [
        *("", "10.0.0.12", "alice", "2001:db8::1", "0123456789ab"),
        *("ž", "Bob", "bob", "10.0.0.1"),
    ],
    4: [
        *("", "ž", "Bob", "bob", "10.0.0.12"),
        *("2001:db8::1", "0123456789ab", "alice", "10.0.0.1"),
    ],
}
"""What sht_iterator_next of Kamailio 5.6.3 meets in tables of these sizes."""


def table(attributes: str = "", *, newer: bool = False) -> Table:
    return Table(TableSpec.parse(f"t=>{attributes}"), LocalStore(), newer=newer)


def swept(t: Table, now: float, *, in_order: bool = True) -> list[Record]:
    return [record for piece in t.sweep(now, in_order=in_order) for record in piece]


def test_a_missing_key_reads_as_the_initial_value() -> None:
    assert table().value("k", NOW) is None
    assert table("initval=0").value("k", NOW) == 0
    assert table("initval=-3").value("k", NOW) == -3


def test_types_stay_apart() -> None:
    t = table()
    values: dict[str, int | str] = {"i": 10, "s": "10", "e": "", "z": 0}
    for key, value in values.items():
        t.put(key, value, NOW)
    assert [t.value(k, NOW) for k in "isez"] == [10, "10", "", 0]


def test_keys_are_case_sensitive_and_may_be_empty() -> None:
    t = table()
    t.put("a", 1, NOW)
    t.put("A", 2, NOW)
    t.put("", 3, NOW)
    assert [t.value(k, NOW) for k in ("a", "A", "")] == [1, 2, 3]
    assert t.delete("a") and not t.delete("a")
    assert t.value("a", NOW) is None


def test_a_cell_lives_through_its_last_second() -> None:
    t = table("autoexpire=2")
    t.put("k", 5, NOW)
    assert t.store.get("k") == (5, 1_000_000_002)
    assert t.value("k", 1_000_000_002.999) == 5
    assert t.value("k", 1_000_000_003.0) is None


def test_the_initial_value_comes_back_after_expiry() -> None:
    t = table("autoexpire=2;initval=7")
    t.put("k", 5, NOW)
    assert t.value("k", NOW + 3) == 7


def test_only_the_sweep_takes_out_what_expired() -> None:
    t = table("autoexpire=2;size=4")
    for key in ("a", "b", "c", "d", "e", "f"):
        t.put(key, key.upper(), NOW)
    t.put("late", 1, NOW + 2)
    assert swept(t, NOW + 2) == []
    assert t.get("a", NOW + 3) is None
    assert len(t.in_order()) == 7
    order = [key for key, _ in t.in_order() if key != "late"]
    assert swept(t, NOW + 3) == [Record(k, k.upper()) for k in order]
    assert [key for key, _ in t.in_order()] == ["late"]


def test_without_autoexpire_nothing_expires_whatever_seconds_it_has() -> None:
    t = table()
    t.put("k", 5, NOW, lifetime=120)
    assert t.store.get("k") == (5, 120)
    assert t.value("k", NOW) == 5
    assert swept(t, NOW) == []
    t.expire_in("k", 1, NOW)
    assert t.store.get("k") == (5, 120)
    assert t.seconds_left("k", NOW) == 0


@pytest.mark.parametrize(("updateexpire", "last"), [(1, 14), (0, 10), (2, 14)])
def test_updateexpire(updateexpire: int, last: int) -> None:
    t = table(f"autoexpire=10;initval=0;updateexpire={updateexpire}")
    t.put("put", 1, 0.5)
    t.put("put", 2, 4.5)
    assert t.store.get("put") == (2, last)
    t.add("add", 1, 0.5)
    assert t.add("add", 1, 4.5) == 2
    assert t.store.get("add") == (2, last)


def test_with_updateexpire_0_an_expired_key_stays_unreadable_until_the_sweep() -> None:
    t = table("autoexpire=2;updateexpire=0")
    t.put("k", 1, NOW)
    t.put("k", 2, NOW + 5)
    assert t.store.get("k") == (2, 1_000_000_002)
    assert t.value("k", NOW + 5) is None
    assert swept(t, NOW + 5) == [Record("k", 2)]
    t.put("k", 3, NOW + 5)
    assert t.value("k", NOW + 5) == 3


@pytest.mark.parametrize(
    ("attributes", "before", "by", "answer", "after"),
    [
        ("", None, 1, None, None),
        ("initval=5", None, 1, 6, (6, 0)),
        ("initval=5", None, -1, 4, (4, 0)),
        ("", (10, 0), 1, 11, (11, 0)),
        ("", (0, 0), -1, -1, (-1, 0)),
        ("", ("10", 0), 1, None, ("10", 0)),
        ("initval=5", ("10", 0), 1, None, ("10", 0)),
        ("", (2147483647, 0), 1, -2147483648, (-2147483648, 0)),
        ("", (-2147483648, 0), -1, 2147483647, (2147483647, 0)),
        ("initval=2147483647", None, 1, -2147483648, (-2147483648, 0)),
        ("autoexpire=9", (10, 150), 1, 11, (11, 109)),
        ("autoexpire=9;updateexpire=0", (10, 100), 1, 11, (11, 100)),
        ("autoexpire=9;updateexpire=0", (10, 0), 1, 11, (11, 0)),
        ("autoexpire=9", (10, 99), 1, None, (10, 99)),
        ("autoexpire=9", ("10", 99), 1, None, ("10", 99)),
        ("autoexpire=9;initval=3", (10, 99), 1, 4, (4, 109)),
        ("autoexpire=9;initval=3", ("10", 99), 1, 4, (4, 109)),
        ("autoexpire=9;initval=3;updateexpire=0", (10, 99), 1, 4, (4, 99)),
        ("autoexpire=9;initval=3", ("10", 100), 1, None, ("10", 100)),
    ],
)
def test_adding(
    attributes: str, before: Cell | None, by: int, answer: Value, after: Cell | None
) -> None:
    t = table(attributes)
    if before is not None:
        t.store["k"] = before
    assert t.add("k", by, 100.5) == answer
    assert t.store.get("k") == after


@pytest.mark.parametrize(
    ("before", "value", "kept"),
    [
        (None, "new", True),
        (None, 5, True),
        (5, 6, True),
        ("text", 6, True),
        (5, "text", False),
        ("text", "longer text", False),
        ("text", "same", True),
        ("text", "s", True),
        ("žluť", "žlutý", False),
        ("žluť", "zlutyk", True),
    ],
)
def test_own_seconds_are_lost_when_the_text_grows(
    before: int | str | None, value: int | str, kept: bool
) -> None:
    for newer in (True, False):
        t = table("autoexpire=100", newer=newer)
        if before is not None:
            t.put("k", before, 1000.5)
        t.put("k", value, 1010.5, lifetime=7)
        assert t.store.get("k") == (value, 1017 if kept or newer else 0)


def test_own_seconds_may_be_one() -> None:
    t = table("autoexpire=100")
    t.put("k", "v", 1000.5, lifetime=1)
    assert t.store.get("k") == ("v", 1001)


@pytest.mark.parametrize("lifetime", [0, -5])
def test_no_own_seconds_means_the_tables(lifetime: int) -> None:
    t = table("autoexpire=100")
    t.put("k", "v", 1000.5, lifetime)
    assert t.store.get("k") == ("v", 1100)


def test_seconds_left_are_a_difference_in_32_bits() -> None:
    t = table("autoexpire=100")
    t.put("k", 1, NOW)
    assert t.seconds_left("k", NOW) == 100
    assert t.seconds_left("k", NOW + 40.2) == 60
    assert t.seconds_left("k", NOW + 101) == -1
    assert t.seconds_left("none", NOW) == 0
    t.expire_in("k", 0, NOW)
    assert t.seconds_left("k", NOW) == -1_000_000_000
    t.expire_in("k", 0, NOW)
    assert t.seconds_left("k", 3_000_000_000.0) == 1_294_967_296


@pytest.mark.parametrize(("seconds", "last"), [(30, 1030), (1, 1001), (0, 0), (-1, 0)])
def test_expire_in(seconds: int, last: int) -> None:
    t = table("autoexpire=100")
    t.put("k", "v", 1000.0)
    t.expire_in("k", seconds, 1000.9)
    t.expire_in("none", seconds, 1000.9)
    assert t.store.get("k") == ("v", last)
    assert t.store.get("none") is None


def test_our_slots_in_order() -> None:
    t = table("size=3")
    keys = [f"key{n}" for n in range(100)]
    for key in keys:
        t.put(key, 1, NOW)
    slots = [slot for slot, _ in t.by_slot()]
    assert slots == sorted(set(slots)) == list(range(8))
    for slot, items in t.by_slot():
        members = [key for key, _ in items]
        assert {t.slot_of(key) for key in members} == {slot}
        assert members == sorted(members, key=hash_of)


def test_walks_are_in_kamailios_order() -> None:
    keys = ["alice", "Bob", "bob", "10.0.0.1", "10.0.0.12", "2001:db8::1", "ž", "", "0123456789ab"]
    for size, order in WALKS.items():
        t = table(f"size={size}")
        for key in keys:
            t.put(key, 1, NOW)
        assert [key for key, _ in t.in_order()] == order


def test_slots_are_xxh3() -> None:
    # xxh3_64 of "a" is 0xe6c632b61e964e1f (reference vectors of xxHash 0.8).
    assert hash_of("a") == 0x1E964E1F
    assert table("size=4").slot_of("a") == 0xF


def test_keys_that_are_not_utf8_have_a_slot() -> None:
    t = table()
    t.put("a\udcff", 1, NOW)
    assert [key for key, _ in t.in_order()] == ["a\udcff"]


def test_clear_and_remove_where() -> None:
    t = table()
    for n in range(10):
        t.put(f"k{n}", n, NOW)
    t.remove_where(lambda key, cell: key == "k3" or cell[0] == 7)
    assert len(t.store) == 8
    t.clear()
    assert len(t.store) == 0


def test_a_full_table_has_no_room_for_new_keys() -> None:
    told: list[TableSpec] = []
    spec = TableSpec.parse("t=>maxitems=2;initval=0;autoexpire=5")
    t = Table(spec, LocalStore(), tell_full=told.append)
    assert t.put("a", 1, NOW) and t.put("b", "text", NOW)
    assert not t.put("c", 1, NOW)
    assert not t.put("c", 1, NOW, lifetime=60)
    assert t.add("c", 1, NOW) is None
    assert told == [spec] * 3
    assert t.put("a", "a much longer text", NOW) and t.put("b", 5, NOW, lifetime=60)
    assert t.add("b", 1, NOW) == 6
    assert t.value("c", NOW) == 0
    assert t.delete("a") and t.put("c", 1, NOW)
    assert not t.put("d", 1, NOW + 10), "what has expired has its room until the sweep"
    assert sorted(swept(t, NOW + 10)) == [Record("b", 6), Record("c", 1)]
    assert t.put("d", 1, NOW + 10)
    assert len(told) == 4


def test_without_initial_value_a_full_table_has_nothing_to_tell_of_a_counter() -> None:
    told: list[TableSpec] = []
    t = Table(TableSpec("t", maxitems=1), LocalStore(), tell_full=told.append)
    t.put("a", 1, NOW)
    assert t.add("c", 1, NOW) is None
    assert told == []


@pytest.mark.parametrize(
    ("before", "value", "last"),
    [
        ((5, 10), 6, 109),
        (("text", 10), 6, 109),
        (("text", 10), "same", 109),
        (("text", 10), "longer", 10),
        ((5, 10), "text", 10),
        ((5, 100), 6, 100),
        ((5, 0), 6, 0),
    ],
)
def test_in_6_1_writing_to_an_expired_cell_gives_it_a_new_life(
    before: Cell, value: int | str, last: int
) -> None:
    t = table("autoexpire=9;updateexpire=0", newer=True)
    t.store["k"] = before
    t.put("k", value, 100.5)
    assert t.store.get("k") == (value, last)
    t = table("autoexpire=9;updateexpire=0")
    t.store["k"] = before
    t.put("k", value, 100.5)
    assert t.store.get("k") == (value, before[1])


@pytest.mark.parametrize(
    ("attributes", "before", "answer", "after"),
    [
        ("initval=3", (10, 99), 4, (4, 109)),
        ("initval=3", ("10", 99), 4, (4, 109)),
        ("initval=3", (10, 100), 11, (11, 100)),
        ("", (10, 99), None, (10, 109)),
        ("", ("10", 99), None, ("10", 109)),
        ("", (10, 100), 11, (11, 100)),
        ("", ("10", 100), None, ("10", 100)),
    ],
)
def test_in_6_1_counting_gives_an_expired_cell_a_new_life(
    attributes: str, before: Cell, answer: Value, after: Cell
) -> None:
    t = table(f"autoexpire=9;updateexpire=0;{attributes}", newer=True)
    t.store["k"] = before
    assert t.add("k", 1, 100.5) == answer
    assert t.store.get("k") == after
    assert t.add("none", 1, 100.5) == (4 if attributes else None)


def test_a_sweep_comes_in_pieces_and_looks_again_at_each_key() -> None:
    t = table("autoexpire=5;size=3")
    for n in range(5000):
        t.put(f"k{n}", n, NOW)
    whole = [key for key, _ in t.in_order()]
    pieces = t.sweep(NOW + 10)
    met: list[str] = []
    for number, piece in enumerate(pieces):
        assert len(piece) <= 50
        met += [record.key for record in piece]
        if not met:
            t.put(f"k{number}", "anew", NOW + 10)
    assert met == [key for key in whole if t.store.get(key) is None]
    assert {cell[0] for _, cell in t.in_order()} == {"anew"}
    assert 4000 < len(met) < 5000


class Asked(LocalStore):
    """Remembers which keys were to be taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def take_expired(self, key: str, now: int) -> Cell | None:
        self.keys.append(key)
        return super().take_expired(key, now)


@pytest.mark.parametrize("in_order", [True, False])
def test_a_sweep_asks_once_for_each_key(in_order: bool) -> None:
    store = Asked()
    t = Table(TableSpec("t", autoexpire=5), store)
    for n in range(7000):
        t.put(f"k{n}", n, NOW)
    assert len(swept(t, NOW + 10, in_order=in_order)) == 7000
    assert len(store.keys) == len(set(store.keys)) == 7000


def test_a_sweep_whose_order_does_not_show() -> None:
    t = table("autoexpire=5")
    for n in range(2000):
        t.put(f"k{n}", n, NOW)
    assert sorted(swept(t, NOW + 10, in_order=False)) == sorted(
        Record(f"k{n}", n) for n in range(2000)
    )
