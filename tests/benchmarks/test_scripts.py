"""The benchmark scripts run; what they measure is for `make bench`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

ANSWERS = {
    "rate limit, answered 200": "200",
    "rate limit, answered 429": "429",
    "100 rounds of while": "200",
    "challenge": "401",
    "digest check, SQLite": "200",
    "dictionary attack, checked": "401",
    "dictionary attack, banned": "403",
    "relay with state": "200",
    "forward": "200",
    "REGISTER, save()": "200",
}
"""Of each workload."""


def test_every_cfg_is_accepted() -> None:
    cfgs = sorted(map(str, BENCHMARKS.glob("*.cfg")))
    assert cfgs
    words = [sys.executable, "-m", "sipproxy", "check", "--strict", *cfgs]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("cc"), reason="a C compiler is not installed")
def test_compare_loses_nothing_and_gets_the_answers_it_expects() -> None:
    """A few requests of each workload, to whichever servers are here."""
    words = [sys.executable, str(BENCHMARKS / "compare.py"), "-r", "1", "-n", "200", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    ours = {name: rows for name, rows in found.items() if name.endswith("/sipproxy")}
    assert len(ours) == len(ANSWERS)
    for name, (result,) in found.items():
        status = ANSWERS[name.rpartition("/")[0]]
        assert (result["lost"], result["replies"]) == (0, {status: 200}), name
        assert result["per_second"] > 0


def test_captures_are_read_and_replayed() -> None:
    words = [sys.executable, str(BENCHMARKS / "replay.py"), "--json", "--messages", "2000"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for row in found for name in row] == [
        "read",
        "replay --json",
        "replay --json --report",
    ]
    assert all(0 < row["megabytes"] < 300 for one in found for row in one.values())
