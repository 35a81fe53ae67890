"""Who in a capture counts as an attacker."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file, load_text
from sipproxy.replay.attackers import (
    BROKE_IN,
    GUESSED,
    LISTED,
    SCANNED,
    SHARED,
    SPRAYED,
    attackers_in,
    read_attackers,
)
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.people import Good, GoodError
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.run import replay
from sipproxy.testing.messages import Messages

if TYPE_CHECKING:
    from tests.day import Day

US, THEM = ("192.0.2.1", 5060), ("203.0.113.9", 5060)
Row = tuple[str, str, bool, int]
"""Method, user, whether with credentials, the old server's answer."""
Played = Callable[..., Player]


@pytest.fixture
def played(tmp_path: Path) -> Played:
    """Plays what one address sent, and what the old server answered it."""

    def play(rows: list[Row], good: Good | None = None) -> Player:
        messages, path = Messages(), str(tmp_path / "c.pcap")
        with PcapWriter(path) as writer:
            for number, (method, user, proved, status) in enumerate(rows):
                line = f'Authorization: Digest username="{user}"' if proved else ""
                asked = messages.request(
                    method, "sip:example.com", user=user, source="203.0.113.9:5060", headers=line
                )
                writer.add(1000.0 + number, THEM, US, asked)
                if status:
                    answer = messages.response(asked, status, "x")
                    writer.add(1000.1 + number, US, THEM, answer)
        program = load_text('loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "x"); }\n')
        manner = Manner(auth="capture", good=good or Good())
        return replay(program, [path], me=[US], manner=manner).player

    return play


def test_those_of_a_day(day: "Day") -> None:
    player = replay(load_file(day.guard), [day.pcap], manner=Manner(auth="capture")).player
    found = attackers_in(player)
    assert found.why == {"203.0.113.9": GUESSED, "203.0.113.10": SPRAYED}
    assert (len(found), found.found_by) == (2, "the captures")
    listed = attackers_in(player, Good(["192.0.2.50", "192.0.2.99"]))
    assert (listed.why, listed.found_by) == ({"192.0.2.50": LISTED}, "as listed")


WRONG: Row = ("REGISTER", "bob", True, 401)
RIGHT: Row = ("REGISTER", "bob", True, 200)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([WRONG] * 5, GUESSED),
        ([WRONG] * 4, ""),
        ([WRONG] * 4 + [RIGHT] + [WRONG] * 20, ""),
        ([WRONG] * 5 + [RIGHT], BROKE_IN),
        ([("REGISTER", f"u{n}", True, 403) for n in range(5)], SPRAYED),
        ([("REGISTER", f"u{n}", True, 403) for n in range(4)], ""),
        ([("REGISTER", f"u{n}", False, 404) for n in range(5)], SCANNED),
        ([("REGISTER", f"u{n}", False, 404) for n in range(4)], ""),
        ([("REGISTER", f"u{n}", False, 0) for n in range(5)], ""),
        ([("OPTIONS", f"u{n}", False, 200) for n in range(5)], SCANNED),
        ([("MESSAGE", f"u{n}", False, 200) for n in range(5)], ""),
        ([("OPTIONS", "bob", False, 200)] * 500, ""),
    ],
)
def test_by_the_old_servers_answers(played: Played, rows: list[Row], why: str) -> None:
    found = attackers_in(played(rows)).why
    assert found == ({"203.0.113.9": why} if why else {})


def test_many_addresses_that_guess_a_little(tmp_path: Path) -> None:
    """One user who fails at five addresses, and one who fails at four."""
    messages, path = Messages(), str(tmp_path / "c.pcap")
    with PcapWriter(path) as writer:
        for user, count in (("bob", 5), ("carol", 4)):
            for number in range(count):
                source = f"198.51.100.{number + (10 if user == 'bob' else 20)}"
                line = f'Authorization: Digest username="{user}"'
                asked = messages.register(user, source=f"{source}:5060", headers=line)
                time = 1000.0 + number
                writer.add(time, (source, 5060), US, asked)
                writer.add(time, US, (source, 5060), messages.response(asked, 401, "No"))
    player = replay(load_text("request_route { drop; }\n"), [path], me=[US]).player
    assert attackers_in(player).why == {f"198.51.100.{n}": SHARED for n in range(10, 15)}


def test_the_truth_of_a_made_up_capture(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    rows = [("192.0.2.1", "good"), ("192.0.2.2", "attacker"), ("192.0.2.3", "misconfigured")]
    path.write_text(json.dumps({"sources": [{"address": a, "label": b} for a, b in rows]}))
    listed = read_attackers(str(path))
    assert [listed.has("", address) for address, _ in rows] == [False, True, False]
    for text in ("{}", "[]", "no json", '{"sources": [{}]}'):
        path.write_text(text)
        with pytest.raises(GoodError, match="has no sources with labels"):
            read_attackers(str(path))
    with pytest.raises(GoodError, match="cannot read"):
        read_attackers(str(tmp_path / "none.json"))
    plain = tmp_path / "list"
    plain.write_text("192.0.2.9\n")
    assert read_attackers(str(plain)).has("", "192.0.2.9")


def test_who_is_listed_as_good_is_none(played: Played) -> None:
    rows = [WRONG] * 5
    assert attackers_in(played(rows, Good(["203.0.113.9"]))).why == {}
    assert attackers_in(played(rows, Good(["bob"]))).why == {}
