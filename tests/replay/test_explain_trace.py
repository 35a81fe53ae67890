"""The tree of cfg lines of one run."""

from sipproxy.core.tracing import Step
from sipproxy.errors import Span
from sipproxy.replay.explain_trace import MOST_EVENTS, MOST_LINES, Line, Run, Seen, Sent
from sipproxy.replay.glance import Exchange


def run() -> Run:
    found = Exchange(b"c", b"1 REGISTER")
    return Run(0, 1, 100.0, "request", "REGISTER sip:x", ("192.0.2.1", 5060), found, 0)


def step(line: int, kind: str = "statement", text: str = "", column: int = 5) -> Step:
    return Step(kind, "route[A]", Span("x.cfg", line, column, line, column + 9), text)


def shape(lines: list[Line]) -> list[object]:
    return [
        [line.step.span.line, *shape([one for one in line.events if isinstance(one, Line)])]
        for line in lines
    ]


def test_lines_of_a_called_route_lie_within_the_line_that_calls() -> None:
    found = run()
    for line, depth in ((1, 1), (10, 2), (20, 3), (21, 3), (11, 2), (2, 1), (12, 2)):
        found.begin(step(line), depth)
    assert shape(found.lines) == [[1, [10, [20], [21]], [11]], [2, [12]]]
    assert found.call_id == "c" and found.cseq == "1 REGISTER"


def test_values_belong_to_the_line_at_work() -> None:
    found = run()
    found.begin(step(1), 1)
    found.see(step(1, "value", "$si"), "192.0.2.1", 1)
    found.begin(step(10), 2)
    found.see(step(10, "call", "f()"), None, 2)
    found.see(step(1, "condition"), True, 1)
    found.see(step(1, "value", "$rc"), 1, 1)
    outer = found.lines[0]
    assert outer.outcomes == [True]
    assert [event for event in outer.events if isinstance(event, Seen)] == [
        Seen("value", "$si", "192.0.2.1"),
        Seen("value", "$rc", 1),
    ]
    (inner,) = [event for event in outer.events if isinstance(event, Line)]
    assert inner.events == [Seen("call", "f()", None)]


def test_a_condition_of_the_core_inside_another_is_a_value() -> None:
    found = run()
    found.begin(step(1), 1)
    found.see(step(1, "condition", column=9), False, 1)
    found.see(step(1, "condition"), False, 1)
    assert found.lines[0].events == [Seen("condition", "", False, Span("x.cfg", 1, 9, 1, 18))]
    assert found.lines[0].outcomes == [False]


def test_the_key_of_a_cell_is_named() -> None:
    found = run()
    found.begin(step(1), 1)
    found.look(("ban", "192.0.2.1"))
    found.see(step(1, "value", "$sht(ban=>$si)"), 7, 1)
    found.look(("ban", "k"))
    found.see(step(1, "value", "$si"), "x", 1)
    assert found.lines[0].events == [
        Seen("value", "$sht(ban=>192.0.2.1)", 7),
        Seen("value", "$si", "x"),
    ]
    assert list(found.cells) == [("ban", "192.0.2.1"), ("ban", "k")]


def test_lines_and_events_are_bounded_and_counted() -> None:
    found = run()
    found.note(Sent("before any line", ("192.0.2.1", 5060)))
    for number in range(MOST_EVENTS + 5):
        if not number:
            found.begin(step(1), 1)
        found.see(step(1, "value", f"$var({number})"), number, 1)
        found.see(step(1, "value", f"$var({number})"), number, 1)
    line = found.lines[0]
    assert (len(line.events), line.left_out) == (MOST_EVENTS, 5 * 2)
    for number in range(MOST_LINES + 7):
        found.begin(step(number), 2)
    assert found.left_out == 8
    assert sum(isinstance(event, Line) for event in line.events) == MOST_LINES - 1
