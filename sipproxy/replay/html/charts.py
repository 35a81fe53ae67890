"""Pictures as SVG: only numbers, in coordinates that the page stretches to its width.

A picture is as many units wide as there are bars, and 100 high.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sipproxy.replay.gather import STRIP, Gathered, Span

HIGH = 100.0
_TOP = 92.0
"""Where the highest value of a table's picture stands, so that its line is whole."""
_GAP = 0.14
_LABELS = 4
_DAY = 86_400


class Bar(NamedTuple):
    """What one bar of the timeline stands for."""

    at: int
    begin: str
    requests: int
    passed: int
    challenged: int
    blocked: int
    other: int
    good: int
    """Known good users blocked in it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Requests over time: what was served above, what was blocked below, each at its own scale."""

    count: int
    step: str
    bars: list[Bar]
    """Those in which there was anything."""
    labels: list[str]
    passed: str
    challenged: str
    other: str
    blocked: str
    good: str
    """Paths."""
    most_served: int
    most_blocked: int


def timeline(gathered: Gathered, good: Iterable[int]) -> Timeline:
    """The timeline; `good` are the bars, as bits, in which each good user was blocked."""
    span, bars = gathered.span, gathered.bars
    marks = [0] * span.count
    for bits in good:
        for bar in range(span.count):
            marks[bar] += bits >> bar & 1
    columns = [bars.passed, bars.challenged, bars.other]
    served = [sum(values) for values in zip(*columns, strict=True)]
    most = max([*served, 1])
    below = [0.0] * span.count
    paths = []
    for column in columns:
        heights = [value / most * HIGH for value in column]
        paths.append(rising(heights, below))
        below = [one + other for one, other in zip(below, heights, strict=True)]
    most_blocked = max([*bars.blocked, 1])
    hanging = falling([value / most_blocked * HIGH for value in bars.blocked])
    rows = zip(bars.passed, bars.challenged, bars.blocked, bars.other, marks, strict=True)
    return Timeline(
        span.count,
        show_length(span.step),
        [
            Bar(at, show_instant(span, at), sum(row[:4]), *row)
            for at, row in enumerate(rows)
            if any(row)
        ],
        labels(span),
        paths[0],
        paths[1],
        paths[2],
        hanging,
        rising([HIGH if mark else 0.0 for mark in marks], [0.0] * span.count),
        max(served, default=0),
        max(bars.blocked, default=0),
    )


def rising(heights: Sequence[float], below: Sequence[float]) -> str:
    """A path of bars that stand on others."""
    return "".join(
        f"M{at + _GAP / 2:g} {HIGH - low:.2f}v{-height:.2f}h{1 - _GAP:g}v{height:.2f}z"
        for at, (height, low) in enumerate(zip(heights, below, strict=True))
        if height
    )


def falling(heights: Sequence[float]) -> str:
    """A path of bars that hang from the top."""
    return "".join(
        f"M{at + _GAP / 2:g} 0v{height:.2f}h{1 - _GAP:g}v{-height:.2f}z"
        for at, height in enumerate(heights)
        if height
    )


def strip(parts: Sequence[int] | None) -> tuple[str, str] | None:
    """Paths of a source's requests, and of those that were blocked, by part of the time."""
    if parts is None:
        return None
    most = max(parts[:STRIP])
    if not most:
        return None
    # The root, so that few requests are seen beside many.
    heights = [(value / most) ** 0.5 * HIGH for value in parts]
    zeros = [0.0] * STRIP
    return rising(heights[:STRIP], zeros), rising(heights[STRIP:], zeros)


def steps(values: Sequence[int], most: int) -> str:
    """A path along the tops of steps, closed at the bottom."""
    if not most:
        return ""
    path = [f"M0 {HIGH:g}"]
    before: int | None = None
    for at, value in enumerate(values):
        if value != before:
            path.append(f"H{at}V{HIGH - value / most * _TOP:.2f}")
            before = value
    return "".join([*path, f"H{len(values)}V{HIGH:g}z"])


def line(values: Mapping[int, int], most: int) -> str:
    """A path through values by bar, broken where there is none."""
    path = []
    before = -2
    for at, value in sorted(values.items()):
        height = HIGH - value / max(most, 1) * _TOP
        path.append(f"V{height:.2f}h1" if at == before + 1 else f"M{at} {height:.2f}h1")
        before = at
    return "".join(path)


def labels(span: Span) -> list[str]:
    """Instants at even distances, from the first to the end of the last bar."""
    return [show_instant(span, span.count * part / _LABELS) for part in range(_LABELS + 1)]


def show_instant(span: Span, bar: float) -> str:
    """A time of day as exact as the bars are, with the day where the time spans several; UTC."""
    instant = span.begin(bar) + 1e-6
    whole = span.step * span.count
    form = "%H:%M:%S" if whole < _DAY / 4 else "%H:%M" if whole < 2 * _DAY else "%d %b %H:%M"
    text = time.strftime(form, time.gmtime(instant))
    return f"{text}.{int(instant % 1 * 100):02}" if span.step < 0.5 else text


def show_length(seconds: float) -> str:
    """`0.2 s`, `5 s`, `10 min`, `2 h`, `7 days`."""
    for length, name in ((_DAY, "days"), (3600, "h"), (60, "min")):
        if seconds >= length and (name != "days" or seconds >= 2 * _DAY):
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.3g} s"
