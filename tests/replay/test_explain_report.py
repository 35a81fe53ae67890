"""An explanation for people, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from sipproxy.errors import Span
from sipproxy.program import load_file, load_text
from sipproxy.replay.explain import Explained, Explainer, Wanted, explain
from sipproxy.replay.explain_report import Sources, as_json_data, as_text
from sipproxy.replay.explain_trace import Run
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.verdicts import Decision
from sipproxy.testing import request

if TYPE_CHECKING:
    from tests.day import Day


def of_day(day: "Day", wanted: Wanted) -> Explained:
    program = load_file(day.guard)
    return explain(Captures([day.pcap]), program, wanted, manner=Manner(auth="capture"))


@pytest.fixture(scope="module")
def ban(day: "Day") -> Explained:
    return of_day(day, Wanted(packets=frozenset({(-1, 21)})))


def test_a_ban_for_people(ban: Explained, day: "Day") -> None:
    guard = day.guard
    where = "(REGISTER of bob from 192.0.2.12:5060)"
    text = as_text(ban)
    assert text.partition("\n\n")[2] == (
        "packet 21, 11:08:41.000: REGISTER sip:example.com from 192.0.2.12:5060\n"
        "  user bob, Call-ID call-11, CSeq 1 REGISTER\n"
        f"  answered 403, blocked at {guard}:16; the old server answered 200\n"
        f"  request_route ({guard})\n"
        "      15  if ($sht(banned=>$si) != $null)  -> yes\n"
        '              $si is "192.0.2.12"\n'
        "              $sht(banned=>192.0.2.12) is 1795000114\n"
        '      16      sl_send_reply("403", "Banned")\n'
        "                  sent: SIP/2.0 403 Banned to 192.0.2.12:5060\n"
        "                  sl_send_reply() answers 1\n"
        "      17      exit\n"
        "  earlier:\n"
        "    banned=>192.0.2.12 was 1795000114 until 11:13:34\n"
        f"      packet 17, 11:08:34.000 {where} at {guard}:33: "
        "nothing -> 1795000114 until 11:13:34\n"
        "        fails=>192.0.2.12 was 3 until 11:18:34\n"
        f"          packet 13, 11:08:20.005 {where} at {guard}:32: "
        "nothing -> 1 until 11:18:20\n"
        f"          packet 15, 11:08:27.000 {where} at {guard}:32: "
        "1 until 11:18:20 -> 2 until 11:18:27\n"
        f"          packet 17, 11:08:34.000 {where} at {guard}:32: "
        "2 until 11:18:27 -> 3 until 11:18:34"
    )


def test_a_route_that_is_called_is_set_in(day: "Day") -> None:
    text = as_text(of_day(day, Wanted(packets=frozenset({(-1, 17)}))))
    assert (
        "      20      route(AUTH)\n"
        "                  route[AUTH]\n"
        '                    26  pv_auth_check("example.com", "nobody knows", "0", "0")\n'
        "                            pv_auth_check() answers -2\n"
    ) in text
    assert "table banned=>192.0.2.12: nothing -> 1795000114 until 11:13:34\n" in text
    assert "$var(code) := -2\n" in text


def test_the_course_of_a_source(day: "Day") -> None:
    text = as_text(of_day(day, Wanted(source="203.0.113.9")))
    assert text.startswith(f"source 203.0.113.9: 41 requests in {day.pcap} through {day.guard}\n")
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert f"27-33 11:09:10.250 4 REGISTER answered 401 {day.guard}:36" in rows
    assert f"35-113 11:09:13.250 37 REGISTER answered 403, blocked {day.guard}:16" in rows
    assert text.endswith("39 requests are not explained one by one (see --packet)")


def test_json(ban: Explained, day: "Day") -> None:
    data: dict[str, Any] = json.loads(json.dumps(as_json_data(ban)))
    assert (data["wanted"], data["requests"]) == ("packet 21", 1)
    (run,) = data["runs"]
    assert (run["packet"], run["decision"]["status"], run["blocked"]) == (21, 403, True)
    first = run["lines"][0]
    assert (first["line"], first["outcomes"], first["route"]) == (15, [True], "request_route")
    assert first["text"] == "if ($sht(banned=>$si) != $null)"
    assert first["events"][1] == {
        "event": "value",
        "name": "$sht(banned=>192.0.2.12)",
        "value": 1795000114,
    }
    assert run["lines"][1]["events"][0] == {
        "event": "sent",
        "message": "SIP/2.0 403 Banned",
        "to": "192.0.2.12:5060",
    }
    (banned,) = run["history"]
    assert (banned["table"], banned["writes"][0]["packet"]) == ("banned", 17)
    assert banned["writes"][0]["new"] == {"value": 1795000114, "expires": 1795000414}
    assert [write["packet"] for write in banned["because"][0]["writes"]] == [13, 15, 17]
    (row,) = data["course"]
    assert (row["first_packet"], row["last_packet"], row["count"]) == (21, 21, 1)


def test_conditions_of_the_core_are_named_as_they_stand(day: "Day") -> None:
    text = 'loadmodule "sl.so"\nrequest_route {\n\tif (!(af == INET) || method==OPTIONS) drop;\n}\n'
    wanted = Wanted(source="192.0.2.50")
    shown = as_text(explain(Captures([day.pcap]), load_text(text, file="x.cfg"), wanted))
    assert (
        "       3  if (!(af == INET) || method==OPTIONS)  -> yes\n"
        "              af == INET is yes\n"
        "              method==OPTIONS is yes\n"
    ) in shown


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("  if ($a == 1) {\n", (1, 3, 1, 14), "if ($a == 1)"),
        ("  if (f($a)\n      && g($b)) {", (2, 7, 2, 15), "&& g($b)"),
        ("  if (f($a)\n      && g($b)) {", (1, 3, 2, 15), "if (f($a) && g($b))"),
        ("  $var(x) =   1;", (1, 3, 1, 16), "$var(x) = 1"),
        ("x" * 300, (1, 1, 1, 301), "x" * 200 + "..."),
        ("f(\x1b)", (1, 1, 1, 5), "f(\\x1b)"),
    ],
)
def test_the_text_of_a_line(text: str, span: tuple[int, int, int, int], shown: str) -> None:
    assert Sources({"x.cfg": text}).text(Span("x.cfg", *span)) == shown


US, CALLER = ("192.0.2.1", 5060), ("192.0.2.11", 5060)
MANY = """loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "db_sqlite.so"
loadmodule "sqlops.so"
loadmodule "rtpengine.so"
modparam("htable", "htable", "t=>size=4;autoexpire=5;initval=0")
modparam("htable", "timer_interval", 1)
modparam("sqlops", "sqlcon", "a=>sqlite:////dev/null")
include_file "more.cfg"
request_route {
    if ($shtinc(t=>n) > 20) { sl_send_reply("503", "x"); exit; }
    if ($sht(t=>gone) == 0) { $sht(t=>gone) = 7; }
    sql_query("a", "select 1", "r");
    rtpengine_offer();
    route(MORE);
}
"""
MORE = """route[MORE] {
    $var(i) = 0;
    while ($var(i) < 60) { $var(i) = $var(i) + 1; }
    forward(192.0.2.99);
}
"""


def explained(folder: Path, times: Sequence[float], wanted: Wanted, files: int = 1) -> Explained:
    """OPTIONS at these seconds, in each of several captures, through MANY."""
    (folder / "x.cfg").write_text(MANY)
    (folder / "more.cfg").write_text(MORE)
    paths = [str(folder / f"{name}.pcap") for name in range(files)]
    for name, path in enumerate(paths):
        with PcapWriter(path) as writer:
            for number, time in enumerate(times):
                data = request(number=number, call_id=f"{name}-{number}")
                writer.add(1_000_000.0 + 1000 * name + time, CALLER, US, data)
    program = load_file(str(folder / "x.cfg"))
    return explain(Captures(paths), program, wanted, me=[US])


def test_whatever_may_happen_at_a_line(tmp_path: Path) -> None:
    wanted = Wanted(packets=frozenset({(-1, 1)}))
    text = as_text(explained(tmp_path, [0.0], wanted))
    assert "  relayed to 192.0.2.99:5060 at " in text
    assert "  depends on what was stubbed: rtpengine_offer\n" in text
    assert "database: select 1 with (): 1 rows\n" in text
    assert f"route[MORE] ({tmp_path / 'more.cfg'})\n" in text
    assert "sent: OPTIONS sip:bob@example.com SIP/2.0 to 192.0.2.99:5060\n" in text
    loop = "  3  while ($var(i) < 60)  -> "
    assert (text.count(f"{loop}yes\n"), text.count(f"{loop}no\n")) == (60, 1)
    data = as_json_data(explained(tmp_path, [0.0], wanted))
    lines = data["runs"][0]["lines"]
    (asked,) = [event for line in lines for event in line["events"] if "sql" in event]
    assert (asked["event"], asked["sql"], asked["rows"]) == ("database", "select 1", 1)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    times = [n / 10 for n in range(20)]
    text = as_text(explained(tmp_path, times, Wanted(packets=frozenset({(-1, 20)}))))
    assert "\n      ... 10 writes ...\n" in text
    assert "    t=>gone was 7 until" in text
    found = explained(tmp_path, times, Wanted(source="192.0.2.11"))
    found.explainer.sight.history._gone.forgotten = 3
    found.explainer.runs[0].left_out = 2
    found.explainer.runs[0].lines[0].left_out = 4
    text = as_text(found)
    assert "\n  and 2 more lines\n" in text and "and 4 more values\n" in text
    assert text.endswith(
        "19 requests are not explained one by one (see --packet)\n"
        "the history of 3 cells was too long ago"
    )


def test_a_timer_that_sweeps_is_no_packet(tmp_path: Path) -> None:
    text = as_text(explained(tmp_path, [0.0, 20.0], Wanted(packets=frozenset({(-1, 2)}))))
    assert "t=>gone was nothing\n" in text
    assert " a timer, 13:46:46.000: 7 until 13:46:45 -> nothing" in text


def test_several_captures(tmp_path: Path) -> None:
    """Packets of the second one are told from those of the first."""
    found = explained(tmp_path, [0.1 * n for n in range(24)], Wanted(source="192.0.2.11"), 2)
    rows = [line.split()[0] for line in as_text(found).splitlines() if " OPTIONS " in line]
    assert rows[:4] == ["1-20", "21-24", "2:1-20", "2:21-24"]


def test_a_request_for_which_no_route_ran(ban: Explained) -> None:
    run = Run.without(cast(Decision, ban.explainer.runs[0].decision), 0)
    shown = replace(ban, explainer=Explainer(ban.wanted))
    shown.explainer.runs = [run]
    assert "  no route ran for it: a retransmission, an ACK" in as_text(shown)
