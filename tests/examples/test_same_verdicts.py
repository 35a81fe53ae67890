"""The examples on UDP: what the same seeded traffic hears from sipproxy on a virtual clock, from
`sipproxy run` with an SQLite file, and from real Kamailio with the same file.

Windows and samples are made long, so that no clock's tick falls into the traffic.
"""

import ipaddress
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from sipproxy.clock import Chance
from sipproxy.testing import Messages
from sipproxy.testing.callers import Caller, Manner, UdpLine
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]
Serving = Callable[..., AbstractContextManager[int]]
Sit = Callable[[str, Manner], Caller]
"""Puts a caller on a line from an address."""

MANNERS = [
    Manner(),
    Manner(),
    Manner(decoy="elsewhere"),
    Manner(qop=False),
    Manner(method="INVITE"),
    Manner(decoy="Example.COM"),
]
LONG = 100_000_000
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "kamailio_cfg"
ALL = sorted(path.name for path in EXAMPLES.glob("*.cfg"))


def mixed(sit: Sit, passwords: dict[str, str]) -> list[tuple[int, ...]]:
    """Phones, attackers and decoys from eight addresses, as the same seed says each time."""
    chance = Chance(3)
    callers = [sit(f"127.0.0.{host}", manner) for host in range(10, 18) for manner in MANNERS]
    users = ["bob", "alice", "1000", "1001", "1002", "1003", "nobody", "Bob", "b*b"]
    heard: list[tuple[int, ...]] = []
    phone = sit("127.0.0.9", Manner())
    for step in range(500):
        if step % 25 == 0:
            heard.append((step, phone.register("bob", passwords["bob"])))
        number = chance.below(len(callers))
        caller, user = callers[number], users[chance.below(len(users))]
        right = chance.below(4) == 0
        password = passwords.get(user, "none") if right else f"wrong-{step}"
        status = caller.guess(user, password, f"{user}@x" if chance.below(9) == 0 else "")
        heard.append((step, number, users.index(user), int(right), status))
    return heard


def burst(sit: Sit, passwords: dict[str, str]) -> list[tuple[int, ...]]:
    """Two floods of guesses, and a phone before, between and after."""
    phone = sit("127.0.0.9", Manner())
    heard: list[tuple[int, ...]] = []
    for host in (10, 11):
        heard.append((0, phone.register("bob", passwords["bob"])))
        attacker = sit(f"127.0.0.{host}", Manner())
        for number in range(60):
            status = attacker.guess("alice", f"wrong-{number}")
            heard.append((host, number, status))
            if not status:
                break
    return heard


def in_one_second(sit: Sit, passwords: dict[str, str]) -> list[tuple[int, ...]]:
    """Ten registrations of one source, ten calls of another, at the beginning of a second."""
    heard: list[tuple[int, ...]] = []
    for host, manner in ((10, MANNERS[0]), (11, MANNERS[4])):
        caller = sit(f"127.0.0.{host}", manner)
        time.sleep(1.02 - time.time() % 1)  # noqa: TID251  the servers' second
        heard += [(host, caller.guess("alice", f"x-{n}")) for n in range(10)]
    return heard


CASES = {
    "dictionary_attack.cfg": (mixed, {"WINDOW": LONG, "SLOW_WINDOW": LONG}),
    "auth_rate_limit.cfg": (mixed, {"WINDOW": LONG, "SLOW_WINDOW": LONG}),
    "register_auth.cfg": (mixed, {}),
    "flood_ban.cfg": (burst, {"SAMPLE": 10_000}),
    "calls_per_second.cfg": (in_one_second, {"CALLS": LONG, "REGISTERS": LONG}),
}


def live(serving: Serving, server: str, name: str, passwords: dict[str, str]) -> list[object]:
    """What the traffic hears from a server."""
    play, defines = CASES[name]
    with serving(server, name, **defines) as port, ExitStack() as lines:
        timeout = 2.0 if name == "flood_ban.cfg" else 5.0
        messages = Messages()

        def sit(host: str, manner: Manner) -> Caller:
            line = lines.enter_context(UdpLine(("127.0.0.1", port), host, timeout))
            return Caller(line, messages, manner)

        return [*play(sit, passwords)]


def virtual(scene: MakeScene, name: str, passwords: dict[str, str]) -> list[object]:
    """What it hears without a network."""
    play, defines = CASES[name]
    stage = scene(name, **defines)

    def sit(host: str, manner: Manner) -> Caller:
        # In the second that begins for each of them live.
        stage.proxy.advance(1 if play is in_one_second else 0)
        return stage.caller(host, manner)

    return [*play(sit, passwords)]


@pytest.mark.parametrize("name", CASES)
def test_a_server_with_sqlite(
    scene: MakeScene, serving: Serving, passwords: dict[str, str], name: str
) -> None:
    heard = virtual(scene, name, passwords)
    assert len({row[-1] for row in heard if isinstance(row, tuple)}) > 1
    assert live(serving, "sipproxy", name, passwords) == heard


