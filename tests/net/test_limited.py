"""What a flood makes modules repeat is counted; what the cfg writes is not."""

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Flow
from sipproxy.core.log import DEBUG, ERROR, INFO, WARN, LogList, report
from sipproxy.core.timers import TimerQueue
from sipproxy.modules.debugger.levels import ModuleLevels
from sipproxy.net.limited import BURST, INTERVAL, LimitedLog
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.testing import request


class Rig:
    """A limited log on a clock that the test sets."""

    def __init__(self) -> None:
        self.behind = LogList()
        self.log = LimitedLog(self.behind)
        self.timers = TimerQueue()
        self.now = 100.0
        self.log.limit_by(self.timers, lambda: self.now)

    def texts(self) -> list[str]:
        texts = [text for _, _, text in self.behind.records]
        self.behind.records.clear()
        return texts


def helper(log: LimitedLog, text: str) -> None:
    report(log, ERROR, "sl", text)


def test_complaints_of_one_place_are_counted_whatever_they_say() -> None:
    rig = Rig()
    for number in range(1000):
        report(rig.log, ERROR, "sl", f"bad reply code {number}")
    assert rig.texts() == [f"bad reply code {number}" for number in range(BURST)]
    rig.timers.expire(rig.now + INTERVAL)
    assert rig.texts() == ["bad reply code 999 (990 more in 10 s)"]


def test_complaints_of_other_places_are_other_kinds() -> None:
    """Behind one helper too: who calls it counts."""
    rig = Rig()
    for _ in range(BURST + 1):
        helper(rig.log, "first")
        helper(rig.log, "second")
        report(rig.log, WARN, "sl", "third")
    assert [rig.texts().count(text) for text in ("first",)] == [BURST]
    rig.log.finish()
    assert sorted(rig.texts()) == [f"{word} (1 more)" for word in ("first", "second", "third")]


def test_what_the_cfg_writes_is_never_limited() -> None:
    """Lines of xlog under any prefix, of log(), and lines that somebody asked for by a level."""
    rig = Rig()
    for _ in range(50):
        rig.log.write(ERROR, "<script>", "xlog")
        rig.log.write(ERROR, "edge", "xlog with a prefix")
        report(rig.log, ERROR, "<script>", "log()")
        report(rig.log, INFO, "tm", "asked for")
    assert len(rig.texts()) == 200


def test_it_stands_behind_the_levels_of_modules_too() -> None:
    rig = Rig()
    levels = ModuleLevels(rig.log)
    for number in range(50):
        report(levels, ERROR, "sl", f"bad {number}")
        levels.write(ERROR, "edge", "xlog with a prefix")
    assert len(rig.texts()) == BURST + 50
    levels.threshold = ERROR
    assert rig.behind.threshold == rig.log.threshold == ERROR


def test_before_there_are_timers_every_line_is_written() -> None:
    behind = LogList(DEBUG)
    log = LimitedLog(behind)
    for _ in range(50):
        report(log, ERROR, "core", "at the start")
    log.finish()
    assert len(behind.records) == 50


def test_what_fails_in_the_cfg_is_counted_by_its_line() -> None:
    lines = LogList()
    limited = LimitedLog(lines)
    program = load_text(
        """#!KAMAILIO
loadmodule "pv.so"
request_route {
    $var(x) = 1 / $rU;
    $var(x) = 2 / $rU;
}
"""
    )
    clock = VirtualClock()
    proxy = Proxy(program, clock=clock, chance=Chance(1), log=limited)
    limited.limit_by(proxy.host.timers, clock.now)
    flow = Flow("udp", ("127.0.0.1", 5060), ("10.0.0.7", 5060))
    for _ in range(30):
        proxy.receive(bytes(request("OPTIONS", "sip:0@example.com")), flow, clock.now())
    told = [text for _, _, text in lines.records if "division by zero" in text]
    assert len(told) == 20
    assert {text.partition(")")[0].rpartition(":")[2] for text in told} == {"4", "5"}
