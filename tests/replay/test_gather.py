"""What is gathered for the report: bars, kinds of verdicts, rows, all bounded."""

import pytest

from sipproxy.replay import gather
from sipproxy.replay.gather import MOST_BARS, Gathered, Span
from sipproxy.replay.glance import Exchange
from sipproxy.replay.survey import Outcome
from sipproxy.replay.verdicts import ANSWERED, RELAYED, Decision


def decision(number: int, time: float = 0.0, *, status: int = 200, user: str = "a") -> Decision:
    found = Exchange(b"call", b"1 REGISTER")
    made = Decision(number, time, ("192.0.2.1", 5060), Outcome(200), found, user)
    made.verdict, made.status, made.line = ANSWERED, status, "a.cfg:7"
    return made


@pytest.mark.parametrize(
    ("last", "step", "count"),
    [(0.0, 0.01, 1), (1.0, 0.01, 101), (100.0, 0.5, 201), (3600.0, 30, 121), (864000.0, 7200, 121)],
)
def test_time_is_cut_as_clocks_are(last: float, step: float, count: int) -> None:
    span = Span.over(1_795_000_000.0, 1_795_000_000.0 + last)
    assert (span.step, span.count) == (step, count)
    assert span.first / step == pytest.approx(round(span.first / step), abs=1e-3)
    assert span.first <= 1_795_000_000.0 and span.bar(1_795_000_000.0 + last) == count - 1


def test_bars_hold_whatever_time_there_is() -> None:
    span = Span.over(0.0, 1e12)
    assert span.count == MOST_BARS
    assert span.bar(-5.0) == 0 and span.bar(1e15) == MOST_BARS - 1
    assert span.bar(span.begin(7) + span.step / 2) == 7


def gathering(count: int = 10) -> Gathered:
    gathered = Gathered()
    gathered.span = Span(0.0, 1.0, count)
    gathered.bars = type(gathered.bars)(count)
    return gathered


def test_each_request_is_in_one_bar() -> None:
    gathered = gathering()
    gathered.take(decision(1, 0.5), False)
    gathered.take(decision(2, 1.5, status=401), False)
    gathered.take(decision(3, 2.5, status=403), True)
    other = decision(4, 3.5, status=404)
    gathered.take(other, False)
    relayed = decision(5, 4.5, status=486)
    relayed.verdict = RELAYED
    gathered.take(relayed, False)
    bars = gathered.bars
    assert list(bars.passed)[:5] == [1, 0, 0, 0, 1]
    assert list(bars.challenged)[:5] == [0, 1, 0, 0, 0]
    assert list(bars.blocked)[:5] == [0, 0, 1, 0, 0]
    assert list(bars.other)[:5] == [0, 0, 0, 1, 0]
    assert gathered.marks == {("a", "192.0.2.1"): 0b100}


def test_kinds_are_counted_and_the_first_rows_kept() -> None:
    gathered = gathering()
    for number in range(100):
        gathered.take(
            decision(number + 1, number / 10, status=200 if number < 40 else 429), number >= 40
        )
    (story,) = gathered.stories.values()
    told = [(kind.status, kind.blocked, seen.count, seen.packet) for kind, seen in story.told()]
    assert told == [(429, True, 60, 41), (200, False, 40, 1)]
    assert [row.packet for row in story.rows] == [*range(1, 13), *range(41, 53)]
    assert story.strip is not None and sum(story.strip) == 160


def test_sources_beyond_the_bound_share_one_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MOST_SOURCES", 3)
    gathered = gathering()
    for number in range(10):
        made = decision(number)
        made.source = f"192.0.2.{number}", 5060
        gathered.take(made, False)
    assert list(gathered.stories) == ["192.0.2.0", "192.0.2.1", "192.0.2.2", "others"]
    ((_, seen),) = gathered.stories["others"].told()
    assert seen.count == 7


def test_kinds_without_end_are_bounded() -> None:
    gathered = gathering()
    for number in range(500):
        made = decision(number)
        made.line = f"a.cfg:{number}"
        gathered.take(made, False)
    (story,) = gathered.stories.values()
    assert len(story.kinds) + story.more == 500 and len(story.kinds) < 100
