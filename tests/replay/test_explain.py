"""Which requests are explained, and with what."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file, load_text
from sipproxy.replay.explain import MOST, Explained, Explainer, ExplainError, Wanted, explain
from sipproxy.replay.explain_trace import Asked, Changed, Event, Line, Run, Seen, Sent
from sipproxy.replay.glance import Exchange
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.survey import Outcome
from sipproxy.replay.verdicts import Decision
from sipproxy.testing import request

if TYPE_CHECKING:
    from tests.day import Day

US, CALLER, CALLED = ("192.0.2.1", 5060), ("192.0.2.11", 5060), ("192.0.2.99", 5060)
Row = tuple[float, tuple[str, int], tuple[str, int], bytes]
Told = Callable[..., Explained]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Explains rows of (seconds, source, destination, message) under the text of a cfg."""

    def tell(cfg: str, rows: list[Row], wanted: Wanted) -> Explained:
        path = str(tmp_path / "c.pcap")
        with PcapWriter(path) as writer:
            for time, source, dest, data in rows:
                writer.add(1_000_000.0 + time, source, dest, data)
        return explain(Captures([path]), load_text(cfg, file="x.cfg"), wanted, me=[US])

    return tell


def of_day(day: "Day", wanted: Wanted) -> Explained:
    program = load_file(day.guard)
    return explain(Captures([day.pcap]), program, wanted, manner=Manner(auth="capture"))


def events(lines: list[Line]) -> list[Event]:
    """All that was seen, lines left out."""
    found: list[Event] = []
    for line in lines:
        for event in line.events:
            found += events([event]) if isinstance(event, Line) else [event]
    return found


def lines(run: Run) -> list[int]:
    """Numbers of the lines that ran, in their order."""
    found: list[int] = []
    waiting = list(run.lines)
    while waiting:
        line = waiting.pop(0)
        found.append(line.step.span.line)
        waiting = [event for event in line.events if isinstance(event, Line)] + waiting
    return found


def test_a_ban_and_what_led_to_it(day: "Day") -> None:
    """Bob's right password is refused: packet 17 wrote the ban, 13, 15 and 17 counted."""
    (run,) = of_day(day, Wanted(packets=frozenset({(-1, 21)}))).explainer.runs
    assert run.decision is not None
    assert (run.decision.status, run.blocked, run.decision.user) == (403, True, "bob")
    assert lines(run) == [15, 16, 17]
    assert run.lines[0].outcomes == [True]
    seen = events(run.lines)
    assert Seen("value", "$sht(banned=>192.0.2.12)", 1795000114) in seen
    assert Sent("SIP/2.0 403 Banned", ("192.0.2.12", 5060)) in seen
    (banned,) = run.trails
    assert [(w.by.packet, w.line.rpartition(":")[2]) for w in banned.writes] == [(17, "33")]
    (fails,) = banned.because
    assert fails.place == ("fails", "192.0.2.12")
    assert [(write.by.packet, write.new and write.new[0]) for write in fails.writes] == [
        (13, 1),
        (15, 2),
        (17, 3),
    ]
    assert banned.writes[0].by.who == "REGISTER of bob from 192.0.2.12:5060"


def test_what_changed_at_the_line_that_changed_it(day: "Day") -> None:
    (run,) = of_day(day, Wanted(packets=frozenset({(0, 17)}))).explainer.runs
    assert lines(run) == [15, 19, 20, 26, 27, 28, 32, 33, 34, 36, 37]
    changes = [event for event in events(run.lines) if isinstance(event, Changed)]
    assert changes == [
        Changed(("fails", "192.0.2.12"), (2, 1795000707), (3, 1795000714)),
        Changed(("banned", "192.0.2.12"), None, (1795000114, 1795000414)),
    ]
    seen = [event for event in events(run.lines) if isinstance(event, Seen)]
    assert Seen("call", "pv_auth_check()", -2) in seen
    assert Seen("assigned", "$var(code)", -2) in seen
    assert Seen("value", "$shtinc(fails=>192.0.2.12)", 3) in seen


