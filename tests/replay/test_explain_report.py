"""An explanation for people, and as JSON."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from sipproxy.errors import Span
from sipproxy.program import load_file, load_text
from sipproxy.replay.explain import Explained, Wanted, explain
from sipproxy.replay.explain_report import Sources, as_json_data, as_text
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures

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
