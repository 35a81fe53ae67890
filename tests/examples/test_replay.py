"""Traffic of a live server, captured and replayed through the same cfg: every decision agrees."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sipproxy.clock import SystemClock
from sipproxy.core.flow import Address
from sipproxy.program import load_file
from sipproxy.replay.data import as_data, as_decision
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.replay.verdicts import Decision
from sipproxy.testing.callers import Caller, UdpLine
from sipproxy.testing.messages import Messages

Serving = Callable[..., AbstractContextManager[int]]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "kamailio_cfg"
SECRET = '"one secret for the server and for its replay"'
LONG = 100_000_000
GARBAGE = (b"\r\n\r\n", b"\0" * 4, b"hello, is this SIP?", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
_now = SystemClock().now


class Tapped:
    """A line whose datagrams are written to a capture as they go and come."""

    def __init__(self, line: UdpLine, server: Address, writer: PcapWriter) -> None:
        self.source = line.source
        host, _, port = line.source.rpartition(":")
        self._ends = (host, int(port)), server
        self._line = line
        self._writer = writer

    def ask(self, request: bytes) -> bytes:
        """Keeps off the turn of a second, where a live server's clock may be on either side."""
        while not 0.1 < _now() % 1 < 0.9:
            time.sleep(0.02)
        here, server = self._ends
        self._writer.add(_now(), here, server, request)
        answer = self._line.ask(request)
        if answer:
            self._writer.add(_now(), server, here, answer)
        return answer


@contextmanager
def tapping(port: int, path: str) -> Iterator[Callable[[str], Caller]]:
    """`sit("127.0.0.10")`: callers whose traffic is captured."""
    messages = Messages()
    with ExitStack() as stack:
        writer = stack.enter_context(PcapWriter(path))
        server = ("127.0.0.1", port)

        def sit(host: str, seconds: float = 3.0) -> Caller:
            line = stack.enter_context(UdpLine(server, host, seconds))
            return Caller(Tapped(line, server, writer), messages)

        yield sit


def traffic(sit: Callable[..., Caller]) -> None:
    """Phones, one of them behind the attacker's address, a guesser, a sprayer, and garbage."""
    bob, alice = sit("127.0.0.10"), sit("127.0.0.11")
    bob.register("bob", "right-horse")
    alice.register("alice", "wonder")
    attacker = sit("127.0.0.12")
    attacker.guesses(("bob", f"wrong-{number}") for number in range(12))
    attacker.guesses((str(1000 + number), "1234") for number in range(12))
    for datagram in GARBAGE:
        sit("127.0.0.13", 0.1).line.ask(datagram)
    sit("127.0.0.12").register("alice", "wonder")
    for _ in range(3):
        bob.register("bob", "right-horse")
        alice.register("alice", "wonder")


def replayed(
    path: str, users: Path, port: int, name: str, manner: Manner, **defines: object
) -> tuple[Replayed, list[Decision]]:
    """The capture through the cfg that the live server had."""
    decisions: list[Decision] = []
    given = {"PORT": port, "DBURL": f'"sqlite:///{users}"', "SECRET": SECRET, **defines}
    program = load_file(
        str(EXAMPLES / name), defines={key: str(value) for key, value in given.items()}
    )
    told = Manner(auth=manner.auth, good=manner.good, told=decisions.append)
    return replay(program, [path], manner=told), decisions


CFGS: dict[str, dict[str, Any]] = {
    "register_auth.cfg": {},
    "dictionary_attack.cfg": {"WINDOW": LONG, "SLOW_WINDOW": LONG},
    "auth_rate_limit.cfg": {"WINDOW": LONG, "SLOW_WINDOW": LONG},
    "flood_ban.cfg": {"SAMPLE": 10_000},
}


@pytest.mark.peer
@pytest.mark.parametrize("auth", ["db", "capture"])
@pytest.mark.parametrize("name", CFGS)
@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_every_decision_is_the_live_one(
    serving: Serving, users: Path, tmp_path: Path, server: str, name: str, auth: str
) -> None:
    path = str(tmp_path / "live.pcap")
    defines = CFGS[name]
    before = users.read_bytes()
    with serving(server, name, SECRET=SECRET, **defines) as port, tapping(port, path) as sit:
        traffic(sit)
    found, decisions = replayed(path, users, port, name, Manner(auth=auth), **defines)
    report = as_data(found)
    wrong = [as_decision(one) for one in decisions if one.status != one.captured.status]
    assert wrong == []
    assert report["totals"]["requests"] == len(decisions) >= 30
    assert report["totals"]["answers"] == report["totals"]["captured"]
    assert report["me_found_by"] == "a listen line of the cfg"
    assert users.read_bytes() == before


def test_another_secret_is_noticed(serving: Serving, users: Path, tmp_path: Path) -> None:
    """The comparison can fail: nonces of another secret are nobody's."""
    path = str(tmp_path / "live.pcap")
    other = '"another secret than that of the replay"'
    with serving("sipproxy", "register_auth.cfg", SECRET=other) as port, tapping(port, path) as sit:
        sit("127.0.0.10").register("bob", "right-horse")
    found, decisions = replayed(path, users, port, "register_auth.cfg", Manner())
    assert [(one.status, one.captured.status) for one in decisions] == [(401, 401), (401, 200)]
    first = found.player.sources["127.0.0.10"].diverged
    assert first is decisions[1]
    _, trusting = replayed(path, users, port, "register_auth.cfg", Manner(auth="capture"))
    assert [one.status for one in trusting] == [401, 200]
    assert [one.auth for one in trusting] == ["", "capture"]
