"""Walks over tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.htable.iterators import Iterators, Walk, WalkError
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.table import Table


@pytest.fixture
def table() -> Table:
    made = Table(TableSpec("h"), LocalStore())
    for number in range(20):
        made.put(f"k{number}", number, 0.0)
    return made


def keys(walk: Walk) -> list[str]:
    met: list[str] = []
    while walk.step():
        assert walk.current is not None
        met.append(walk.current[0])
    return met


def test_a_walk_meets_each_key_once_in_the_order_of_a_dump(table: Table) -> None:
    walk = Walk(table)
    assert walk.current is None
    order = [key for key, _ in table.in_order()]
    assert keys(walk) == order
    assert walk.current is None
    assert keys(walk) == order


def test_a_walk_sees_what_is_written_meanwhile(table: Table) -> None:
    walk = Walk(table)
    assert walk.step() and walk.current is not None
    first = walk.current[0]
    table.put(first, "new", 0.0)
    assert walk.current == (first, ("new", 0))
    second = table.in_order()[1][0]
    table.delete(second)
    table.delete(first)
    table.put(first, "back", 0.0)
    assert walk.current == (first, ("back", 0))
    table.delete(first)
    assert keys(walk) == [key for key, _ in table.in_order()]


def test_remove(table: Table) -> None:
    order = [key for key, _ in table.in_order()]
    walk = Walk(table)
    assert walk.step()
    for key in order[1:]:
        assert walk.remove() and walk.current is not None
        assert walk.current[0] == key
    assert not walk.remove()
    assert walk.current is None and len(table.store) == 0
    assert not walk.step()


@pytest.mark.parametrize(
    ("attributes", "last"),
    [("", 150), ("autoexpire=9", 159), ("updateexpire=0", 7), ("autoexpire=9;updateexpire=0", 7)],
)
def test_put(attributes: str, last: int) -> None:
    table = Table(TableSpec.parse(f"t=>{attributes}"), LocalStore())
    table.store["k"] = 1, 7
    walk = Walk(table)
    assert walk.step()
    walk.put("text", 150.9)
    assert table.store.get("k") == ("text", last)


@pytest.mark.parametrize("seconds", [5, 0, -5])
def test_expire_in(seconds: int) -> None:
    table = Table(TableSpec("t"), LocalStore())
    table.put("k", 1, 0.0)
    walk = Walk(table)
    assert walk.step()
    walk.expire_in(seconds, 100.9)
    assert table.store.get("k") == (1, 100 + seconds)


def test_names(table: Table) -> None:
    walks = Iterators()
    with pytest.raises(WalkError, match=r"iterator not initialized \[a\]"):
        walks.walk("a")
    walks.start("a", table)
    with pytest.raises(WalkError, match=r"iterator not used \[a\]"):
        walks.used("a")
    assert walks.current("a") is None
    assert walks.walk("a").step()
    assert walks.current("a") == table.in_order()[0]
    walks.start("a", table)
    assert walks.current("a") is None
    walks.end("a")
    with pytest.raises(WalkError, match=r"iterator not found \[a\]"):
        walks.end("a")
    assert walks.current("a") is None


def test_four_at_a_time(table: Table) -> None:
    walks = Iterators()
    for name in "abcd":
        walks.start(name, table)
    with pytest.raises(WalkError, match="no iterator available - max number is 4"):
        walks.start("e", table)
    with pytest.raises(WalkError, match=r"iterator not found \[e\]"):
        walks.walk("e")
    walks.end("b")
    walks.start("e", table)


def test_long_name(table: Table) -> None:
    walks = Iterators()
    walks.start("x" * 31, table)
    for name in ("x" * 32, "ž" * 16):
        with pytest.raises(WalkError, match=r"iterator name is too big .*\(max 32\)"):
            walks.start(name, table)


def test_a_walk_over_no_table_keeps_its_name(table: Table) -> None:
    walks = Iterators()
    walks.start("a", None)
    with pytest.raises(WalkError, match=r"iterator not initialized \[a\]"):
        walks.walk("a")
    walks.end("a")


NAMES = st.sampled_from("abcdefgh")
CHANGES = st.lists(st.tuples(st.sampled_from(["put", "delete", "step", "step", "rm"]), NAMES))


@given(st.sets(NAMES), CHANGES)
def test_a_walk_over_a_table_that_changes(there: set[str], changes: list[tuple[str, str]]) -> None:
    """What docs/htable.md says: the keys there at the first step, in that order, each at most once,
    those that are gone when their turn comes left out; what is shown is what the table holds.
    """
    table = Table(TableSpec("t", 2), LocalStore())
    for key in there:
        table.put(key, f"first {key}", 0.0)
    walk = Walk(table)
    assert walk.step() is bool(there)
    ahead = [key for key, _ in table.in_order()]
    at = ahead.pop(0) if ahead else None
    for number, (change, key) in enumerate(changes):
        if change == "put":
            table.put(key, number, 0.0)
        elif change == "delete":
            table.delete(key)
        elif at is None:
            break
        else:
            stepped = walk.remove() if change == "rm" else walk.step()
            assert change == "step" or table.store.get(at) is None
            while ahead and table.store.get(ahead[0]) is None:
                ahead.pop(0)
            at = ahead.pop(0) if ahead else None
            assert stepped is (at is not None)
        cell = None if at is None else table.store.get(at)
        assert walk.current == (None if cell is None else (at, cell))
