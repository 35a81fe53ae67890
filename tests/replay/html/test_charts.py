"""Pictures of a report: paths that say what the numbers say."""

import pytest

from sipproxy.replay.gather import Gathered, Span
from sipproxy.replay.html import charts
from sipproxy.replay.run import Replayed


def test_bars_stand_on_one_another_and_hang() -> None:
    assert charts.rising([50.0, 0.0], [0.0, 0.0]) == "M0.07 100.00v-50.00h0.86v50.00z"
    assert charts.rising([0.0, 25.0], [0.0, 50.0]) == "M1.07 50.00v-25.00h0.86v25.00z"
    assert charts.falling([10.0]) == "M0.07 0v10.00h0.86v-10.00z"


def test_steps_turn_where_the_value_changes() -> None:
    assert charts.steps([0, 4, 4, 2], 4) == "M0 100H0V100.00H1V8.00H3V54.00H4V100z"
    assert charts.steps([0, 0], 0) == ""


def test_a_line_breaks_where_nothing_was_seen() -> None:
    assert charts.line({0: 1, 1: 2, 5: 2}, 2) == "M0 54.00h1V8.00h1M5 8.00h1"


def test_the_timeline_counts_everything_once(attack: tuple[Replayed, Gathered]) -> None:
    replayed, gathered = attack
    shown = charts.timeline(gathered, [0b101])
    totals = [sum(row) for row in zip(*(bar[2:] for bar in shown.bars), strict=True)]
    assert totals == [64, 14, 0, 50, 0, 2]
    assert sum(source.requests.total() for source in replayed.player.sources.values()) == 64
    assert (shown.step, len(shown.labels)) == ("5 s", 5)
    assert shown.most_blocked == max(bar.blocked for bar in shown.bars)


def test_strips_of_quiet_sources() -> None:
    assert charts.strip(None) is None and charts.strip([0] * 120) is None
    seen, blocked = charts.strip([4] + [0] * 59 + [1] + [0] * 59) or ("", "")
    assert seen == "M0.07 100.00v-100.00h0.86v100.00z"
    assert blocked == "M0.07 100.00v-50.00h0.86v50.00z"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *((0.2, "0.2 s"), (5.0, "5 s"), (60.0, "1 min"), (100.0, "1.67 min")),
        *((7200.0, "2 h"), (86400.0, "24 h"), (604800.0, "7 days")),
    ],
)
def test_lengths(seconds: float, shown: str) -> None:
    assert charts.show_length(seconds) == shown


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (Span(1_795_000_000.0, 0.2, 10), "11:06:40.60"),
        (Span(1_795_000_000.0, 5, 100), "11:06:55"),
        (Span(1_795_000_000.0, 600, 100), "11:36"),
        (Span(1_795_000_000.0, 86400, 100), "21 Nov 11:06"),
    ],
)
def test_instants_are_as_exact_as_the_bars(span: Span, shown: str) -> None:
    assert charts.show_instant(span, 3) == shown
