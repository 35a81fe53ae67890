"""kill -9 while tables are written back: what is found then is the state before or after."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.clock import Chance
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.bases import Base

ROWS = 5000
LONGEST = 0.25
"""Seconds that stopping takes at most: the kill comes at some moment of these."""

CFG = """
listen=udp:127.0.0.1:{port}
disable_tcp=yes
loadmodule "pv.so"
loadmodule "xlog.so"
{loads}
loadmodule "htable.so"
modparam("htable", "db_url", "{url}")
modparam("htable", "htable", "stored=>dbtable=htable;dbmode=1")
modparam("htable", "htable", "kept=>size=8")
#!ifdef SIPPROXY
modparam("htable", "snapshot", "{folder}/snapshot")
#!endif
max_while_loops=100000
event_route[htable:mod-init] {{
    if ($sht(kept=>k0) == $null) {{
        $var(i) = 0;
        while ($var(i) < {rows}) {{
            $sht(kept=>k$var(i)) = 0;
            $var(i) = $var(i) + 1;
        }}
    }}
    xlog("found stored $sht(stored=>k0) $shtcn(stored=>**) $shtcv(stored=>eq$sht(stored=>k0))\\n");
    xlog("found kept $sht(kept=>k0) $shtcn(kept=>**) $shtcv(kept=>eq$sht(kept=>k0))\\n");
    $var(new) = $sht(stored=>k0) + 1;
    if ($sht(kept=>k0) >= $var(new)) {{ $var(new) = $sht(kept=>k0) + 1; }}
    sht_iterator_start("it", "stored");
    while (sht_iterator_next("it")) {{ sht_iterator_seti("it", "$var(new)"); }}
    sht_iterator_end("it");
    sht_iterator_start("it", "kept");
    while (sht_iterator_next("it")) {{ sht_iterator_seti("it", "$var(new)"); }}
    sht_iterator_end("it");
    xlog("new $var(new)\\n");
}}
request_route {{ exit; }}
"""

FOUND = re.compile(r"found (\w+) (\d+) (\d+) (\d+)")


class Life:
    """One run of the server after the other, on the same data."""

    def __init__(self, base: "Base", folder: Path) -> None:
        self.cfg = folder / "t.cfg"
        named = {"loads": base.loads, "url": base.url, "folder": folder}
        self.cfg.write_text(CFG.format(**named, rows=ROWS, port=free_port()))
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> tuple[dict[str, int], int]:
        """Start: the generation that each table had, and that which all rows have now."""
        words = [sys.executable, "-m", "sipproxy", "run", str(self.cfg), "-Y", str(self.cfg.parent)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        for _ in range(1200):
            said = self.log.read_text()
            if "listening" in said:
                break
            assert self.process.poll() is None, said
            time.sleep(0.025)
        found = {}
        for name, generation, count, same in FOUND.findall(said):
            assert (int(count), int(same)) == (ROWS, ROWS), f"{name} is between two states: {said}"
            found[name] = int(generation)
        new = re.search(r"new (\d+)", said)
        assert new is not None, said
        return found, int(new[1])

    def stop(self, after: float | None = None) -> bool:
        """End it, killed after so many seconds; whether it lived to its own end."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        if after is not None:
            time.sleep(after)
            self.process.kill()
        return self.process.wait(20) == 0


@pytest.fixture
def life(base: "Base", tmp_path: Path) -> Iterator[Life]:
    base.make("htable")
    base.fill(
        "htable",
        ({"key_name": f"k{number}", "value_type": 1, "key_value": "0"} for number in range(ROWS)),
    )
    made = Life(base, tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def _killed(life: Life, kills: int, seed: int) -> None:
    chance = Chance(seed)
    before, new = life.begin()
    for _ in range(kills):
        ended = life.stop(after=chance.below(1000) * LONGEST / 1000)
        found, newer = life.begin()
        for name, generation in found.items():
            assert generation in ((new,) if ended else (before[name], new)), name
        before, new = found, newer


def test_a_kill_leaves_the_state_before_or_after(life: Life, base: "Base") -> None:
    _killed(life, 2 if base.kind == "sqlite" else 1, seed=7)


@pytest.mark.soak
def test_many_kills(life: Life) -> None:
    _killed(
        life,
        int(os.environ.get("SIPPROXY_KILLS", "13")),
        seed=int(os.environ.get("SIPPROXY_SEED", "11")),
    )
