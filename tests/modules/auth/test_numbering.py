"""Numbers of nonces and the memory of their use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import ModuleError
from sipproxy.modules.auth.numbering import Counts, Numbers, OneTime, memory_bits


def numbers(pools: int = 1, first: int = 7) -> Numbers:
    return Numbers(pools, lambda limit: first)


@pytest.mark.parametrize(
    ("pools", "made"), [(0, 1), (1, 1), (2, 2), (3, 2), (63, 32), (64, 64), (65, 64), (-1, 64)]
)
def test_pools_are_a_power_of_two_up_to_64(pools: int, made: int) -> None:
    assert len(numbers(pools).last) == made
    assert 1 << numbers(pools).pool_bits == made


def test_numbers_go_on_in_steps_and_wrap() -> None:
    some = numbers(first=0xFFFFFFF0)
    assert [some.next(), some.next()] == [
        0xFFFFFFF0 + 257 - (1 << 32),
        0xFFFFFFF0 + 514 - (1 << 32),
    ]


@pytest.mark.parametrize(
    ("order", "size", "bits"),
    [(0, 0, 20), (0, 1, 0), (0, 1000, 9), (0, 1024, 10), (17, 5, 17), (0, -1, 31), (31, 0, 31)],
)
def test_size_of_the_memory(order: int, size: int, bits: int) -> None:
    assert memory_bits("x", order, size) == bits


@pytest.mark.parametrize("order", [32, -1, 1000])
def test_too_much_memory(order: int) -> None:
    with pytest.raises(ModuleError, match="too many"):
        memory_bits("x", order, 0)


def test_limits_of_pools_and_memory() -> None:
    Counts(numbers(64), 7)
    OneTime(numbers(8), 9)
    for make in (
        lambda: Counts(numbers(64), 6),
        lambda: OneTime(numbers(8), 8),
        lambda: Counts(numbers(), 24),
        lambda: OneTime(numbers(), 31),
    ):
        with pytest.raises(ModuleError):
            make()
    # 2^24 cells in each of 64 pools are too many as well; 2^23 are not, and cost nothing yet.
    Counts(numbers(64), 29)
    with pytest.raises(ModuleError):
        Counts(numbers(64), 30)


def test_a_count_serves_once() -> None:
    some = numbers()
    counts = Counts(some, 8)
    number = some.next()
    counts.begin(number)
    assert [counts.take(number, 0, count) for count in (0, 1, 1, 3, 2, 255, 255, 256)] == [
        False, True, False, True, False, True, False, False,
    ]  # fmt: skip
    assert not counts.take(number, 1, 1)
    assert not counts.take(number, 63, 1)


def test_a_nonce_serves_once() -> None:
    some = numbers()
    once = OneTime(some, 8)
    first, second = some.next(), some.next()
    once.begin(first)
    once.begin(second)
    assert [once.take(n, 0) for n in (first, first, second, second)] == [True, False, True, False]
    assert not once.take(first, 1)


def test_numbers_of_an_earlier_run_are_used_up() -> None:
    some = numbers(2)
    for pool in (0, 1):
        assert not Counts(some, 8).take(some.last[0], pool, 1)
        assert not OneTime(some, 8).take(some.last[0], pool)


@pytest.mark.parametrize("bits", [5, 8])
def test_a_nonce_is_forgotten_when_its_place_is_taken(bits: int) -> None:
    some = numbers()
    once, counts = OneTime(some, 8), Counts(some, bits)
    first = some.next()
    once.begin(first)
    counts.begin(first)
    for _ in range((1 << bits) - 1):
        counts.begin(some.next())
    assert counts.take(first, 0, 1)
    some.next()
    assert not counts.take(first, 0, 2)
    if bits == 8:
        assert not once.take(first, 0)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), max_size=200))
def test_counts_only_rise(uses: list[tuple[int, int]]) -> None:
    some = numbers(4)
    counts = Counts(some, 8)
    made = []
    for _ in range(41):
        made.append(some.next())
        counts.begin(made[-1])
    best = dict.fromkeys(made, 0)
    for which, count in uses:
        number = made[which]
        assert counts.take(number, 0, count) == (best[number] < count <= 255)
        if best[number] < count <= 255:
            best[number] = count


@given(st.lists(st.integers(0, 60), max_size=200))
def test_each_bit_is_its_own(uses: list[int]) -> None:
    some = numbers(2)
    once = OneTime(some, 7)
    made = []
    for _ in range(61):
        made.append(some.next())
        once.begin(made[-1])
    used = set()
    for which in uses:
        assert once.take(made[which], 0) == (which not in used)
        used.add(which)