def test_of_a_source_the_turning_points(day: "Day") -> None:
    found = of_day(day, Wanted(source="203.0.113.9")).explainer
    assert [(row.count, row.first.packet, row.last.packet, row.blocked) for row in found.rows] == [
        (4, 27, 33, False),
        (37, 35, 113, True),
    ]
    assert [run.packet for run in found.runs] == [27, 35]
    assert (found.requests, found.left_out) == (41, 39)


def test_a_call_in_all_its_requests(told: Told) -> None:
    cfg = 'loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n'
    rows: list[Row] = [
        (n, CALLER, US, request(call_id="one" if n % 2 else "two", cseq=n, number=n))
        for n in range(1, 2 * MOST + 10)
    ]
    found = told(cfg, rows, Wanted(call_id=b"one")).explainer
    assert found.requests == MOST + 5
    assert len(found.runs) == MOST and found.left_out == 5
    assert {run.call_id for run in found.runs} == {"one"}
    assert [row.count for row in found.rows] == [MOST + 5]


def test_later_routes_of_a_request_belong_to_it(told: Told) -> None:
    """A failure route that a timer runs is a part of the story, and stands in its order."""
    cfg = (
        'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "pv.so"\n'
        'modparam("tm", "fr_timer", 3000)\n'
        "request_route {\n"
        '    t_on_failure("F");\n    t_on_branch("B");\n    $du = "sip:192.0.2.99";\n'
        "    t_relay();\n}\n"
        'failure_route[F] {\n    t_reply("503", "Nobody");\n}\n'
        "branch_route[B] {\n    $var(x) = 1;\n}\n"
    )
    rows: list[Row] = [
        (0, CALLER, US, request("MESSAGE", call_id="one", source="192.0.2.11:5060")),
        (9, CALLER, US, request("MESSAGE", call_id="two", number=2, source="192.0.2.11:5060")),
    ]
    found = told(cfg, rows, Wanted(packets=frozenset({(-1, 1)}))).explainer
    assert [run.kind for run in found.runs] == ["request", "failure"]
    first, failed = found.runs
    assert lines(first) == [6, 7, 8, 9, 15], "the branch route lies within t_relay"
    assert first.decision is not None and first.decision.verdict == "relayed"
    assert failed.time == pytest.approx(1_000_003.0, abs=0.2)
    sent = [event for event in events(failed.lines) if isinstance(event, Sent)]
    assert sent == [Sent("SIP/2.0 503 Nobody", CALLER)]


def test_what_timers_send_for_others_is_not_told(told: Told) -> None:
    """The first request is sent again and again, while the second is the last that ran a route."""
    cfg = (
        'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "pv.so"\n'
        'request_route { if ($rm == "OPTIONS") { sl_send_reply("200", "OK"); exit; }\n'
        '$du = "sip:192.0.2.99"; t_relay(); }\n'
    )
    rows: list[Row] = [
        (0.0, CALLER, US, request("MESSAGE", call_id="one", source="192.0.2.11:5060")),
        (0.1, CALLER, US, request(call_id="two", number=2, source="192.0.2.11:5060")),
        (9.0, CALLER, US, request("ACK", call_id="three", number=3, source="192.0.2.11:5060")),
    ]
    (run,) = told(cfg, rows, Wanted(call_id=b"two")).explainer.runs
    sent = [event for event in events(run.lines) if isinstance(event, Sent)]
    assert sent == [Sent("SIP/2.0 200 OK", CALLER)]


def test_databases_that_are_asked(told: Told) -> None:
    cfg = (
        'loadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "db_sqlite.so"\n'
        'loadmodule "sqlops.so"\nmodparam("sqlops", "sqlcon", "a=>sqlite:////dev/null")\n'
        'request_route { sql_query("a", "select 1 union select 2", "r"); drop; }\n'
    )
    (run,) = told(cfg, [(0, CALLER, US, request())], Wanted(source="192.0.2.11")).explainer.runs
    asked = [event for event in events(run.lines) if isinstance(event, Asked)]
    assert asked == [Asked("select 1 union select 2", (), 2)]


