"""Time and chance: standing still, never going back, repeating itself when seeded."""

import pytest

from sipproxy.clock import Chance, CpuClock, SystemClock, VirtualClock


def test_a_virtual_clock_moves_when_it_is_set() -> None:
    clock = VirtualClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.set(100.0)
    clock.set(250.5)
    assert clock.now() == 250.5
    with pytest.raises(ValueError, match=r"the clock stands at 250\.5, it cannot go back to 99"):
        clock.set(99)


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    assert 0 < clock.now() <= clock.now()


def test_a_seed_repeats_itself() -> None:
    def drawn(seed: int | str) -> tuple[str, int, bytes]:
        chance = Chance(seed)
        return chance.token(), chance.below(1000), chance.bytes(8)

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn("a") == drawn("a")


@pytest.mark.parametrize("seed", [None, 5])
def test_the_shape_of_what_is_made_up(seed: int | None) -> None:
    chance = Chance(seed)
    assert len(chance.token(9)) == 9
    assert int(chance.token(), 16) >= 0
    assert chance.below(1) == 0
    assert len(chance.bytes(3)) == 3


def test_processor_time_grows_with_work() -> None:
    clock = CpuClock()
    began = clock.now()
    while clock.now() == began:
        sum(range(10_000))
    assert clock.now() > began
