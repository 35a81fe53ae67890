"""Large tables: what they take, and that their expiry lets messages through."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "tables.py"


@pytest.fixture(scope="module")
def measured() -> dict[tuple[int, bool], dict[str, Any]]:
    """By entries and whether events are heard."""
    words = [sys.executable, str(BENCHMARK), "--json", "100000", "1000000"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return {(found["entries"], found["heard"]): found for found in map(json.loads, lines)}


@pytest.mark.soak
@pytest.mark.parametrize(("entries", "most"), [(100_000, 40), (1_000_000, 350)])
def test_memory(
    measured: dict[tuple[int, bool], dict[str, Any]], entries: int, most: float
) -> None:
    assert 1 < measured[entries, False]["megabytes"] <= most


@pytest.mark.soak
@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "heard"])
@pytest.mark.parametrize("entries", [100_000, 1_000_000])
def test_expiry_never_holds_the_proxy_up_for_long(
    measured: dict[tuple[int, bool], dict[str, Any]], entries: int, heard: bool
) -> None:
    assert measured[entries, heard]["longest_ms"] <= 5, measured[entries, heard]
