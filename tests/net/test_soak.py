"""The server over many requests: nothing is lost on the way, and memory does not grow."""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.net.conftest import Running

REQUESTS = 400_000
WINDOW = 25
PAGE = os.sysconf("SC_PAGE_SIZE")

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
modparam("htable", "htable", "seen=>size=10;autoexpire=2;initval=0;")
modparam("htable", "timer_interval", 1)
request_route {
    if ($shtinc(seen=>$ci) > 1) { sl_send_reply("482", "Seen"); exit; }
    sl_send_reply("200", "OK");
}
"""


def resident() -> int:
    """Bytes of memory this process holds; the server runs inside it."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


@pytest.mark.soak
def test_requests_without_end(serve: "Callable[[str], Running]") -> None:
    """Every Call-ID is new: the table grows by thousands a second and must shrink again."""
    running = serve(CFG)
    phone = running.phone
    phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    host, port = phone.getsockname()
    text = (
        "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK@\r\n"
        "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
        "Call-ID: call-@\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    grown: list[int] = []
    for start in range(0, REQUESTS, WINDOW):
        for number in range(start, start + WINDOW):
            running.say(text.replace("@", str(number)).encode())
        for _ in range(WINDOW):
            assert phone.recv(4096).startswith(b"SIP/2.0 200 OK\r\n")
        if start % (REQUESTS // 8) == 0:
            grown.append(resident())
    assert grown[-1] - grown[2] < 24 << 20, [size >> 20 for size in grown]
    assert running.server.proxy.host.counters["core.broken"] == 0
