"""Messages that are hard to read (RFC 4475, RFC 5118): parsed, and sent to an edge proxy.

Two sets: `own.toml`, and the RFCs' own messages where they are at hand (../shared/torture, or where
SIPPROXY_SHARED points). What they call valid is read even where Kamailio drops it; the rest meets
the same end as in Kamailio 5.6.3. Both tables say what edge.cfg does with each message, `kamailio`
where Kamailio does something else, and `reason` where it is not what the RFC asks for.
"""

import csv
import os
import socket
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sipproxy.errors import MessageError
from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.testing import ProxyUnderTest, load_cfg, request

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("SIPPROXY_SHARED", HERE.parents[2] / "shared"))
TORTURE = SHARED / "torture"
SINK = 5099

Serving = Callable[..., AbstractContextManager[int]]


@dataclass(frozen=True)
class Case:
    """One message: what its RFC says of it, and what becomes of it at edge.cfg."""

    name: str
    data: bytes
    valid: bool
    outcome: str
    kamailio: str


def _own() -> Iterator[Case]:
    for row in tomllib.loads((HERE / "own.toml").read_text(encoding="utf-8"))["message"]:
        data = row["text"].replace("\n", "\r\n").encode("latin-1")
        theirs = row.get("kamailio", row["outcome"])
        yield Case(row["name"], data, row["valid"], row["outcome"], theirs)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows, delimiter="\t"))


def _of_the_rfcs() -> Iterator[Case]:
    if (TORTURE / "index.tsv").exists():
        valid = {row["file"]: row["valid"] == "valid" for row in _rows(TORTURE / "index.tsv")}
        for row in _rows(HERE / "torture.tsv"):
            name, outcome = row["file"], row["outcome"]
            data = (TORTURE / name).read_bytes()
            yield Case(name, data, valid[name], outcome, row["kamailio"] or outcome)


OWN = list(_own())
OF_THE_RFCS = list(_of_the_rfcs())
SETS = [
    pytest.param(OWN, id="own"),
    pytest.param(
        OF_THE_RFCS,
        id="of-the-rfcs",
        marks=pytest.mark.skipif(
            not OF_THE_RFCS,
            reason="the torture messages lie in ../shared/torture (or $SIPPROXY_SHARED)",
        ),
    ),
]
REPEATED = "ipv6/ipv6-bug-abnf-3-colons.dat"
"""Has the branch of the message before it: the same transaction."""
TO_ALL = {"bcast.dat", "reply-to-everybody"}
"""Replies to 255.255.255.255 that are not ours: only check_via refuses them, then the kernel."""


def test_every_message_has_a_verdict() -> None:
    """The set at hand and the table name the same files; every deviation has its reason."""
    rows = _rows(HERE / "torture.tsv")
    if OF_THE_RFCS:
        assert [row["file"] for row in rows] == [
            row["file"] for row in _rows(TORTURE / "index.tsv")
        ]
    assert [row["file"] for row in rows if row["kamailio"] and not row["reason"]] == []
    assert len({case.name for case in OWN}) == len(OWN) > 50


@pytest.mark.parametrize("cases", SETS)
def test_what_is_valid_is_read_and_what_is_read_is_kept(cases: list[Case]) -> None:
    refused = set()
    for case in cases:
        try:
            msg = Message.parse(case.data, source=("192.0.2.9", 5060), dest=("192.0.2.1", 5060))
        except MessageError:
            refused.add(case.name)
        else:
            assert rebuild(msg, Lumps(msg)) == case.data, case.name
    assert {case.name for case in cases if case.valid} & refused == set()


def _edge(**defines: str) -> ProxyUnderTest:
    given = {"PORT": "5060", "SINK": str(SINK), "CTL": '"unix:ctl"', **defines}
    return load_cfg(str(HERE / "edge.cfg"), defines=given)


@pytest.mark.parametrize("cases", SETS)
@pytest.mark.parametrize("how", [{"CLOSED": ""}, {"CLOSED": "", "STATEFUL": ""}, {}])
def test_at_a_proxy_without_sockets(cases: list[Case], how: dict[str, str]) -> None:
    """Stateless, stateful, and where replies pass that are not ours."""
    proxy = _edge(**how)
    found = {}
    for number, case in enumerate(cases):
        run = proxy.feed(case.data, source="127.0.0.9:5070")
        assert not run.fault, (case.name, run.fault)
        sent = [one for one in run.sent if one.message.status != 100]
        assert len(sent) < 2, case.name
        for one in sent:
            onwards = one.message.is_request or case.data.startswith(b"SIP/2.0 ")
            found[case.name] = "forward" if onwards else str(one.message.status)
            if case.name not in TO_ALL:
                assert one.flow.remote[1] == (SINK if onwards else 5070), case.name
        asked = proxy.feed(request("OPTIONS", "sip:127.0.0.1", number=number))
        assert asked.statuses == [200], case.name
    wanted = {case.name: case.outcome for case in cases if case.outcome != "drop"}
    if "CLOSED" not in how:
        wanted |= {case.name: "forward" for case in cases if case.name in TO_ALL}
    if "STATEFUL" in how:
        wanted.pop(REPEATED, None)
    assert found == wanted
    proxy.advance(200)
    assert proxy.host.counters["core.broken"] == 0


class Edge:
    """A phone and the server behind a served edge.cfg."""

    def __init__(self) -> None:
        self.phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.phone.bind(("127.0.0.1", 0))
        self.phone.settimeout(5)
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        self.sink.setblocking(False)

    def outcome(self, port: int, data: bytes, number: int) -> str:
        """Send a message and an OPTIONS behind it: what came of it before the OPTIONS' 200."""
        probe: bytes = request("OPTIONS", "sip:127.0.0.1", number=number)
        host, mine = self.phone.getsockname()
        probe = probe.replace(b"127.0.0.1:5060", f"{host}:{mine}".encode())
        mark = f"Call-ID: call-{number}\r\n".encode()
        behind = self.sink.getsockname()[1]
        data = data.replace(b"127.0.0.1:5060", b"127.0.0.1:%d" % port)
        data = data.replace(b"127.0.0.1:%d" % SINK, b"127.0.0.1:%d" % behind)
        self.phone.sendto(data, ("127.0.0.1", port))
        self.phone.sendto(probe, ("127.0.0.1", port))
        statuses = []
        while mark not in (reply := self.phone.recv(65535)):
            statuses.append(reply.split()[1].decode())
        assert reply.startswith(b"SIP/2.0 200 "), reply
        try:
            return "forward" if self.sink.recv(65535) else "nothing"
        except BlockingIOError:
            return statuses[0] if statuses else "drop"

    def close(self) -> None:
        self.phone.close()
        self.sink.close()


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.close()


@pytest.mark.peer
@pytest.mark.parametrize("cases", SETS)
@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_over_udp(serving: Serving, edge: Edge, server: str, cases: list[Case]) -> None:
    """The real server, and Kamailio itself: the tables tell the truth about both."""
    _, sink = edge.sink.getsockname()
    with serving(server, "edge.cfg", {"SINK": sink, "CLOSED": ""}) as port:
        found = {
            case.name: edge.outcome(port, case.data, number) for number, case in enumerate(cases)
        }
    theirs = server == "kamailio"
    assert found == {case.name: case.kamailio if theirs else case.outcome for case in cases}
