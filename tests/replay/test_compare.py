"""Two cfgs over the same captures."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file, load_text
from sipproxy.replay.compare import Comparison, Fate, Ledger, Moves, compare
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.variants import Variant
from sipproxy.testing import request

if TYPE_CHECKING:
    from tests.day import Day

LAX = Fate("answered", 200, "a:1", False)
STRICT = Fate("answered", 403, "a:2", True)


def variant(day: "Day", **sets: str) -> Variant:
    return Variant(load_file(day.guard, overrides=sets), sets)


@pytest.fixture(scope="module")
def found(day: "Day") -> Comparison:
    """Bans after five wrong passwords, and after three: bob, who mistypes thrice, is hit."""
    captures = Captures([day.pcap])
    manner = Manner(auth="capture")
    return compare(captures, variant(day, MAX="5"), variant(day, MAX="3"), manner=manner)


def test_who_moves_from_pass_to_block(found: Comparison) -> None:
    ((bob, moved),) = found.newly_blocked()
    assert (bob.user, bob.address, bob.blocked) == ("bob", "192.0.2.12", 2)
    assert (moved.newly_blocked, moved.newly_passed, moved.same) == (2, 0, 6)
    assert found.newly_passed() == []
    assert found.total.newly_blocked == 6 and found.total.changed == 6
    assert found.total.requests == 96
    changed = {name: moves.newly_blocked for name, moves in found.changed_sources()}
    assert changed == {"192.0.2.12": 2, "203.0.113.9": 2, "203.0.113.10": 2}
    assert next(iter(changed)) == "192.0.2.12", "the source of a known good user comes first"


def test_the_first_difference(found: Comparison) -> None:
    first = found.total.first
    assert first is not None
    assert (first.of.packet, first.of.user, first.a.status, first.b.status) == (21, "bob", 200, 403)
    assert first.b.line.endswith("guard.cfg:16") and first.b.blocked and not first.a.blocked


def test_there_is_a_way_back(day: "Day") -> None:
    captures = Captures([day.pcap])
    manner = Manner(auth="capture")
    back = compare(captures, variant(day, MAX="3"), variant(day, MAX="5"), manner=manner)
    ((bob, moved),) = back.newly_passed()
    assert (bob.user, bob.blocked, moved.newly_passed) == ("bob", 2, 2)
    assert back.newly_blocked() == [] and back.total.newly_passed == 6
    none = compare(captures, variant(day), variant(day), manner=manner)
    assert none.total.first is None and none.total.same == 96 and none.changed_sources() == []


def test_another_answer_on_the_same_side(day: "Day") -> None:
    text = 'loadmodule "sl.so"\nrequest_route { sl_send_reply("%s", "x"); }\n'
    sides = [Variant(load_text(text % code), {}) for code in ("403", "503")]
    found = compare(Captures([day.pcap]), *sides)
    assert (found.total.otherwise, found.total.newly_blocked, found.total.same) == (96, 0, 0)


def test_both_look_at_the_same_address(day: "Day") -> None:
    """That of A, whatever B listens on."""
    text = 'listen=udp:%s\nloadmodule "sl.so"\nrequest_route { sl_send_reply("200", "x"); }\n'
    ours, other = (Variant(load_text(text % a), {}) for a in ("192.0.2.1:5060", "192.0.2.7:5060"))
    found = compare(Captures([day.pcap]), ours, other)
    assert (found.total.same, found.only_a, found.only_b) == (96, 0, 0)
    assert found.b.replayed.me == [("192.0.2.1", 5060)]


def test_requests_that_only_one_of_them_is_given(tmp_path: Path) -> None:
    """The BYE of who was called is not played where the call was refused."""
    path = str(tmp_path / "call.pcap")
    us, caller, called = ("192.0.2.1", 5060), ("192.0.2.11", 5060), ("192.0.2.99", 5060)
    invite = request("INVITE", "sip:bob@192.0.2.99", source="192.0.2.11:5060", call_id="c")
    bye = request("BYE", "sip:alice@x", source="192.0.2.99:5060", call_id="c", to_tag="t")
    with PcapWriter(path) as writer:
        for number, (source, dest, data) in enumerate(
            [(caller, us, invite), (us, called, invite), (called, us, bye)]
        ):
            writer.add(1000.0 + number, source, dest, data)
    lets, refuses = (
        Variant(load_text(f'loadmodule "sl.so"\nrequest_route {{ {act}; }}'), {})
        for act in ("forward(192.0.2.99)", 'sl_send_reply("403", "No")')
    )
    one = compare(Captures([path]), lets, refuses, me=[us])
    assert (one.only_a, one.only_b, one.total.newly_blocked) == (1, 0, 1)
    other = compare(Captures([path]), refuses, lets, me=[us])
    assert (other.only_a, other.only_b, other.total.newly_passed) == (0, 1, 1)


def test_a_ledger_gives_back_once_what_was_put() -> None:
    ledger = Ledger()
    ledger.put(7, LAX)
    ledger.put(2, STRICT)
    ledger.put(9, LAX)
    assert len(ledger) == 3
    assert (ledger.take(7), ledger.take(7), ledger.take(3), ledger.take(99)) == (
        LAX,
        None,
        None,
        None,
    )
    assert (ledger.take(2), len(ledger)) == (STRICT, 1)


def test_what_counts_as_a_difference() -> None:
    relayed = [Fate("relayed", status, "", False) for status in (200, 486)]
    assert not relayed[0].differs(relayed[1]), "who answered is behind both"
    assert LAX.differs(STRICT) and LAX.differs(relayed[0])
    assert not LAX.differs(LAX._replace(line="b:9"))
    assert Moves().requests == 0


def test_statements_of_databases_are_counted(day: "Day") -> None:
    text = (
        'loadmodule "sl.so"\nloadmodule "db_sqlite.so"\nloadmodule "sqlops.so"\n'
        'modparam("sqlops", "sqlcon", "a=>sqlite:////dev/null")\n'
        'request_route { if (method == "OPTIONS") { sql_query("a", "select 1", "r"); }\n'
        'sl_send_reply("200", "x"); }\n'
    )
    asking = Variant(load_text(text), {})
    silent = Variant(load_text(text.replace("OPTIONS", "BYE")), {})
    found = compare(Captures([day.pcap]), asking, silent)
    assert (found.a.statements, found.b.statements) == (18, 0)
    assert found.total.same == 96
