"""The examples on UDP: what the same seeded traffic hears from sipproxy on a virtual clock, from
`sipproxy run` with an SQLite file, and from real Kamailio with the same file.

Windows and samples are made long, so that no clock's tick falls into the traffic.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

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
]
LONG = 100_000_000


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
    """Four floods of guesses, and a phone before, between and after."""
    phone = sit("127.0.0.9", Manner())
    heard: list[tuple[int, ...]] = []
    for host in range(10, 14):
        heard.append((0, phone.register("bob", passwords["bob"])))
        attacker = sit(f"127.0.0.{host}", Manner())
        for number in range(60):
            status = attacker.guess("alice", f"wrong-{number}")
            heard.append((host, number, status))
            if not status:
                break
    return heard


def in_one_second(sit: Sit, passwords: dict[str, str]) -> list[tuple[int, ...]]:
    """Two sources, ten registrations and ten calls each, at the beginning of a second."""
    heard: list[tuple[int, ...]] = []
    for host in (10, 11):
        for manner in (MANNERS[0], MANNERS[4]):
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
