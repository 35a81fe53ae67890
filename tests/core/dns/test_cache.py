"""The cache of names: lifetimes, order of records, and that it stays within its bytes."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.dns.cache import Cache, in_order
from sipproxy.core.dns.records import Naptr, Srv


def test_an_entry_holds_for_its_time() -> None:
    cache = Cache(10_000)
    cache.put("A.Example", "A", ("192.0.2.1",), 60, 100.0)
    found = cache.get("a.eXample", "A", 159.9)
    assert found is not None and found.records == ("192.0.2.1",)
    assert cache.get("a.example", "AAAA", 100.0) is None
    assert cache.get("a.example", "A", 160.0) is None
    assert (len(cache), cache.used) == (0, 0)


def test_a_permanent_entry_never_expires() -> None:
    cache = Cache(10_000)
    cache.put("a.example", "A", ("192.0.2.1",), 1, 0.0, permanent=True)
    cache.put("b.example", "A", (), 1, 0.0)
    assert cache.get("a.example", "A", 1e9) is not None
    assert [one.name for one in cache.entries(1e9)] == ["a.example"]
    cache.clear(permanent=False)
    assert len(cache) == 1
    cache.clear(permanent=True)
    assert cache.used == 0


def test_records_are_added_to_those_known() -> None:
    cache = Cache(10_000)
    for number in (1, 2):
        cache.add("a.example", "A", f"192.0.2.{number}", 60, 0.0, permanent=False)
    found = cache.get("a.example", "A", 1.0)
    assert found is not None and found.records == ("192.0.2.1", "192.0.2.2")
    assert cache.delete("A.example", "A")
    assert not cache.delete("A.example", "A")


def test_records_stand_in_the_order_in_which_they_are_tried() -> None:
    low, heavy, light = Srv(1, 0, 1, "a"), Srv(2, 20, 1, "b"), Srv(2, 10, 1, "c")
    assert in_order((light, heavy, low)) == (low, heavy, light)
    first, second = Naptr(1, 9, "s", "", "", "a"), Naptr(2, 1, "s", "", "", "b")
    assert in_order((second, first)) == (first, second)
    assert in_order(("192.0.2.2", "192.0.2.1")) == ("192.0.2.2", "192.0.2.1")


def test_a_full_cache_forgets_what_expired() -> None:
    cache = Cache(250)
    cache.put("a.example", "A", ("192.0.2.1",), 10, 0.0)
    cache.put("b.example", "A", ("192.0.2.1",), 60, 0.0)
    cache.put("c.example", "A", ("192.0.2.1",), 60, 5.0)
    assert cache.get("c.example", "A", 5.0) is None  # full: nothing new is taken
    cache.put("c.example", "A", ("192.0.2.1",), 60, 10.0)
    assert [one.name for one in cache.entries(10.0)] == ["b.example", "c.example"]


def test_a_cache_that_forgets_makes_room() -> None:
    cache = Cache(250, forgets=True)
    cache.put("p.example", "A", ("192.0.2.1",), 60, 0.0, permanent=True)
    for name in ("b.example", "c.example"):
        cache.put(name, "A", ("192.0.2.1",), 60, 0.0)
    assert [one.name for one in cache.entries(1.0)] == ["p.example", "c.example"]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4), st.integers(1, 50)), max_size=60),
    st.booleans(),
)
def test_it_stays_within_its_bytes(steps: list[tuple[int, int, int]], forgets: bool) -> None:
    cache = Cache(600, forgets=forgets)
    for now, (name, count, ttl) in enumerate(steps):
        cache.put(f"n{name}.example", "A", ("192.0.2.1",) * count, ttl, float(now))
        assert cache.used == sum(one.size for one in cache._entries.values()) <= 600
