"""Module uuid."""

from uuid import UUID

import pytest

from sipproxy.modules.uuid import Uuid
from sipproxy.testing.bench import START, Bench


@pytest.fixture
def bench() -> Bench[Uuid]:
    return Bench(Uuid)


def read(bench: Bench[Uuid], text: str) -> UUID:
    value = bench.host.pv(text).read(bench.ctx)
    assert isinstance(value, str)
    assert value == str(UUID(value))
    return UUID(value)


@pytest.mark.parametrize("kind", ["g", "r", "Random", "x", "G"])
def test_by_chance(bench: Bench[Uuid], kind: str) -> None:
    found = [read(bench, f"$uuid({kind})") for _ in range(50)]
    assert {uuid.version for uuid in found} == {4}
    assert len(set(found)) == 50


@pytest.mark.parametrize("kind", ["t", "T", "s", "safe"])
def test_by_time(bench: Bench[Uuid], kind: str) -> None:
    found = [read(bench, f"$uuid({kind})") for _ in range(50)]
    assert {uuid.version for uuid in found} == {1}
    assert [uuid.time for uuid in found] == list(range(found[0].time, found[0].time + 50))
    assert abs((found[0].time - 0x01B21DD213814000) / 1e7 - START) < 1e-6
    assert len({uuid.clock_seq for uuid in found}) == 1
    assert {uuid.node >> 40 & 1 for uuid in found} == {1}


def test_time_goes_on(bench: Bench[Uuid]) -> None:
    first = read(bench, "$uuid(t)")
    bench.after(1.5)
    assert read(bench, "$uuid(s)").time == first.time + 15_000_000


@pytest.mark.parametrize("text", ["$uuid", "$(uuid(g)[1])", "$uuid()"])
def test_refused(bench: Bench[Uuid], text: str) -> None:
    with pytest.raises(Exception, match="uuid"):
        bench.host.pv(text)
