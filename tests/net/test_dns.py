"""Names asked for over real sockets: a DNS server of the test's own, and what can go wrong."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sipproxy.core.dns.records import Found, Naptr, Srv
from sipproxy.net.dns import DnsClient, NameServer, Plan, candidates, hosts_file, plan_of
from sipproxy.program import load_text
from sipproxy.testing.dnsserver import DnsServer

if TYPE_CHECKING:
    from tests.net.conftest import Running

ZONE = {
    ("a.example", "A"): ["127.0.0.1"],
    ("a.example", "AAAA"): ["2001:DB8::1"],
    ("alias.example", "CNAME"): ["a.example."],
    ("loop.example", "CNAME"): ["pool.example."],
    ("pool.example", "CNAME"): ["loop.example."],
    ("big.example", "A"): [f"127.0.{n}.1" for n in range(100)],
    ("_sip._udp.s.example", "SRV"): ["1 2 5070 a.example."],
    ("n.example", "NAPTR"): ['1 2 "s" "SIP+D2U" "" _sip._udp.s.example.'],
    ("e.example", "NAPTR"): ['1 2 "u" "E2U+sip" "!^.*$!sip:x@y!" .'],
    ("t.example", "TXT"): ['"one " "text"'],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["a.example."],
    ("h.inside.example", "A"): ["127.0.0.9"],
}


@pytest.fixture
def server() -> Iterator[DnsServer]:
    made = DnsServer(ZONE)
    yield made
    made.close()


class Asking:
    """A client in a loop of its own."""

    def __init__(self, *servers: tuple[str, int], **plan: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.plan = Plan(tuple(NameServer(*one) for one in servers), **{"seconds": 2.0, **plan})
        self.after = 0
        self.client = DnsClient(self.loop, lambda: self.plan, self.went_on)

    def went_on(self) -> None:
        self.after += 1

    def ask(self, name: str, kind: str = "A") -> Found | None:
        answer: asyncio.Future[Found | None] = self.loop.create_future()
        self.client.ask(name, kind, answer.set_result)
        return self.loop.run_until_complete(asyncio.wait_for(answer, 10))

    def __enter__(self) -> "Asking":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.loop.close()


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("a.example", "A", ("127.0.0.1",)),
        ("a.example", "AAAA", ("2001:db8::1",)),
        ("alias.example", "A", ("127.0.0.1",)),
        ("alias.example", "CNAME", ("a.example",)),
        ("_sip._udp.s.example", "SRV", (Srv(1, 2, 5070, "a.example"),)),
        ("n.example", "NAPTR", (Naptr(1, 2, "s", "SIP+D2U", "", "_sip._udp.s.example"),)),
        ("e.example", "NAPTR", (Naptr(1, 2, "u", "E2U+sip", "!^.*$!sip:x@y!", ""),)),
        ("t.example", "TXT", ("one text",)),
        ("1.2.0.192.in-addr.arpa", "PTR", ("a.example",)),
    ],
)
def test_each_type(server: DnsServer, name: str, kind: str, records: tuple[object, ...]) -> None:
    with Asking((server.address, server.port)) as asking:
        assert asking.ask(name, kind) == Found(records, 300)  # type: ignore[arg-type]
        assert asking.after == 1


@pytest.mark.parametrize("name", ["nosuch.example", "t.example"])
def test_that_there_is_nothing_is_an_answer(server: DnsServer, name: str) -> None:
    with Asking((server.address, server.port)) as asking:
        found = asking.ask(name)
    assert found is not None and found.records == ()


@pytest.mark.parametrize("name", ["loop.example", "a..example", "x" * 64 + ".example", "\udcff\0"])
def test_names_that_have_no_end_or_are_none(server: DnsServer, name: str) -> None:
    with Asking((server.address, server.port)) as asking:
        found = asking.ask(name)
    assert found is None or found.records == ()


def test_what_is_truncated_is_asked_for_by_tcp(server: DnsServer) -> None:
    with Asking((server.address, server.port)) as asking:
        found = asking.ask("big.example")
    assert found is not None and len(found.records) == 100
    assert server.by_tcp == [("big.example", "A")]


def test_a_silent_server_is_asked_again_then_the_next(server: DnsServer) -> None:
    silent = DnsServer(ZONE)
    silent.silent = True
    both = (silent.address, silent.port), (server.address, server.port)
    with Asking(*both, seconds=0.1, tries=2) as asking:
        assert asking.ask("a.example") == Found(("127.0.0.1",), 300)
        server.silent = True
        assert asking.ask("a.example") is None
    assert (len(silent.asked), len(server.asked)) == (3, 3)
    silent.close()


def test_answers_of_strangers_do_not_count(server: DnsServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
        liar.bind(("127.0.0.1", 0))
        liar.settimeout(5)
        with Asking(liar.getsockname(), seconds=0.5, tries=1) as asking:
            answer: asyncio.Future[Found | None] = asking.loop.create_future()
            asking.client.ask("a.example", "A", answer.set_result)
            asking.loop.call_later(0.05, forge, liar, server)
            assert asking.loop.run_until_complete(answer) is None


def forge(liar: socket.socket, server: DnsServer) -> None:
    """Answer with another number than the question has."""
    import dns.message

    data, peer = liar.recvfrom(4096)
    forged = server.answer(dns.message.from_wire(data))
    forged.id ^= 1
    with contextlib.suppress(OSError):
        liar.sendto(forged.to_wire(), peer)


def test_domains_to_look_in(server: DnsServer) -> None:
    with Asking((server.address, server.port), search=("inside.example",)) as asking:
        assert asking.ask("h") == Found(("127.0.0.9",), 300)
        assert asking.ask("a.example") == Found(("127.0.0.1",), 300)
    assert [name for name, _ in server.asked] == ["h.inside.example", "a.example"]


def test_which_names_are_asked_for() -> None:
    plan = Plan((), search=("x.example", "y.example"), ndots=2)
    assert candidates("a.b", plan) == ["a.b.x.example", "a.b.y.example", "a.b"]
    assert candidates("a.b.c", plan) == ["a.b.c", "a.b.c.x.example", "a.b.c.y.example"]


def test_giving_up_what_is_on_its_way(server: DnsServer) -> None:
    server.silent = True
    told: list[Found | None] = []
    with Asking((server.address, server.port), seconds=60) as asking:
        asking.client.ask("a.example", "A", told.append)
        asking.loop.run_until_complete(asyncio.sleep(0))
    assert told == []


@pytest.mark.parametrize(
    ("cfg", "plan"),
    [
        ("", Plan((NameServer("192.0.2.1"), NameServer("192.0.2.2")), 5.0, 2, ("in.example",), 2)),
        (
            "dns_servers_no=1\ndns_retr_time=3\ndns_retr_no=4\ndns_use_search_list=no\n",
            Plan((NameServer("192.0.2.1"),), 3.0, 4, (), 2),
        ),
    ],
)
def test_resolv_conf_and_the_cfg(tmp_path: Path, cfg: str, plan: Plan) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch in.example\noptions ndots:2\n"
    )
    assert plan_of(load_text(f"{cfg}request_route {{ exit; }}").settings, str(file)) == plan


def test_without_resolv_conf_the_machine_itself_is_asked(tmp_path: Path) -> None:
    settings = load_text("request_route { exit; }").settings
    assert plan_of(settings, str(tmp_path / "none")).servers == (NameServer("127.0.0.1"),)


def test_the_hosts_file(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("192.0.2.1 Host host.example # us\n::1 host\nfe80::1%eth0 h\nx y\n\n#z\n")
    assert hosts_file(str(file)) == {
        "host": ("192.0.2.1", "::1"),
        "host.example": ("192.0.2.1",),
    }
    assert hosts_file(str(tmp_path / "none")) == {}


def test_dnspython_is_not_loaded_before_a_name_is_asked_for() -> None:
    code = "import sys, sipproxy.net.server; print('dns' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


CFG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
debug=0
"""


