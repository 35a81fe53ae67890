"""A hundred calls a second through the stock kamailio.cfg: none is lost, memory stays flat."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from sipproxy.rpc.values import Struct

SECONDS = int(os.environ.get("SIPPROXY_SOAK_SECONDS", "600"))
RATE = int(os.environ.get("SIPPROXY_SOAK_RATE", "100"))
WARM = min(60, SECONDS // 2)
"""Seconds after which the memory stays as it is."""
GROWTH = 1.02
"""How much more it may be at any later time."""
SAMPLES = 60

pytestmark = [pytest.mark.soak, pytest.mark.peer]


def test_no_call_is_lost_and_memory_stays_flat(stage: Any) -> None:
    many = ("-m", str(SECONDS * RATE), "-timeout", str(SECONDS + 60))
    callee = stage.answer("callee", "soak", *many)
    caller = stage.play("caller", *many, "-r", str(RATE), caller="ann", callee="soak")
    sizes = []
    while caller.process.poll() is None:
        time.sleep(SECONDS / SAMPLES)
        sizes.append(_resident(stage.pid))
        print(f"{len(sizes) * SECONDS / SAMPLES:.0f} s: {sizes[-1] >> 10} KiB")
    caller.done()
    callee.done()
    assert max(sizes) <= sizes[WARM * SAMPLES // SECONDS] * GROWTH
    [numbers] = stage.rpc("tm.stats")
    assert isinstance(numbers, Struct)
    finals = dict(numbers.members)["2xx"]
    assert isinstance(finals, int)
    assert finals >= 2 * SECONDS * RATE
    errors = [line for line in stage.log().splitlines() if "ERROR" in line]
    assert [line for line in errors if "<script>: SCRIPT" not in line] == []


def _resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
