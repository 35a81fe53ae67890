"""What the HTML report shows beside the sums, gathered while captures are played; all bounded.

Per request that is counting: which bar of the timeline, which kind of verdict of its source.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor
from typing import TypeAlias

from sipproxy.core.host import Host
from sipproxy.core.tracing import Hits
from sipproxy.replay.player import MOST_SOURCES, OTHERS, Player
from sipproxy.replay.samples import Samples
from sipproxy.replay.verdicts import ANSWERED, CHALLENGES, RELAYED, Decision

MOST_BARS = 240
_STEPS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600),
    *(7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000),
)
"""Seconds that a bar may be long: those by which people read clocks."""
_MOST_KINDS = 60
_FIRST_ROWS = 12
"""Requests of a source that are kept each for itself: so many, and as many that were blocked."""
_MOST_ROWS = 20_000
_MOST_STRIPS = 2000
STRIP = 60
"""Parts of the small picture of one source's traffic."""
_MOST_MARKS = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """Time cut into bars: from `first`, each `step` seconds, `count` of them."""

    first: float
    step: float
    count: int

    @classmethod
    def over(cls, first: float, last: float, most: int = MOST_BARS) -> "Span":
        """Bars of a length that people read clocks by, which begin where a clock would tick."""
        for step in _STEPS:
            begin = first // step * step if step >= 1 else floor(first / step + 1e-3) * step
            count = int((last - begin) / step + 1e-6) + 1
            if count <= most:
                return cls(begin, step, count)
        return cls(first, max((last - first) / most, 1.0) * 1.001, most)

    def bar(self, time: float) -> int:
        """The bar of an instant; what lies outside belongs to the first or the last."""
        return min(max(int((time - self.first) / self.step), 0), self.count - 1)

    def begin(self, bar: float) -> float:
        """When a bar begins."""
        return self.first + bar * self.step


class Bars:
    """Requests by bar: let through, challenged, blocked, and others (ACKs, retransmissions)."""

    def __init__(self, count: int) -> None:
        self.passed, self.challenged, self.blocked, self.other = (
            array("L", [0]) * count for _ in range(4)
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of verdict: what a source asked, what became of it, and what the old server did."""

    method: str
    verdict: str
    status: int
    line: str
    captured_status: int
    captured_relayed: bool
    blocked: bool
    stubs: tuple[str, ...]


Key: TypeAlias = tuple[str, str, int, str, int, bool, bool, tuple[str, ...]]
"""The fields of a kind."""


@dataclass(slots=True)
class Seen:
    """How often a kind of verdict was met, and when first and last."""

    count: int
    packet: int
    first: float
    last: float


@dataclass(slots=True)
class Story:
    """What became of the requests of one source, as far as it is kept."""

    kinds: dict[Key, Seen] = field(default_factory=dict)
    rows: list[Decision] = field(default_factory=list)
    """The first requests, and the first that were blocked."""
    room: int = _FIRST_ROWS
    room_blocked: int = _FIRST_ROWS
    """How many more are kept."""
    more: int = 0
    """Requests of further kinds."""
    strip: "array[int] | None" = None
    """Requests by part of the time, then those of them that were blocked."""

    def meet(self, key: Key, decision: Decision) -> None:
        """A kind of verdict that was not there before."""
        if len(self.kinds) < _MOST_KINDS:
            self.kinds[key] = Seen(1, decision.packet, decision.time, decision.time)
        else:
            self.more += 1

    def keep(self, decision: Decision, blocked: bool) -> None:
        """Keep a request for itself."""
        if blocked:
            self.room_blocked -= 1
        else:
            self.room -= 1
        self.rows.append(decision)

    def told(self) -> Iterator[tuple[Kind, Seen]]:
        """The kinds, most frequent first."""
        for key, seen in sorted(self.kinds.items(), key=lambda item: -item[1].count):
            yield Kind(*key), seen


class Gathered:
    """A :class:`~sipproxy.replay.player.Watcher` that gathers the report's pictures and rows."""

    def __init__(self) -> None:
        self.hits = Hits()
        self.span = Span(0.0, 1.0, 1)
        self.bars = Bars(1)
        self.samples = Samples(self.span.count)
        self.stories: dict[str, Story] = {}
        self.marks: dict[tuple[str, str], int] = {}
        """In which bars (as bits) a user at an address was blocked."""
        self.last = 0.0
        """Unix time of the last packet."""
        self._rows = 0
        self._bar = self._part = 0
        self._from = self._to = 0.0

    def arrange(self, host: Host) -> None:
        """Have the lines counted."""
        host.hits = self.hits

    def begin(self, player: Player) -> None:
        """Cut the time into bars, and look at the tables at the end of each."""
        survey = player.survey
        self.last = survey.last
        self.span = span = Span.over(survey.first, survey.last)
        self.bars = Bars(span.count)
        self.samples = Samples(span.count)
        self.samples.watch(player.proxy.host, span)

    def take(self, decision: Decision, blocked: bool) -> None:
        """Count one request."""
        time = decision.time
        if not self._from <= time < self._to:
            self._turn_to(time)
        bar, bars = self._bar, self.bars
        verdict, status = decision.verdict, decision.status
        if blocked:
            bars.blocked[bar] += 1
            self._mark(decision, bar)
        elif verdict == RELAYED or (verdict == ANSWERED and status < 400):
            bars.passed[bar] += 1
        elif verdict == ANSWERED and status in CHALLENGES:
            bars.challenged[bar] += 1
        else:
            bars.other[bar] += 1
        story = self.stories.get(decision.source[0]) or self._begin_story(decision.source[0])
        captured = decision.captured
        key: Key = (
            *(decision.method, verdict, status, decision.line, captured.status, captured.relayed),
            *(blocked, decision.stubs),
        )
        seen = story.kinds.get(key)
        if seen is not None:
            seen.count += 1
            seen.last = time
        else:
            story.meet(key, decision)
        if (story.room_blocked if blocked else story.room) and self._rows < _MOST_ROWS:
            self._rows += 1
            story.keep(decision, blocked)
        strip = story.strip
        if strip is not None:
            strip[self._part] += 1
            if blocked:
                strip[self._part + STRIP] += 1

    def _turn_to(self, time: float) -> None:
        """Go to the bar of an instant: what comes next is mostly in the same."""
        span = self.span
        self._bar = bar = span.bar(time)
        self._part = bar * STRIP // span.count
        self._from, self._to = span.begin(bar), span.begin(bar + 1)

    def _begin_story(self, address: str) -> Story:
        if len(self.stories) >= MOST_SOURCES:
            return self.stories.setdefault(OTHERS, Story())
        story = self.stories[address] = Story()
        if len(self.stories) <= _MOST_STRIPS:
            story.strip = array("L", [0]) * (2 * STRIP)
        return story

    def _mark(self, decision: Decision, bar: int) -> None:
        who = decision.user, decision.source[0]
        found = self.marks.get(who)
        if found is not None:
            self.marks[who] = found | 1 << bar
        elif len(self.marks) < _MOST_MARKS:
            self.marks[who] = 1 << bar
