"""The fewest messages that lead to a verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file, load_text
from sipproxy.replay.explain import Wanted, explain
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.verdicts import Decision
from sipproxy.testing import RIGHT, WRONG, request
from sipproxy.testing.savetest import Case, SaveError, find_case

if TYPE_CHECKING:
    from tests.day import Day

US, CALLER, OTHER = ("192.0.2.1", 5060), ("192.0.2.11", 5060), ("192.0.2.12", 5060)
Row = tuple[float, tuple[str, int], tuple[str, int], bytes]


def of_day(day: "Day", wanted: Wanted, auth: str = "capture") -> Case:
    captures = Captures([day.pcap])
    found = explain(captures, load_file(day.guard), wanted, manner=Manner(auth=auth))
    return find_case(found, captures)


def of_rows(folder: Path, cfg: str, rows: list[Row], wanted: Wanted) -> Case:
    path = str(folder / "c.pcap")
    with PcapWriter(path) as writer:
        for time, source, dest, data in rows:
            writer.add(1_000_000.0 + time, source, dest, data)
    captures = Captures([path])
    return find_case(explain(captures, load_text(cfg), wanted, me=[US]), captures)


def numbers(case: Case) -> list[int]:
    """The numbers in the branches of the messages."""
    found = []
    for message in case.messages:
        branch = message.data.partition(b"branch=z9hG4bK-")[2]
        found.append(int(branch.partition(b"\r")[0]))
    return found


def test_three_guesses_and_the_one_that_is_refused(day: "Day") -> None:
    case = of_day(day, Wanted(packets=frozenset({(-1, 21)})))
    assert case.verdict == "answered 403"
    assert [message.credentials for message in case.messages] == [WRONG, WRONG, WRONG, RIGHT]
    assert all(message.source == "192.0.2.12:5060" for message in case.messages)
    assert case.us == ["192.0.2.1:5060"]
    times = [round(message.time - 1_795_000_000, 3) for message in case.messages]
    assert times == [100.005, 107.0, 114.0, 121.0]


def test_of_a_source_the_first_that_is_blocked(day: "Day") -> None:
    case = of_day(day, Wanted(source="203.0.113.9"))
    assert (case.run.packet, case.verdict, len(case.messages)) == (35, "answered 403", 4)
    alone = of_day(day, Wanted(source="192.0.2.50"))
    assert (alone.verdict, len(alone.messages)) == ("answered 200", 1)


def test_who_knows_the_passwords(day: "Day") -> None:
    accepted = of_day(day, Wanted(packets=frozenset({(-1, 21)})), "accept")
    assert accepted.verdict == "answered 200"
    assert [message.credentials for message in accepted.messages] == [RIGHT]
    refused = of_day(day, Wanted(packets=frozenset({(-1, 21)})), "reject")
    assert {message.credentials for message in refused.messages} == {WRONG}


TWICE = """loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "auth.so"
modparam("auth", "secret", "the secret of the day")
modparam("auth", "auth_checks_register", 8)
request_route {
    pv_auth_check("example.com", "-", "0", "0");
    if ($rc == -2 && pv_auth_check("example.com", "wonder", "0", "0") > 0) {
        sl_send_reply("200", "OK");
        exit;
    }
    auth_challenge("example.com", "0");
}
"""


def test_credentials_that_are_looked_at_twice(day: "Day") -> None:
    """The cfg itself knows the password: what its functions answered is kept, one by one."""
    captures, program = Captures([day.pcap]), load_text(TWICE)
    decisions: list[Decision] = []
    captures.play(program, manner=Manner(told=decisions.append))
    packet = next(one.packet for one in decisions if one.status == 200)
    wanted = Wanted(packets=frozenset({(-1, packet)}))
    case = find_case(explain(captures, program, wanted), captures)
    assert (case.verdict, case.decision.user) == ("answered 200", "alice")
    assert [message.credentials for message in case.messages] == [(WRONG, RIGHT)]


def test_responses_of_credentials_are_left_out(day: "Day") -> None:
    case = of_day(day, Wanted(packets=frozenset({(-1, 21)})))
    assert all(b'response="' + b"0" * 32 + b'"' in message.data for message in case.messages)
    assert b"Content-Length: 0\r\n\r\n" in case.messages[0].data


COUNTS = """loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "n=>size=4;initval=0")
request_route {
    if ($shtinc(n=>all) > 12) { sl_send_reply("503", "Enough"); exit; }
    sl_send_reply("200", "OK");
}
"""


def test_what_the_history_does_not_hold_is_looked_for(tmp_path: Path) -> None:
    """Twelve counts are more than are kept of a cell, and they are of two sources."""
    rows: list[Row] = [(n, CALLER if n % 2 else OTHER, US, request(number=n)) for n in range(1, 17)]
    case = of_rows(tmp_path, COUNTS, rows, Wanted(source="192.0.2.11"))
    assert (case.run.packet, case.verdict) == (13, "answered 503")
    assert numbers(case) == [*range(1, 14)]


def test_messages_that_do_not_matter_are_not_kept(tmp_path: Path) -> None:
    """Every second request counts; the others, of the same source, are spared."""
    cfg = COUNTS.replace("if ($shtinc", "if ($cs == 1 && $shtinc").replace("> 12", "> 4")
    rows: list[Row] = [(n, CALLER, US, request(number=n, cseq=1 + n % 2)) for n in range(1, 14)]
    case = of_rows(tmp_path, cfg, rows, Wanted(source="192.0.2.11"))
    assert numbers(case) == [*range(2, 11, 2)]


@pytest.mark.parametrize(
    ("act", "verdict"),
    [
        ("drop", "dropped"),
        ("forward(192.0.2.12)", "relayed to 192.0.2.12:5060"),
        ("exit", "dropped"),
    ],
)
def test_other_verdicts(tmp_path: Path, act: str, verdict: str) -> None:
    rows: list[Row] = [(1, CALLER, US, request(number=1))]
    cfg = f"request_route {{ {act}; }}\n"
    case = of_rows(tmp_path, cfg, rows, Wanted(source="192.0.2.11"))
    assert (case.verdict, len(case.messages)) == (verdict, 1)


def test_the_line_that_decides_is_the_same(tmp_path: Path) -> None:
    """Two lines answer 403; the test must not be content with the other one."""
    cfg = (
        COUNTS.replace('"503", "Enough"', '"403", "Enough"')
        .replace("> 12", "> 2")
        .replace('    sl_send_reply("200", "OK");', '    sl_send_reply("403", "No");')
    )
    rows: list[Row] = [(n, CALLER, US, request(number=n)) for n in range(1, 5)]
    case = of_rows(tmp_path, cfg, rows, Wanted(packets=frozenset({(-1, 3)})))
    assert case.verdict == "answered 403" and numbers(case) == [1, 2, 3]


def test_what_comes_later_cannot_be_saved(tmp_path: Path) -> None:
    """A timer answers three seconds after the last message."""
    cfg = (
        'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "pv.so"\n'
        'modparam("tm", "fr_timer", 3000)\n'
        'request_route { t_newtran(); sl_send_reply("100", "Trying"); }\n'
    )
    rows: list[Row] = [(1, CALLER, US, request("INVITE", number=1))]
    wanted = Wanted(packets=frozenset({(-1, 1)}))
    with pytest.raises(SaveError, match="do not lead to packet 1 being"):
        of_rows(tmp_path, cfg, rows, wanted)


def test_an_ack_has_no_verdict(tmp_path: Path) -> None:
    rows: list[Row] = [(1, CALLER, US, request("ACK", number=1))]
    with pytest.raises(SaveError, match="packet 1 is absorbed: there is nothing to test"):
        of_rows(tmp_path, "request_route { exit; }\n", rows, Wanted(source="192.0.2.11"))
