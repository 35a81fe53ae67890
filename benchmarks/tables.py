"""What a large htable costs: its memory, and how long its expiry holds the proxy up.

    python benchmarks/tables.py [--json] [ENTRIES...]

Each measurement is a process of its own. The entries are counters of IPv4 addresses; all of them
expire in one sweep, once unheard and once with an event route for each. Times are processor time,
so that what else happens on the machine does not count.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from typing import Any

from sipproxy.clock import Chance, SystemClock
from sipproxy.core.log import LogList
from sipproxy.core.sockets import ListenSocket
from sipproxy.net.server import settle_collector
from sipproxy.program import load_text
from sipproxy.proxy import Proxy

CFG = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "seen=>size=16;autoexpire=1;initval=0")
modparam("htable", "timer_interval", 1)
#!ifdef HEARD
event_route[htable:expired:seen] { $var(n) = $var(n) + 1; }
#!endif
"""
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="memory and expiry of large tables")
    parser.add_argument("entries", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", choices=["unheard", "heard"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.entries[0], heard=options.here == "heard")))
        return
    for entries in options.entries:
        for kind in ("unheard", "heard"):
            words = [sys.executable, __file__, "--here", kind, str(entries)]
            found = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
            print(json.dumps(found) if options.json else show(found))


def show(found: dict[str, Any]) -> str:
    """One measurement as a line."""
    events = "with events" if found["heard"] else "no events"
    return (
        f"{found['entries']:9,} entries  {found['megabytes']:6.1f} MB"
        f"   expiry ({events}): longest hold {found['longest_ms']:.1f} ms,"
        f" {found['seconds']:.1f} s in all"
    )


def measure(entries: int, *, heard: bool) -> dict[str, Any]:
    """Fill a table, let everything in it expire, and tell what it took."""
    proxy = make_proxy(heard)
    settle_collector()
    before = resident()
    fill(proxy, entries)
    megabytes = (resident() - before) / 1e6
    gc.collect(1)  # what filling left to the collector is no part of the expiry
    time.sleep(2.1)
    holds = expire(proxy)
    return {
        "entries": entries,
        "heard": heard,
        "megabytes": round(megabytes, 1),
        "longest_ms": round(1e3 * max(holds), 2),
        "seconds": round(sum(holds), 2),
    }


def make_proxy(heard: bool) -> Proxy:
    """A proxy without sockets on the machine's clock."""
    program = load_text(CFG, file="tables.cfg", defines={"HEARD": None} if heard else {})
    sockets = [ListenSocket("udp", "127.0.0.1", 5060)]
    log = LogList(threshold=0)
    return Proxy(program, clock=SystemClock(), chance=Chance(), log=log, sockets=sockets)


def fill(proxy: Proxy, entries: int) -> None:
    """One counter for each of so many addresses."""
    table = vars(proxy.host.modules["htable"])["tables"]["seen"]
    now = proxy.host.now()
    for number in range(entries):
        key = f"{10 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        table.put(key, number + 1000, now)


def expire(proxy: Proxy) -> list[float]:
    """Let time go on until the table is empty; seconds of each turn."""
    table = vars(proxy.host.modules["htable"])["tables"]["seen"]
    holds = []
    while len(table.store):
        due = proxy.next_deadline
        assert due is not None
        now = proxy.host.now()
        if due > now:
            time.sleep(due - now)
        began = time.thread_time()
        proxy.expire(proxy.host.now())
        holds.append(time.thread_time() - began)
    return holds


def resident() -> int:
    """Bytes of memory this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


if __name__ == "__main__":
    main()
