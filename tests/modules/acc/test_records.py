"""The parts of a record."""

import pytest

from sipproxy.modules.acc.records import LONGEST, Outcome, line_of, time_of


@pytest.mark.parametrize(
    ("comment", "code", "reason"),
    [
        ("404 not found", "404", "not found"),
        ("404", "404", ""),
        ("404x", "404", "x"),
        ("40", "", "40"),
        ("not found", "", "not found"),
        ("٤٠٤", "", "٤٠٤"),
    ],
)
def test_comments(comment: str, code: str, reason: str) -> None:
    assert Outcome.said(comment, "t") == Outcome(code, reason, "t")


def test_a_line_that_is_too_long_is_cut_between_fields() -> None:
    fields = [("a", "1"), ("b", "x" * (LONGEST - 7)), ("c", "2")]
    assert line_of(fields) == ";a=1"
    assert line_of([("a", "é" * 30000), ("b", "1")]) == ";a=" + "é" * 30000 + ";b=1"
    assert line_of([("a", "é" * 40000)]) == ""


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (0, ""),
        (1, ";exten=250000"),
        (2, ";attr=86400.250"),
        (4, ";attr=1970-01-02 00:00:00"),
    ],
)
def test_times(mode: int, text: str) -> None:
    names = "exten", "attr"
    assert time_of(86400.25, mode, names, "%Y-%m-%d %H:%M:%S") == f"timestamp=86400{text}"


def test_local_time_follows_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert time_of(0.0, 3, ("e", "a"), "%H") == "timestamp=0;a=02"
    finally:
        monkeypatch.undo()
        time.tzset()
