"""A day at a registrar, captured: customers, some of them clumsy, and whom to keep out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.callers import Caller, DirectLine
from sipproxy.testing.messages import Messages
from sipproxy.testing.scene import Scene

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "kamailio_cfg"
START = 1_795_000_000.0
ME = ("192.0.2.1", 5060)
PASSWORDS = {"alice": "wonder", "bob": "right-horse", "carol": "purple"}
SECRET = "the secret of the day"
"""By which the nonces in the capture were made."""
ATTACKERS = {"203.0.113.9", "203.0.113.10"}

GUARD = """#!KAMAILIO
#!define MAX 3
#!substdef "!BAN!300!g"
#!define UNUSED 1
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "htable.so"
loadmodule "auth.so"
modparam("htable", "htable", "fails=>size=8;autoexpire=600;initval=0;")
modparam("htable", "htable", "banned=>size=8;autoexpire=BAN;")

request_route {
    if ($sht(banned=>$si) != $null) {
        sl_send_reply("403", "Banned");
        exit;
    }
    if (is_method("REGISTER")) {
        route(AUTH);
    }
    sl_send_reply("200", "OK");
}

route[AUTH] {
    pv_auth_check("example.com", "nobody knows", "0", "0");
    $var(code) = $rc;
    if ($var(code) > 0) {
        $sht(fails=>$si) = $null;
        return;
    }
    if ($var(code) == -2 && $shtinc(fails=>$si) >= MAX) {
        $sht(banned=>$si) = $Ts;
        xlog("L_WARN", "$si is banned\\n");
    }
    auth_challenge("example.com", "0");
    exit;
}
"""
"""Bans an address for BAN seconds at its third wrong password in a row."""


class Day(NamedTuple):
    """The files of the day."""

    pcap: str
    guard: str


class Tapped:
    """A line whose datagrams are written to a capture as they go and come."""

    def __init__(self, scene: Scene, host: str, writer: PcapWriter) -> None:
        self.line = DirectLine(scene.proxy, host)
        self.source = self.line.source
        self._ends = (host, 5060), ME
        self._scene = scene
        self._writer = writer

    def ask(self, request: bytes) -> bytes:
        """An answer takes 5 ms."""
        here, server = self._ends
        now = self._scene.proxy.clock.now
        self._writer.add(now(), here, server, request)
        answer = self.line.ask(request)
        self._scene.proxy.advance(0.005)
        self._writer.add(now(), server, here, answer)
        return answer


def make(folder: Path) -> Day:
    """Write the capture and the cfg."""
    pcap, guard = folder / "day.pcap", folder / "guard.cfg"
    guard.write_text(GUARD)
    scene = Scene(str(EXAMPLES / "register_auth.cfg"), PASSWORDS, defines={"SECRET": f'"{SECRET}"'})
    scene.proxy.clock.set(START)
    messages = Messages()
    with PcapWriter(str(pcap)) as writer:
        callers = {
            host: Caller(Tapped(scene, host, writer), messages)
            for host in ("192.0.2.11", "192.0.2.12", "192.0.2.13", *sorted(ATTACKERS), "192.0.2.50")
        }
        rows = sorted(_plan(), key=lambda row: row[0])
        scene.proxy.advance(rows[0][0])
        for (_, host, user, word), (then, *_) in pairwise([*rows, (rows[-1][0] + 1, "", "", "")]):
            caller = callers[host]
            if user:
                caller.guess(user, word) if word != PASSWORDS.get(user) else caller.register(
                    user, word
                )
            else:
                caller.line.ask(messages.options(source=caller.line.source))
            scene.proxy.advance(max(0.0, START + then - scene.proxy.clock.now()))
    return Day(str(pcap), str(guard))


def _plan() -> list[tuple[float, str, str, str]]:
    """(second, address, user or empty for OPTIONS, password) of what everybody does."""
    alice = [(60.0 * n, "192.0.2.11", "alice", "wonder") for n in range(1, 11)]
    clumsy = ["x", "y", "z", "right-horse", "right-horse"]
    bob = [(100.0 + 7 * n, "192.0.2.12", "bob", word) for n, word in enumerate(clumsy)]
    bob.append((590.0, "192.0.2.12", "bob", "right-horse"))
    carol = [(200.0 + 5 * n, "192.0.2.13", "carol", w) for n, w in enumerate(["p", "q", "purple"])]
    guesses = [(150.25 + n, "203.0.113.9", "bob", f"guess-{n}") for n in range(40)]
    spray = [(300.5 + 3 * n, "203.0.113.10", f"{1000 + n}", "1234") for n in range(12)]
    monitor = [(30.75 * n, "192.0.2.50", "", "") for n in range(1, 19)]
    return [*alice, *bob, *carol, *guesses, *spray, *monitor]
