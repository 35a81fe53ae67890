"""Statistics by group and name; the tallies of traffic."""

from typing import Any

import pytest

from sipproxy.core.statistics import Statistic, Statistics, Traffic
from sipproxy.sip.message import Message

HERE = ("10.0.0.1", 5060)


def read(text: str) -> Message:
    return Message.parse(text.encode(), source=HERE, dest=HERE)


def test_groups_and_names_are_in_order() -> None:
    statistics = Statistics()
    for group, name in (("b", "y"), ("a", "z"), ("b", "x")):
        statistics.add(Statistic(group, name))
    assert statistics.groups() == ["a", "b"]
    assert [one.name for one in statistics.of("b")] == ["x", "y"]
    assert statistics.of("c") == []
    assert sorted(statistics.names()) == ["x", "y", "z"]


def test_without_a_group_the_newest_of_a_name() -> None:
    statistics = Statistics()
    old = statistics.add(Statistic("a", "x"))
    new = statistics.add(Statistic("b", "x"))
    assert statistics.named("x") is new
    assert statistics.named("x", "a") is old
    assert statistics.named("x", "c") is None
    assert statistics.named("y") is None


def test_a_name_is_taken_once_in_a_group() -> None:
    statistics = Statistics()
    statistics.add(Statistic("a", "x"))
    with pytest.raises(ValueError, match=r"counter a\.x already registered"):
        statistics.add(Statistic("a", "x"))


def test_resets() -> None:
    plain, kept = Statistic("a", "x"), Statistic("a", "y", is_kept=True)
    read_one = Statistic("a", "z", reading=lambda: 7)
    for one in (plain, kept, read_one):
        one.value = 5
        one.reset()
    assert (plain.get(), kept.get(), read_one.get()) == (0, 5, 7)
    assert plain.help == "kamailio statistic (no description)"


def test_values_are_settled_before_a_look() -> None:
    statistics = Statistics()
    one = statistics.add(Statistic("a", "x"))

    def settle() -> None:
        one.value += 1

    statistics.settle.append(settle)
    statistics.named("x")
    assert one.value == 1
    statistics.of("a")
    assert one.value == 2


def test_traffic_goes_by_method_and_status(request_text: Any, reply_text: Any) -> None:
    traffic = Traffic()
    for first in (
        "OPTIONS sip:x@y",
        "OPTIONS sip:x@y",
        "KDMQ sip:x@y",
        "FOO sip:x@y",
        "BAR sip:x@y",
    ):
        traffic.count(read(request_text(first)))
    traffic.count(read(reply_text("183 Progress", method="INVITE")))
    traffic.count(read(reply_text("200 OK", method="FOO")))
    assert traffic.requests == {"OPTIONS": 2, "KDMQ": 1, "": 2}
    assert traffic.replies == {(183, "INVITE"): 1, (200, ""): 1}


def test_after_a_reload_a_statistic_goes_on() -> None:
    before = Statistics()
    kept = before.add(Statistic("g", "kept"))
    kept.value = 5
    before.add(Statistic("g", "read", reading=lambda: 1))
    after = Statistics(before)
    assert after.add(Statistic("g", "kept")) is kept
    fresh = after.add(Statistic("g", "read", reading=lambda: 2))
    assert fresh.get() == 2
    after.settled_in()
    late = after.add(Statistic("g", "late"))
    assert late.value == 0
