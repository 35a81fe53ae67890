"""Small forms of a replay's report."""

from sipproxy.replay.log import Line
from sipproxy.replay.show import show_address, show_blocked, show_line, show_time, table
from sipproxy.replay.verdicts import Blocked


def test_small_forms() -> None:
    assert show_address(("::1", 5060)) == "[::1]:5060"
    assert show_line(Line(7, -1, "<script>", "text\n")) == "     7 ERROR: <script>: text"
    assert list(table(("a", "long"), [("value", "x")])) == [
        "a      long",
        "-----  ----",
        "value  x",
    ]


def test_times_are_rounded_as_a_whole() -> None:
    assert show_time(36002.5) == "10:00:02.500"
    assert show_time(36002.9999) == "10:00:03.000"


def test_what_was_blocked() -> None:
    assert show_blocked(None) == "-"
    dropped = Blocked(3, 36002.5, "MESSAGE", 0, "t.cfg:4")
    assert show_blocked(dropped) == "packet 3, 10:00:02.500, MESSAGE dropped, t.cfg:4"
