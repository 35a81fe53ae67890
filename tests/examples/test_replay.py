"""Traffic of a live server, captured and replayed through the same cfg: every decision agrees."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from sipproxy.clock import SystemClock
from sipproxy.core.flow import Address
from sipproxy.net.rpc_client import call
from sipproxy.program import load_file
from sipproxy.replay.data import as_data, as_decision
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.replay.verdicts import Decision
from sipproxy.rpc.values import members_of
from sipproxy.testing.callers import Caller, UdpLine
from sipproxy.testing.messages import Messages

Serving = Callable[..., AbstractContextManager[int]]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "kamailio_cfg"
SECRET = '"one secret for the server and for its replay"'
LONG = 100_000_000
GARBAGE = (b"\r\n\r\n", b"\0" * 4, b"hello, is this SIP?", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
SCRIPTS = Path(sys.executable).parent
_now = SystemClock().now


class Tap:
    """A UDP relay in front of a server, which sees 127.0.0.x at 127.0.N.x, ports as they are.

    So each source stays apart, and answers go to the port of the Via as well as to the sender's.
    What goes through is captured as it goes. Requests wait until the second is neither young nor
    old, so that a live server's clock and the capture's show the same one.
    """

    def __init__(self, server: Address, path: str, network: int = 1) -> None:
        """`network` is N, of which each tap must have its own."""
        self._network = f"127.0.{network}."
        self._server = server
        self._writer = PcapWriter(path)
        self._front = _bound("127.0.0.1")
        self.port: int = self._front.getsockname()[1]
        self._behind: dict[Address, socket.socket] = {}
        self._clients: dict[int, Address] = {}
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.last = 0.0
        """When the latest request went through."""
        self.passed = 0
        """Requests that went through."""

    def __enter__(self) -> "Tap":
        self._writer.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        while _now() - self.last < 0.2:  # answers that are on their way
            time.sleep(0.02)
        self._over.set()
        self._thread.join(10)
        for one in (self._front, *self._behind.values()):
            one.close()
        self._writer.__exit__(None, None, None)

    def _run(self) -> None:
        while not self._over.is_set():
            sockets = {one.fileno(): one for one in (self._front, *self._behind.values())}
            calm = 0.1 < _now() % 1 < 0.9
            if not calm:
                del sockets[self._front.fileno()]
            for number in select.select(list(sockets), [], [], 0.01)[0]:
                if number == self._front.fileno():
                    self._request()
                else:
                    self._answer(sockets[number])

    def _request(self) -> None:
        data, client = self._front.recvfrom(65535)
        out = self._behind.get(client)
        if out is None:
            host = client[0].replace("127.0.0.", self._network)
            out = self._behind[client] = _bound(host, client[1])
            self._clients[out.fileno()] = client
        self._writer.add(_now(), out.getsockname(), self._server, data)
        out.sendto(data, self._server)
        self.passed += 1
        self.last = _now()
        # One after the other: the server has answered before the next one comes.
        if select.select([out], [], [], 0.05 if data.strip() else 0.0)[0]:
            self._answer(out)

    def _answer(self, out: socket.socket) -> None:
        data = out.recv(65535)
        self._writer.add(_now(), self._server, out.getsockname(), data)
        self._front.sendto(data, self._clients[out.fileno()])


def _bound(host: str, port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.bind((host, port))
    except OSError:  # somebody sits at that port of all addresses: who asks for rport gets answers
        made.bind((host, 0))
    return made


@contextmanager
def callers(tap: Tap) -> Iterator[Callable[..., Caller]]:
    """`sit("127.0.0.10")`: callers who speak to the server through the tap."""
    messages = Messages()
    with ExitStack() as stack:

        def sit(host: str, seconds: float = 3.0) -> Caller:
            line = UdpLine(("127.0.0.1", tap.port), host, seconds)
            return Caller(stack.enter_context(line), messages)

        yield sit


def traffic(tap: Tap, folder: Path, tools: Sequence[Sequence[str]], requests: int) -> None:
    """Phones, one of them behind the attacker's address, a guesser, a sprayer, SIPVicious and
    garbage.
    """
    with callers(tap) as sit:
        bob, alice = sit("127.0.0.10"), sit("127.0.0.11")
        bob.register("bob", "right-horse")
        alice.register("alice", "wonder")
        attacker = sit("127.0.0.12")
        attacker.guesses(("bob", f"wrong-{number}") for number in range(12))
        attacker.guesses((str(1000 + number), "1234") for number in range(12))
        for datagram in GARBAGE:
            sit("127.0.0.13", 0.01).line.ask(datagram)
        sipvicious(tap, folder, tools, requests)
        sit("127.0.0.12").register("alice", "wonder")
        for _ in range(3):
            bob.register("bob", "right-horse")
            alice.register("alice", "wonder")


TOOLS = (
    ("svcrack", "-u", "bob"),
    ("svwar", "-e", "1000-1999", "--force"),
    ("svwar", "-e", "1000-1999", "-m", "INVITE", "--force"),
    ("svmap",),
)


def sipvicious(tap: Tap, folder: Path, tools: Sequence[Sequence[str]], requests: int) -> None:
    """Each of these tools, until it sent so many requests or is done."""
    words = folder / "words"
    words.write_text("\n".join(f"no-{number}" for number in range(1000)) + "\n")
    for name, *more in tools:
        script = SCRIPTS / f"sipvicious_{name}"
        if not script.exists():
            continue
        given = ["-p", str(tap.port), "-t", "0.002", *more]
        if name == "svcrack":
            given += ["-d", str(words)]
        before, ends = tap.passed, _now() + 20
        tool = subprocess.Popen(
            [sys.executable, str(script), *given, "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        while tap.passed - before < requests and tool.poll() is None and _now() < ends:
            time.sleep(0.01)
            # One that was told 429 waits for something else, for ten seconds.
            if tap.passed > before and _now() - tap.last > 1.0:
                break
        tool.kill()
        tool.wait()


CFGS: dict[str, dict[str, Any]] = {
    "register_auth.cfg": {},
    "dictionary_attack.cfg": {"WINDOW": LONG, "SLOW_WINDOW": LONG},
    "auth_rate_limit.cfg": {"WINDOW": LONG, "SLOW_WINDOW": LONG},
    "flood_ban.cfg": {"SAMPLE": 10_000},
    "calls_per_second.cfg": {},
    "rate_limit.cfg": {},
}


@dataclass
class Live:
    """What a live server was sent and did: its capture, and its tables at the end."""

    path: str
    port: int
    tables: dict[str, dict[str, int | str]]
    at: float
    """When the tables were read."""


def dumped(control: str) -> dict[str, dict[str, int | str]]:
    """All tables of a server, by its control socket."""
    tables: dict[str, dict[str, int | str]] = {}
    for row in call(control, "htable.listTables", []):
        name = str(dict(members_of(row) or ())["name"])
        tables[name] = {}
        for slot in call(control, "htable.dump", [name]):
            for kind, items in members_of(slot) or ():
                for _, item in (members_of(items) or ()) if kind == "slot" else ():
                    found = dict(members_of(item) or ())
                    value = found["value"]
                    assert isinstance(value, int | str)
                    tables[name][str(found["name"])] = value
    return tables


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Live]:
    """What was captured, by server and cfg: filled by who comes first."""
    return {}


def lived(
    known: dict[tuple[str, str], Live], serving: Serving, folder: Path, server: str, name: str
) -> Live:
    """The live run of one server with one cfg; all cfgs of a server run beside each other."""
    if (server, name) not in known:
        with ExitStack() as stack:
            threads = []
            for network, (one, defines) in enumerate(CFGS.items(), 1):
                port = stack.enter_context(serving(server, one, SECRET=SECRET, **defines))
                path = str(folder / f"{one}.pcap")
                tap = stack.enter_context(Tap(("127.0.0.1", port), path, network))
                known[server, one] = Live(path, port, {}, 0.0)
                own = folder / f"of-{port}"
                own.mkdir()
                threads.append(Thread(target=traffic, args=(tap, own, TOOLS[:1], 50)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for one in CFGS:
                found = known[server, one]
                if server == "sipproxy" and "htable" in (EXAMPLES / one).read_text():
                    found.tables = dumped(f"unix:{folder}/{found.port}/ctl")
                    found.at = _now()
    return known[server, name]


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


@pytest.mark.peer
@pytest.mark.parametrize("auth", ["db", "capture"])
@pytest.mark.parametrize("name", CFGS)
@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_every_decision_is_the_live_one(
    live: dict[tuple[str, str], Live],
    serving: Serving,
    users: Path,
    tmp_path: Path,
    server: str,
    name: str,
    auth: str,
) -> None:
    before = users.read_bytes()
    known = lived(live, serving, tmp_path, server, name)
    found, decisions = replayed(
        known.path, users, known.port, name, Manner(auth=auth), **CFGS[name]
    )
    report = as_data(found)
    wrong = [as_decision(one) for one in decisions if one.status != one.captured.status]
    assert wrong == []
    assert report["totals"]["requests"] == len(decisions) >= 40
    assert report["totals"]["answers"] == report["totals"]["captured"]
    agents = {name for source in report["sources"] for name in source["user_agents"]}
    assert "friendly-scanner" in agents or not (SCRIPTS / "sipvicious_svcrack").exists()
    assert report["me_found_by"] == "a listen line of the cfg"
    assert users.read_bytes() == before
    if server == "sipproxy" and "htable" in found.player.proxy.host.modules:
        agree(known, found)


def agree(known: Live, found: Replayed) -> None:
    """The tables of the live server hold what those of the replay do.

    When an expired key is taken out, a sweep's place in the second says: such a key may be in one
    and not in the other.
    """
    module: Any = found.player.proxy.host.modules["htable"]
    assert set(module.tables) == set(known.tables)
    for name, table in module.tables.items():
        cells = dict(table.in_order())
        every = {key: value for key, (value, _) in cells.items()}
        second = int(known.at)
        living = {key for key, (_, last) in cells.items() if not 0 < last <= second}
        assert known.tables[name].items() <= every.items()
        assert living <= known.tables[name].keys()


def test_another_secret_is_noticed(serving: Serving, users: Path, tmp_path: Path) -> None:
    """The comparison can fail: nonces of another secret are nobody's."""
    path = str(tmp_path / "live.pcap")
    other = '"another secret than that of the replay"'
    with (
        serving("sipproxy", "register_auth.cfg", SECRET=other) as port,
        Tap(("127.0.0.1", port), path) as tap,
        callers(tap) as sit,
    ):
        sit("127.0.0.10").register("bob", "right-horse")
    found, decisions = replayed(path, users, port, "register_auth.cfg", Manner())
    assert [(one.status, one.captured.status) for one in decisions] == [(401, 401), (401, 200)]
    first = found.player.sources["127.0.1.10"].diverged
    assert first is decisions[1]
    _, trusting = replayed(path, users, port, "register_auth.cfg", Manner(auth="capture"))
    assert [one.status for one in trusting] == [401, 200]
    assert [one.auth for one in trusting] == ["", "capture"]


SHORT: dict[str, dict[str, Any]] = {
    "dictionary_attack.cfg": {"WINDOW": 7, "SLOW_WINDOW": 19},
    "auth_rate_limit.cfg": {"WINDOW": 7, "SLOW_WINDOW": 19},
    "calls_per_second.cfg": {},
    "rate_limit.cfg": {"WINDOW": 3},
}


@pytest.mark.soak
@pytest.mark.peer
@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
@pytest.mark.parametrize("name", SHORT)
def test_windows_that_end_while_the_attack_goes_on(
    serving: Serving, users: Path, tmp_path: Path, server: str, name: str
) -> None:
    path, defines, ends = str(tmp_path / "live.pcap"), SHORT[name], _now() + 60
    with (
        serving(server, name, SECRET=SECRET, **defines) as port,
        Tap(("127.0.0.1", port), path) as tap,
    ):
        while _now() < ends:
            traffic(tap, tmp_path, TOOLS, 200)
    for auth in ("db", "capture"):
        found, decisions = replayed(path, users, port, name, Manner(auth=auth), **defines)
        wrong = [as_decision(one) for one in decisions if one.status != one.captured.status]
        assert wrong == []
        assert as_data(found)["totals"]["requests"] == len(decisions) >= 300
