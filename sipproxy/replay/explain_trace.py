"""What one run of the routes did: a tree of cfg lines with what was seen at each."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sipproxy.core.context import Context
from sipproxy.core.flow import Address
from sipproxy.core.tracing import Step
from sipproxy.errors import Span
from sipproxy.modules.htable.store import Cell
from sipproxy.replay.explain_tables import Place, Trail
from sipproxy.replay.glance import Exchange
from sipproxy.replay.verdicts import Decision
from sipproxy.text import decode

MOST_LINES = 500
"""Cfg lines of one run that are kept."""
MOST_EVENTS = 60
"""Things seen at one line that are kept."""


class Seen(NamedTuple):
    """A value: of a variable, of a condition of the core, a function's answer, or assigned.

    `kind` is that of the :class:`Step`; `text` names it, for a condition its `span` does.
    """

    kind: str
    text: str
    value: Any
    span: Span | None = None


class Changed(NamedTuple):
    """A cell of a table was changed; None: there was none, there is none."""

    place: Place
    old: Cell | None
    new: Cell | None


class Sent(NamedTuple):
    """A message was sent: its first line, and where to."""

    line: str
    to: Address


class Asked(NamedTuple):
    """A database was asked; `rows` is how many came, or were changed."""

    sql: str
    values: object
    rows: int


class Line:
    """A statement that ran, what was seen then, and the statements of the routes it called."""

    __slots__ = ("events", "left_out", "outcomes", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.events: list[Event] = []
        self.outcomes: list[bool] = []
        """What its condition came to, at each turn of a loop."""
        self.left_out = 0

    def add(self, event: "Event") -> None:
        """Keep an event, unless there are too many, or it only repeats a value."""
        if isinstance(event, Seen) and event in self.events:
            return
        if len(self.events) >= MOST_EVENTS and not isinstance(event, Line):
            self.left_out += 1
        else:
            self.events.append(event)


Event = Seen | Changed | Sent | Asked | Line


@dataclass(slots=True)
class Run:
    """One run of a route over one message."""

    capture: int
    packet: int
    time: float
    kind: str
    """`request`, `reply`, `failure`, `branch`...; empty where no route ran."""
    first: str
    """The first line of the message."""
    source: Address
    exchange: Exchange
    number: int
    """How many cells had been written before it."""
    serial: int = 0
    """Its place among the runs."""
    lines: list[Line] = field(default_factory=list)
    left_out: int = 0
    cells: dict[Place, None] = field(default_factory=dict)
    """The cells it looked at."""
    decision: Decision | None = None
    blocked: bool = False
    trails: list[Trail] = field(default_factory=list)
    _stack: list[tuple[int, Line]] = field(default_factory=list)
    _count: int = 0
    _cell: Place | None = None

    @classmethod
    def of(cls, ctx: Context, found: Exchange, *, capture: int, packet: int, number: int) -> "Run":
        """The run of a context that begins."""
        msg = ctx.msg
        first = f"{msg.method} {msg.ruri}" if msg.is_request else f"{msg.status} {msg.reason}"
        return cls(capture, packet, ctx.now, ctx.kind, first, ctx.flow.remote, found, number)

    @classmethod
    def without(cls, decision: Decision, number: int) -> "Run":
        """Of a request that came to no route."""
        capture, packet, source = decision.capture, decision.packet, decision.source
        first, found = decision.method, decision.exchange
        return cls(capture, packet, decision.time, "", first, source, found, number)

    @property
    def call_id(self) -> str:
        """The value of Call-ID."""
        return decode(self.exchange.call_id)

    @property
    def cseq(self) -> str:
        """The value of CSeq."""
        return decode(self.exchange.cseq)

    def begin(self, step: Step, depth: int) -> None:
        """A statement begins, in the so many-th nested route."""
        above = self._within(depth - 1)
        if self._count >= MOST_LINES:
            self.left_out += 1
            return
        self._count += 1
        line = Line(step)
        if above is None:
            self.lines.append(line)
        else:
            above.add(line)
        self._stack.append((depth, line))

    def see(self, step: Step, value: object, depth: int) -> None:
        """A value is there."""
        line = self._within(depth)
        if line is None:
            return
        span, own = step.span, line.step.span
        if step.kind == "condition":
            value = bool(value)
        if step.kind == "condition" and (span.line, span.column) == (own.line, own.column):
            if len(line.outcomes) < MOST_EVENTS:
                line.outcomes.append(bool(value))
            return
        text = step.text
        if self._cell is not None and text.startswith(("$sht(", "$shtinc(", "$shtdec(", "$shtex(")):
            name = text.partition("(")[0]
            text = f"{name}({self._cell[0]}=>{self._cell[1]})"
        self._cell = None
        line.add(Seen(step.kind, text, value, None if text else span))

    def note(self, event: Event) -> None:
        """Something else happens, at the statement that was last begun."""
        if self._stack:
            self._stack[-1][1].add(event)

    def look(self, place: Place) -> None:
        """A cell is looked at."""
        self.cells[place] = None
        self._cell = place

    def _within(self, depth: int) -> Line | None:
        """The statement at work at this depth; those nested deeper are over."""
        stack = self._stack
        while stack and stack[-1][0] > depth:
            stack.pop()
        return stack[-1][1] if stack else None
