"""stats.*: which statistics a name stands for; the shapes are in the case statistics-values."""

from typing import Any

import pytest

from sipproxy.core.statistics import Statistic
from sipproxy.errors import RpcError
from sipproxy.modules.kex import Kex


@pytest.fixture
def kex(bench: Any) -> Kex:
    module: Kex = bench.load(Kex)
    for group, name, value in (("a", "x", 1), ("a", "y", -1), ("b", "x", 3)):
        bench.host.statistics.add(Statistic(group, name)).value = value
    return module


def test_names_groups_and_all(kex: Kex) -> None:
    assert kex.get_statistics("x", "a:") == ["b:x = 3", "a:x = 1", "a:y = 18446744073709551615"]
    lines = kex.get_statistics("all")
    assert lines[:3] == ["a:x = 1", "a:y = 18446744073709551615", "b:x = 3"]
    assert "core:rcv_requests = 0" in lines
    assert kex.get_statistics("nosuch", "nosuch:") == []


def test_fetch(kex: Kex) -> None:
    assert kex.fetch("a.x", "b:x", "c.x", "y") == {
        "b.x": "3",
        "a.y": "18446744073709551615",
    }
    assert kex.fetch_numbers("b:") == {"b.x": 3.0}


def test_reset_and_clear(kex: Kex) -> None:
    kex.reset_statistics("y")
    assert kex.fetch("a:") == {"a.x": "1", "a.y": "0"}
    assert kex.clear_statistics("a:") == ["a:x = 0 (1)", "a:y = 0"]
    assert kex.fetch("b:") == {"b.x": "3"}


@pytest.mark.parametrize("command", ["get_statistics", "fetch", "fetch_numbers"])
def test_a_name_is_needed(kex: Kex, command: str) -> None:
    with pytest.raises(RpcError, match="Please provide which stats to retrieve"):
        getattr(kex, command)()


@pytest.mark.parametrize("command", ["reset_statistics", "clear_statistics"])
def test_a_name_is_needed_for_a_reset(kex: Kex, command: str) -> None:
    with pytest.raises(RpcError, match="Please provide stats name"):
        getattr(kex, command)()


def test_memory_is_the_process_s(kex: Kex) -> None:
    sizes = {name: int(size) for name, size in kex.fetch("shmem:").items()}
    assert sizes["shmem.total_size"] == sizes["shmem.used_size"] + sizes["shmem.free_size"]
    assert sizes["shmem.max_used_size"] > 1_000_000
    assert sizes["shmem.fragments"] == 0
