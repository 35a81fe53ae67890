"""The commands pkg.* and mod.*, with the members and faults of Kamailio's."""

import os
from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.modules.kex import Kex
from sipproxy.testing.bench import Bench


@pytest.fixture
def bench() -> Bench[Kex]:
    made = Bench(Kex)
    made.host.processes = lambda: [(os.getpid(), "udp worker 0"), (1, "main")]
    made.module.start()
    return made


def test_a_row_for_each_process(bench: Bench[Kex]) -> None:
    ours, other = bench.rpc("pkg.stats")
    assert list(ours) == [
        *("entry", "pid", "rank", "used", "free", "real_used", "total_size", "total_frags", "desc")
    ]
    assert (ours["entry"], ours["pid"], ours["desc"]) == (0, os.getpid(), "udp worker 0")
    assert 1_000_000 < ours["used"] < ours["total_size"]
    assert ours["used"] + ours["free"] == ours["total_size"]
    assert (other["entry"], other["used"], other["desc"]) == (1, 0, "main")
    assert bench.rpc("pkg.info") == {"name": "process", "size": ours["total_size"]}


@pytest.mark.parametrize(
    ("kind", "value", "entries"),
    [("index", 1, [1]), ("rank", 0, [0]), ("pid", 1, [1]), ("rank", 9, [])],
)
def test_a_filter(bench: Bench[Kex], kind: str, value: int, entries: list[int]) -> None:
    assert [row["entry"] for row in bench.rpc("pkg.stats", kind, value)] == entries


@pytest.mark.parametrize(
    ("command", "arguments", "says"),
    [
        ("pkg.stats", ("foo", 1), "Invalid filter type"),
        ("pkg.stats", ("pid",), "One more parameter expected"),
        ("pkg.stats", ("pid", 0), "No such pid"),
        ("mod.stats", (), 'Module name or "all" needed'),
        ("mod.mem_stats", ("core", "shm"), "not counted by module"),
        ("mod.mem_statsx", ("all",), "not counted by module"),
    ],
)
def test_faults(bench: Bench[Kex], command: str, arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(RpcError, match=says):
        bench.rpc(command, *arguments)
