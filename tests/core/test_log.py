"""Levels and the sink of tests."""

import pytest

from sipproxy.core.log import (
    DEBUG,
    ERROR,
    LEVEL_NAMES,
    WARN,
    LimitedReports,
    LogList,
    facility_named,
    named_level,
    report,
)
from sipproxy.core.timers import TimerQueue


@pytest.mark.parametrize(
    ("threshold", "kept"), [(DEBUG, ["e", "w", "d"]), (WARN, ["e", "w"]), (-2, [])]
)
def test_only_enabled_levels_are_written(threshold: int, kept: list[str]) -> None:
    log = LogList(threshold)
    for level, text in ((ERROR, "e"), (WARN, "w"), (DEBUG, "d")):
        report(log, level, "core", text)
    assert [text for _, _, text in log.records] == kept


def test_records_carry_level_and_origin() -> None:
    log = LogList()
    report(log, ERROR, "htable", "no such table")
    assert log.records == [(-1, "htable", "no such table")]


def test_every_level_has_a_name() -> None:
    assert sorted(LEVEL_NAMES) == list(range(-5, 4))


def test_facilities_have_names_in_any_case() -> None:
    assert facility_named("LOG_LOCAL3") == facility_named("log_Local3") == "LOG_LOCAL3"
    for text in ("LOCAL3", "LOG_LOCAL8", ""):
        with pytest.raises(ValueError, match="invalid syslog facility"):
            facility_named(text)


class Flood:
    """Lines that come again and again, on a clock that the test sets."""

    def __init__(self, threshold: int = DEBUG) -> None:
        self.log = LogList(threshold)
        self.timers = TimerQueue()
        self.limited = LimitedReports(self.log, self.timers, interval=10.0)

    def come(self, now: float, text: str, kind: str = "") -> None:
        self.timers.expire(now)
        self.limited.report(now, ERROR, "htable", text, kind)

    def told(self, now: float) -> list[str]:
        """The texts that were written until `now` and not yet asked for."""
        self.timers.expire(now)
        texts = [text for _, _, text in self.log.records]
        self.log.records.clear()
        return texts


def test_a_flood_is_told_at_once_then_counted() -> None:
    flood = Flood()
    for number in range(1000):
        flood.come(100.0 + number / 1000, "full")
    assert flood.log.records == [(ERROR, "htable", "full")]
    assert flood.told(109.9) == ["full"]
    assert flood.told(110.0) == ["full (999 more in 10 s)"]
    flood.come(112.0, "full")
    assert flood.told(119.9) == []
    assert flood.told(120.0) == ["full (1 more in 10 s)"]


def test_a_quiet_interval_begins_anew() -> None:
    flood = Flood()
    flood.come(100.0, "full")
    assert flood.told(110.0) == ["full"]
    assert flood.timers.next_deadline() is None
    flood.come(110.0, "full")
    assert flood.told(200.0) == ["full"]
    assert len(flood.timers) == 0


def test_kinds_are_counted_apart() -> None:
    flood = Flood()
    for text, kind in (("a", ""), ("b", ""), ("k 1", "k"), ("k 2", "k"), ("k 3", "k"), ("a", "")):
        flood.come(100.0, text, kind)
    flood.limited.report(100.0, ERROR, "other", "a")
    assert flood.told(100.0) == ["a", "b", "k 1", "a"]
    assert flood.told(110.0) == ["a (1 more in 10 s)", "k 3 (2 more in 10 s)"]


def test_levels_that_are_off_are_not_counted() -> None:
    flood = Flood(threshold=-2)
    flood.come(100.0, "full")
    assert len(flood.timers) == 0 and flood.log.records == []


def test_a_burst_is_written_before_lines_are_counted() -> None:
    flood = Flood()
    flood.limited = LimitedReports(flood.log, flood.timers, interval=10.0, burst=3)
    for number in range(5):
        flood.come(100.0, f"bad {number}", "bad")
    assert flood.told(100.0) == ["bad 0", "bad 1", "bad 2"]
    assert flood.told(110.0) == ["bad 4 (2 more in 10 s)"]
    flood.come(111.0, "bad 5", "bad")
    assert flood.told(111.0) == [], "no new burst while it goes on"
    flood.limited.finish()
    flood.limited.finish()
    assert flood.told(111.0) == ["bad 5 (1 more)"]
    assert flood.told(120.0) == []
    for number in range(5):
        flood.come(121.0, f"bad {number}", "bad")
    assert flood.told(121.0) == ["bad 0", "bad 1", "bad 2"]


@pytest.mark.parametrize(("text", "level"), [("L_ERR", ERROR), ("L_DBG", DEBUG), ("L_ALERT", -5)])
def test_levels_have_names(text: str, level: int) -> None:
    assert named_level(text) == level


@pytest.mark.parametrize("text", ["", "L_", "L_XYZ"])
def test_what_is_no_level(text: str) -> None:
    with pytest.raises(ValueError, match="unknown log level"):
        named_level(text)