def test_a_route_waits_for_a_name_and_the_server_does_not(
    serve: Callable[..., "Running"], server: DnsServer
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee:
        callee.bind(("127.0.0.1", 0))
        callee.settimeout(5)
        server.zone["_sip._udp.t.example", "SRV"] = [f"1 1 {callee.getsockname()[1]} a.example."]
        server.silent = True
        running = serve(
            f'dns_retr_time=1\n{CFG}request_route {{ if (method == "MESSAGE") {{ '
            '$ru = "sip:x@t.example"; t_relay(); exit; } if (method == "INFO") { '
            '$ru = "sip:x@t.example"; forward(); exit; } sl_send_reply("200", "OK"); }',
            name_servers=(NameServer(server.address, server.port),),
        )
        running.say(message(running, "MESSAGE", 1))
        assert running.ask().startswith(b"SIP/2.0 200 OK")  # while the name is awaited
        server.silent = False
        assert callee.recv(65535).startswith(b"MESSAGE sip:x@t.example SIP/2.0\r\n")
        asked = len(server.asked)
        running.say(message(running, "INFO", 2))
        while not callee.recv(65535).startswith(b"INFO sip:x@t.example SIP/2.0\r\n"):
            pass  # tm sends the MESSAGE again until it is answered
        assert len(server.asked) == asked


def message(running: "Running", method: str, number: int) -> bytes:
    host, port = running.phone.getsockname()
    return (
        f"{method} sip:bob@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{number}\r\n"
        "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
        f"Call-ID: {number}-dns\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_a_reply_whose_via_is_a_name(serve: Callable[..., "Running"], server: DnsServer) -> None:
    running = serve(
        f"{CFG}request_route {{ exit; }}",
        name_servers=(NameServer(server.address, server.port),),
    )
    _, port = running.phone.getsockname()
    running.say(
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
        b"Via: SIP/2.0/UDP a.example:%d;branch=z9hG4bK2\r\nFrom: <sip:a@x>;tag=a\r\n"
        b"To: <sip:b@x>;tag=b\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n" % port
    )
    assert running.phone.recv(65535).startswith(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a.example:")