def test_a_sweep_is_nobodys_line(told: Told) -> None:
    """A timer takes out what has expired: that stands in the history, and in no message's tree."""
    cfg = (
        'loadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "htable.so"\n'
        'modparam("htable", "htable", "t=>size=4;autoexpire=2")\n'
        'modparam("htable", "timer_interval", 1)\n'
        "request_route { if ($sht(t=>k) == $null) { $sht(t=>k) = 1; } drop; }\n"
    )
    rows: list[Row] = [(0, CALLER, US, request()), (9, CALLER, US, request(number=2))]
    found = told(cfg, rows, Wanted(packets=frozenset({(-1, 2)})))
    (run,) = found.explainer.runs
    (trail,) = run.trails
    assert [(write.by.packet, write.line) for write in trail.writes] == [(1, "x.cfg:6"), (0, "")]
    assert trail.cell is None
    changes = [event for event in events(run.lines) if isinstance(event, Changed)]
    assert changes == [Changed(("t", "k"), None, (1, 1_000_011))]


def test_a_request_that_comes_to_no_route() -> None:
    explainer = Explainer(Wanted(call_id=b"c"))
    found = Exchange(b"c", b"1 ACK")
    decision = Decision(7, 100.0, CALLER, Outcome(), found, "alice")
    decision.verdict = "absorbed"
    explainer.take(decision, blocked=False)
    (run,) = explainer.runs
    assert (run.packet, run.kind, run.lines, run.decision) == (7, "", [], decision)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(packets=frozenset({(-1, 9)})), "the captures have no message with packet 9"),
        (Wanted(packets=frozenset({(1, 1)})), "the captures have no message with packet 2:1"),
        (Wanted(call_id=b"no"), "the captures have no message with Call-ID no"),
        (
            Wanted(source="192.0.2.99"),
            "no request with source 192.0.2.99 came to us: packet 2 goes from 192.0.2.99:5060 to "
            "192.0.2.11:5060, we are 192.0.2.1:5060 (see --me)",
        ),
    ],
)
def test_nothing_to_explain(told: Told, wanted: Wanted, said: str) -> None:
    cfg = 'loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n'
    rows: list[Row] = [(0, CALLER, US, request()), (1, CALLED, CALLER, request(number=2))]
    with pytest.raises(ExplainError) as caught:
        told(cfg, rows, wanted)
    assert str(caught.value) == said


def test_what_came_and_cannot_be_read(told: Told) -> None:
    broken = b"OPTIONS sip:x SIP/2.0\r\nCall-ID: a\r\nCSeq: x\r\n\r\n"
    with pytest.raises(ExplainError, match=r"packet 1, from .* is no request that can be read"):
        told("request_route { exit; }\n", [(0, CALLER, US, broken)], Wanted(source=CALLER[0]))


def test_a_match_is_a_yes(told: Told) -> None:
    """A core condition gives what the expression found; JSON has true."""
    cfg = 'request_route { if (!(uri =~ "bob")) exit; drop; }\n'
    (run,) = told(cfg, [(0, CALLER, US, request())], Wanted(source=CALLER[0])).explainer.runs
    (seen,) = [event for event in events(run.lines) if isinstance(event, Seen)]
    assert seen.value is True
    assert run.lines[0].outcomes == [False]


def test_nothing_changes_because_somebody_looks(day: "Day") -> None:
    """Every decision is the one of a replay that nobody watches."""
    captures, program = Captures([day.pcap]), load_file(day.guard)
    plain: list[tuple[int, str, int, str]] = []
    watched: list[tuple[int, str, int, str]] = []
    for rows, wanted in ((plain, None), (watched, Wanted(source="203.0.113.9"))):
        manner = Manner(
            auth="capture",
            told=lambda d, rows=rows: rows.append((d.place, d.verdict, d.status, d.line)),  # type: ignore[misc]
        )
        if wanted is None:
            captures.play(program, manner=manner)
        else:
            explain(captures, program, wanted, manner=manner)
    assert plain == watched and len(plain) == 96
