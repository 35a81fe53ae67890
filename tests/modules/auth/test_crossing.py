"""Nonces cross over to real Kamailio and back, in every form, where it is installed."""

import re
import shutil
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

KAMAILIO = shutil.which("kamailio")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(KAMAILIO is None, reason="kamailio is not installed"),
]

SECRET = "one secret of both servers, long enough"
CFG = """#!KAMAILIO
debug=-3
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "auth.so"
{params}
request_route {{
{route}
}}
"""
ROUTE = """
    if ($rm == "INFO") {
        www_challenge("example.com", "1");
        exit;
    }
    pv_www_authenticate("example.com", "secret", "0");
    $var(code) = 400 - $rc;
    sl_send_reply("$var(code)", "Code");
"""
FORMS: dict[str, dict[str, int]] = {
    "simple": {},
    "counted": {"nonce_count": 1},
    "one time": {"one_time_nonce": 1},
    "counted, one time": {"nonce_count": 1, "one_time_nonce": 1},
    "checks": {"auth_checks_no_dlg": 15},
    "checks, counted": {"auth_checks_no_dlg": 15, "nonce_count": 1},
    "checks, one time": {"auth_checks_no_dlg": 6, "one_time_nonce": 1},
}


@dataclass
class Peer:
    """A running Kamailio and a socket to talk to it."""

    port: int
    ours: socket.socket

    def ask(self, text: str) -> str:
        """The reply to a request."""
        self.ours.sendto(text.encode(), ("127.0.0.1", self.port))
        return self.ours.recv(65535).decode()


@contextmanager
def kamailio(folder: Path, params: dict[str, int]) -> Iterator[Peer]:
    """Kamailio with the route of this file."""
    assert KAMAILIO is not None
    port = free_port()
    lines = [f'modparam("auth", "secret", "{SECRET}")']
    lines += [f'modparam("auth", "{name}", {value})' for name, value in params.items()]
    cfg = folder / "kamailio.cfg"
    cfg.write_text(CFG.format(port=port, params="\n".join(lines), route=ROUTE), "utf-8")
    command = [KAMAILIO, "-f", str(cfg), "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind(("127.0.0.1", 0))
            ours.settimeout(0.2)
            peer = Peer(port, ours)
            wait_for(peer, process)
            ours.settimeout(5)
            yield peer
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            # It may miss the signal while it still starts its workers.
            process.kill()
            process.wait()


def wait_for(peer: Peer, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers; each try takes up to 0.2 s."""
    for _ in range(50):
        if process.poll() is not None:
            break
        try:
            peer.ask(request("INFO", peer.ours))
        except TimeoutError:
            continue
        return
    raise AssertionError("kamailio did not start")


def request(method: str, ours: socket.socket, headers: str = "") -> str:
    """A request; all have one Call-ID, From tag and R-URI, as the checks demand."""
    return (
        f"{method} sip:bob@example.com SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{ours.getsockname()[1]};branch=z9hG4bK1\r\n"
        "From: <sip:alice@example.com>;tag=f\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\n"
        f"CSeq: 1 {method}\r\n{headers}Content-Length: 0\r\n\r\n"
    )


def nonce_in(reply: str) -> str:
    found = re.search(r'nonce="([^"]+)"', reply)
    assert found is not None, reply
    return found[1]


@pytest.mark.parametrize("form", FORMS)
def test_nonces_cross(serve: Any, client: Any, tmp_path: Path, form: str) -> None:
    params = FORMS[form]
    # Who keeps no numbers of its own takes those of others.
    forgetful = {name: value for name, value in params.items() if name.startswith("auth_checks")}
    with kamailio(tmp_path, forgetful) as peer:
        now = issued(nonce_in(peer.ask(request("INFO", peer.ours))))

        def ours(**more: Any) -> Any:
            server = serve(ROUTE, start=float(now), **more)
            server.source = f"127.0.0.1:{peer.ours.getsockname()[1]}"
            return server

        def ask_us(server: Any, method: str, headers: str = "") -> str:
            text = request(method, peer.ours, headers)
            reply: str = server.proxy.feed(text.encode(), source=server.source).sent[0].message.head
            return reply

        made_here = nonce_in(ask_us(ours(**params), "INFO"))
        assert len(made_here) == {0: 32, 1: 40, 2: 56, 3: 60}[kind(params)]
        header = client.header(made_here, "auth")
        assert status(peer.ask(request("OPTIONS", peer.ours, header))) == 399
        altered = client.header(changed(made_here), "auth")
        assert status(peer.ask(request("OPTIONS", peer.ours, altered))) == 401
    with kamailio(tmp_path, params) as peer:
        made_there = nonce_in(peer.ask(request("INFO", peer.ours)))
        now = issued(made_there)
        server = ours(**forgetful)
        header = client.header(made_there, "auth")
        assert status(ask_us(server, "OPTIONS", header)) == 399
        assert status(ask_us(server, "OPTIONS", client.header(changed(made_there), "auth"))) == 401
        if kind(params) == 0:
            assert status(peer.ask(request("OPTIONS", peer.ours, header))) == 399


def status(reply: str) -> int:
    return int(reply.split(" ")[1])


def kind(params: dict[str, int]) -> int:
    numbered = "nonce_count" in params or "one_time_nonce" in params
    return numbered + 2 * ("auth_checks_no_dlg" in params)


def issued(nonce: str) -> int:
    """When a nonce was made, in seconds."""
    return int.from_bytes(b64decode(nonce)[4:8], "big")


def changed(nonce: str) -> str:
    """The nonce with another signature."""
    return f"{nonce[:12]}{'B' if nonce[12] == 'A' else 'A'}{nonce[13:]}"
