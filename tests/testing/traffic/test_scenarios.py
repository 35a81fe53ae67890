"""Made-up captures: they hold what their truth says, and their server answers as ours does."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_file
from sipproxy.replay.capture import Capture
from sipproxy.replay.glance import exchange, status_of
from sipproxy.replay.judges import Users
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.testing.traffic.scenarios import KINDS, Wishes, make

Made = tuple[str, dict[str, Any]]
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "kamailio_cfg"
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_the_truth_names_every_source_and_counts_its_packets(
    made: Callable[[str], Made], kind: str
) -> None:
    path, truth = made(kind)
    packets = list(Capture(path))
    server, _, port = truth["server"].rpartition(":")
    ours = server, int(port)
    sent = Counter(p.datagram.source[0] for p in packets if p.datagram.dest == ours)
    assert {row["address"]: row["packets"] for row in truth["sources"]} == sent
    assert len(packets) == truth["packets"]
    times = [packet.time for packet in packets]
    assert times == sorted(times)
    assert truth["start"] <= times[0] and times[-1] <= truth["start"] + truth["seconds"]


@kinds
def test_each_request_got_its_answer(made: Callable[[str], Made], kind: str) -> None:
    """But for those at the very end, ACKs, and phones without power."""
    path, truth = made(kind)
    asked, answered = set(), set()
    for packet in Capture(path):
        found = exchange(packet.datagram.data)
        if status_of(packet.datagram.data) >= 200:
            answered.add(found)
        elif packet.time < truth["start"] + truth["seconds"] - 30:
            asked.add(found)
    missing = {found for found in asked - answered if found and found.method != "ACK"}
    assert len(missing) <= (6 if kind == "powercut" else 0)


@kinds
def test_a_replay_through_the_cfg_of_that_server_agrees_with_every_answer(
    replayed: Callable[[str], Replayed], kind: str
) -> None:
    found = replayed(kind)
    sources = found.player.sources
    assert [name for name, source in sources.items() if source.diverged] == []
    assert found.is_open_loop and found.player.messages > 100


@kinds
def test_known_good_are_those_who_are_good(
    made: Callable[[str], Made], replayed: Callable[[str], Replayed], kind: str
) -> None:
    truth, people = made(kind)[1], replayed(kind).player.people
    good = {row["address"] for row in truth["sources"] if row["label"] == "good"}
    users = {user for row in truth["sources"] if row["label"] == "good" for user in row["users"]}
    assert {person.address for person in people.known_good()} == good
    assert {person.user for person in people.known_good()} == users
    guessed = {(row["address"], user) for row in truth["sources"] for user in row["guessed"]}
    assert {(person.address, person.user) for person in people.broke_in()} == guessed
    assert bool(guessed) == (kind == "attack")


def test_an_example_stops_the_attackers_and_serves_the_phones(made: Callable[[str], Made]) -> None:
    """The passwords are in the truth, the nonces of the capture are good with its secret."""
    path, truth = made("attack")
    users = Users({(row["user"], ""): (row["password"], False) for row in truth["users"]})
    defines = {"SECRET": f'"{truth["secret"]}"', "REALM": f'"{truth["domain"]}"'}
    program = load_file(str(EXAMPLES / "dictionary_attack.cfg"), defines=defines)
    player = replay(program, [path], manner=Manner(users=users)).player
    labels = {row["address"]: row for row in truth["sources"]}
    registered = {
        host: source.answers[200] for host, source in player.sources.items() if source.answers[200]
    }
    good = {host for host, row in labels.items() if row["label"] == "good"}
    mistyped = {host for host, row in labels.items() if row["mistyped"]}
    assert good - mistyped <= set(registered) and len(mistyped) <= 2
    (cracker,) = (host for host, row in labels.items() if row["guessed"])
    source = player.sources[cracker]
    assert source.answers[200] == 0 and source.captured[200] == 1
    assert source.answers[403] > source.answers[401]


def test_a_flood_is_one_and_a_power_cut_brings_all_back_at_once(
    made: Callable[[str], Made],
) -> None:
    path, truth = made("flood")
    evil = [row for row in truth["sources"] if row["label"] == "attacker"]
    assert [row["packets"] for row in evil] == [pytest.approx(24 * 20, abs=2)] * 2
    path, truth = made("powercut")
    offices = {row["address"] for row in truth["sources"] if len(row["users"]) > 1}
    times = [p.time - truth["start"] for p in Capture(path) if p.datagram.source[0] in offices]
    assert offices and not [at for at in times if 240 * 0.34 < at < 240 * 0.43]
    back = [at for at in times if 240 * 0.43 <= at < 240 * 0.43 + 6]
    assert len(back) >= 2 * sum(len(r["users"]) for r in truth["sources"] if len(r["users"]) > 1)


def test_the_same_wishes_give_the_same_file(tmp_path: Path) -> None:
    told = []
    for number, seed in enumerate((1, 1, 2)):
        path = tmp_path / f"{number}.pcap"
        truth = make("attack", str(path), Wishes(users=4, seconds=60.0, seed=seed))
        told.append((path.read_bytes(), json.dumps(truth)))
    assert told[0] == told[1]
    assert told[0][0] != told[2][0]


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_finds_nothing_wrong(made: Callable[[str], Made]) -> None:
    path, _ = made("normal")
    words = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    wrong = "_ws.malformed or udp.checksum.status == 0 or ip.checksum.status == 0 or !sip"
    done = subprocess.run(
        ["tshark", "-r", path, *words, "-Y", wrong],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == ""