@pytest.mark.peer
@pytest.mark.parametrize("name", CASES)
def test_kamailio(scene: MakeScene, serving: Serving, passwords: dict[str, str], name: str) -> None:
    assert live(serving, "kamailio", name, passwords) == virtual(scene, name, passwords)


@pytest.mark.parametrize("name", ALL)
def test_check_finds_nothing_to_say(name: str) -> None:
    words = [sys.executable, "-m", "sipproxy", "check", "--strict", str(EXAMPLES / name)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr and "warning" not in done.stderr


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("kamailio"), reason="kamailio is not installed")
@pytest.mark.parametrize("name", ALL)
def test_kamailio_accepts_it(name: str) -> None:
    words = ["kamailio", "-c", "-f", str(EXAMPLES / name)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "pair", "user"), [("dictionary_attack.cfg", 3, 20), ("auth_rate_limit.cfg", 5, 30)]
)
def test_kamailio_compares_no_more_digests(
    serving: Serving, tmp_path: Path, name: str, pair: int, user: int
) -> None:
    """Counted in Kamailio's own debug log: one for each look, one for each password checked."""
    windows = {"WINDOW": LONG, "SLOW_WINDOW": LONG}
    with ExitStack() as stack:
        port = stack.enter_context(serving("kamailio", name, ["--debug=3"], **windows))
        messages = Messages()

        def sit(host: str, manner: Manner = MANNERS[0]) -> Caller:
            line = stack.enter_context(UdpLine(("127.0.0.1", port), host, 5.0))
            return Caller(line, messages, manner)

        words = [("bob", f"wrong-{number}") for number in range(60)]
        statuses = sit("127.0.0.10").guesses(words)
        statuses += sit("127.0.0.11", MANNERS[2]).guesses(words)
        statuses += [sit(f"127.0.1.{number}").guess("bob", "x") for number in range(1, 41)]
    log = (tmp_path / str(port) / "log").read_text(errors="replace")
    compared = log.count("auth_check_response(): Our result")
    looked = len(statuses) if name == "dictionary_attack.cfg" else statuses.count(401)
    assert compared - looked == statuses.count(401) == user
    assert statuses[:120].count(401) == 2 * pair


def addresses() -> list[str]:
    """IPv6 addresses that are written short in all ways."""
    chance = Chance(7)
    some = ["::", "::1", "1::", "2001:db8::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "1:2:3::8"]
    for _ in range(150):
        groups = [chance.below(2) * chance.below(0x10000) for _ in range(8)]
        some.append(":".join(f"{group:x}" for group in groups))
    return [str(ipaddress.IPv6Address(address)) for address in some]


@pytest.mark.parametrize("server", ["sipproxy", pytest.param("kamailio", marks=pytest.mark.peer)])
def test_the_network_of_an_ipv6_address(serving: Serving, tmp_path: Path, server: str) -> None:
    """The route SOURCE of the example, for addresses that a header names."""
    text = (EXAMPLES / "dictionary_attack.cfg").read_text("utf-8")
    for old, new in {
        "$var(source) = $si;": "$var(source) = $hdr(Address);",
        "if (af == INET) {": "if (af == INET6) {",
        "\troute(AUTH);\n": '\troute(SOURCE);\n\tsl_send_reply("200", "$var(source)");\n\texit;\n',
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "source.cfg").write_text(text)
    with (
        serving(server, str(tmp_path / "source.cfg")) as port,
        UdpLine(("127.0.0.1", port), "127.0.0.1") as line,
    ):
        messages = Messages()
        for address in addresses():
            request = messages.register("bob", source=line.source, headers=f"Address: {address}")
            answer = line.ask(request).split(b"\r\n")[0].decode()
            network = ipaddress.IPv6Network(f"{address}/64", strict=False).network_address
            groups = network.exploded.split(":")[:4]
            expected = ":".join(f"{int(group, 16):x}" for group in groups)
            assert answer == f"SIP/2.0 200 {expected}::/64", address


@pytest.mark.parametrize("server", ["sipproxy", pytest.param("kamailio", marks=pytest.mark.peer)])
def test_over_ipv6(serving: Serving, server: str) -> None:
    defines = {"HOST": "[::1]", "WINDOW": LONG, "SLOW_WINDOW": LONG}
    with serving(server, "dictionary_attack.cfg", **defines) as port:
        messages = Messages()
        with UdpLine(("::1", port), "::1") as one, UdpLine(("::1", port), "::1") as two:
            phone, attacker = Caller(one, messages), Caller(two, messages)
            assert phone.register("bob", "right-horse") == 200
            assert attacker.guesses([("alice", "x")] * 5) == [401] * 3 + [403] * 2
            assert phone.register("bob", "right-horse") == 200
