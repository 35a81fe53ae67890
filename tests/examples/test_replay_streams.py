"""TCP connections of a live server, captured and replayed: every answer agrees."""

import shutil
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sipproxy.clock import SystemClock
from sipproxy.core.flow import Address
from sipproxy.program import load_file
from sipproxy.replay.data import as_decision
from sipproxy.replay.player import Manner
from sipproxy.replay.run import replay
from sipproxy.replay.verdicts import Decision
from sipproxy.testing.messages import Messages

Served = Callable[[Sequence[str], Path], AbstractContextManager[None]]
SERVERS = {
    "sipproxy": (sys.executable, "-m", "sipproxy", "-DD", "-E"),
    "kamailio": ("kamailio", "-DD", "-E", "-m", "64", "-M", "8"),
}
FIN, PUSH = 0x11, 0x18
CFG = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
listen=tcp:127.0.0.1:PORT
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:FOLDER/ctl")
modparam("htable", "htable", "count=>size=4;initval=0;")
# The answer tells how many messages its connection has brought.
request_route {
    $var(code) = 210 + $shtinc(count=>$conid);
    if ($proto != "tcp") $var(code) = 500;
    if ($rm == "MESSAGE") force_tcp_alias();
    sl_send_reply("$var(code)", "So Many");
}
"""
_now = SystemClock().now


class Phone:
    """A TCP client whose segments are captured as a tap at the server would see them."""

    def __init__(self, server: Address, frames: list[tuple[float, bytes]]) -> None:
        self._server = server
        self._frames = frames
        self._socket = socket.create_connection(server, 3)
        self._here: Address = self._socket.getsockname()
        self._numbers = {self._here: 1, server: 1}

    def _note(self, source: Address, dest: Address, data: bytes, flags: int = PUSH) -> None:
        number = self._numbers[source]
        self._numbers[source] += len(data)
        ends = bytes(map(int, source[0].split("."))) + bytes(map(int, dest[0].split(".")))
        segment = struct.pack(">HHIIBBHHH", source[1], dest[1], number, 1, 0x50, flags, 9, 0, 0)
        head = struct.pack(">BBHIBBH", 0x45, 0, 40 + len(data), 0, 64, 6, 0)
        self._frames.append((_now(), head + ends + segment + data))

    def ask(self, request: bytes) -> int:
        """The status of the answer, 0 when the server closes the connection."""
        self._note(self._here, self._server, request)
        self._socket.sendall(request)
        answer = self._socket.recv(65535)
        self._note(self._server, self._here, answer, PUSH if answer else FIN)
        return int(answer[8:11] or 0)

    def close(self) -> None:
        """End the connection."""
        self._note(self._here, self._server, b"", FIN)
        self._socket.close()


def traffic(server: Address, frames: list[tuple[float, bytes]]) -> list[int]:
    """Two connections beside each other, one that ends and begins anew, one that breaks off."""
    messages = Messages()

    def request(method: str = "OPTIONS") -> bytes:
        made = messages.request(method, source="127.0.0.1:5060")
        return bytes(made.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))

    one, two = Phone(server, frames), Phone(server, frames)
    said = [one.ask(request()), two.ask(request()), one.ask(request()), one.ask(request())]
    one.close()
    again = Phone(server, frames)
    said += [again.ask(request("MESSAGE")), two.ask(request()), again.ask(request())]
    two.close()
    again.close()
    broken = Phone(server, frames)
    said += [broken.ask(request()), broken.ask(b"this is no SIP at all\r\n\r\n")]
    broken.close()
    return said


@pytest.mark.parametrize("server", ["sipproxy", pytest.param("kamailio", marks=pytest.mark.peer)])
def test_every_answer_on_a_connection_is_the_live_one(
    served: Served, tmp_path: Path, server: str
) -> None:
    if not shutil.which(SERVERS[server][0]):
        pytest.skip(f"{server} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    cfg = tmp_path / "t.cfg"
    cfg.write_text(CFG.replace("PORT", str(port)).replace("FOLDER", str(tmp_path)))
    frames: list[tuple[float, bytes]] = []
    with served([*SERVERS[server], "-f", str(cfg), "-Y", str(tmp_path)], tmp_path):
        said = traffic(("127.0.0.1", port), frames)
    assert said == [211, 211, 212, 213, 211, 212, 212, 211, 0]

    path = tmp_path / "c.pcap"
    text = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101)
    for time, frame in frames:
        whole = divmod(round(time * 1_000_000), 1_000_000)
        text += struct.pack("<IIII", *whole, len(frame), len(frame)) + frame
    path.write_bytes(text)
    decisions: list[Decision] = []
    found = replay(load_file(str(cfg)), [str(path)], manner=Manner(told=decisions.append))
    wrong = [as_decision(one) for one in decisions if one.status != one.captured.status]
    assert wrong == []
    assert [one.status for one in decisions] == said[:-1]
    assert found.player.tally.unsent == 0
    assert found.player.connections.rows() == []
    assert found.player.proxy.host.counters["core.connections_closed"] == 4
