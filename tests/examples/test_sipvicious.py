"""SIPVicious against the examples on UDP: the real attack tool finds the password where nothing
stops it, and nowhere else; and it sees here what it sees of real Kamailio.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from sipproxy.net.rpc_client import call
from sipproxy.rpc.values import members_of

Serving = Callable[..., AbstractContextManager[int]]

SCRIPTS = Path(sys.executable).parent
FOUND = "| bob       | right-horse |"
NOTHING = "found nothing"
LONG = 100_000_000

pytestmark = pytest.mark.skipif(
    not (SCRIPTS / "sipvicious_svcrack").exists(), reason="sipvicious is not installed"
)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """1,000 passwords, the 400th is bob's."""
    path = tmp_path / "words"
    lines = [f"wrong-{number}" for number in range(1000)]
    lines[399] = "right-horse"
    path.write_text("\n".join(lines) + "\n")
    return path


def start(tool: str, *args: str, folder: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, str(SCRIPTS / f"sipvicious_{tool}"), *args, "127.0.0.1"]
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HOME": str(folder)},
    )


def sums(port: int, folder: Path, table: str) -> int:
    """The sum of the values in a table of the server."""
    total = 0
    for slot in call(f"unix:{folder}/{port}/ctl", "htable.dump", [table]):
        for name, items in members_of(slot) or ():
            for _, item in (members_of(items) or ()) if name == "slot" else ():
                value = dict(members_of(item) or ())["value"]
                assert isinstance(value, int)
                total += value
    return total


CRACKED = {
    "register_auth.cfg": (FOUND, "", 0),
    "dictionary_attack.cfg": (NOTHING, "by_pair", 3),
    "auth_rate_limit.cfg": (NOTHING, "failed", 5),
    "flood_ban.cfg": (NOTHING, "", 0),
    "calls_per_second.cfg": (NOTHING, "", 0),
}
"""What svcrack says of each, and the table and number of the guesses that were checked."""


@pytest.mark.parametrize("server", ["sipproxy", pytest.param("kamailio", marks=pytest.mark.peer)])
def test_svcrack(serving: Serving, words: Path, tmp_path: Path, server: str) -> None:
    """All five beside each other: svcrack waits 10 s for more answers before it ends."""
    with ExitStack() as stack:
        running = {}
        for name in CRACKED:
            counting = name in ("dictionary_attack.cfg", "auth_rate_limit.cfg")
            defines = {"WINDOW": LONG, "SLOW_WINDOW": LONG} if counting else {}
            port = stack.enter_context(serving(server, name, **defines))
            given = ("-u", "bob", "-d", str(words), "-p", str(port), "-t", "0.002")
            tool = start("svcrack", *given, "--maximumtime=2", folder=tmp_path)
            running[name] = port, stack.enter_context(tool)
        for name, (port, tool) in running.items():
            output = tool.communicate(timeout=90)[0]
            wanted, table, guesses = CRACKED[name]
            assert wanted in output, f"{name}: {output}"
            assert (wanted == FOUND) == ("right-horse" in output)
            if table:
                assert sums(port, tmp_path, table) == guesses


LOOKS = [
    ("svmap",),
    ("svmap", "-m", "REGISTER"),
    ("svwar", "-e", "1000-1012,7"),
    ("svwar", "-e", "1000-1012,7", "-m", "INVITE"),
    ("svwar", "-e", "1000-1012,7", "-m", "OPTIONS", "--force"),
    ("svwar", "-e", "1000-1003,7", "--force"),
]


def looks(serving: Serving, servers: list[str], name: str, folder: Path) -> list[list[str]]:
    """What the scanners say of each server, without what is another at each run."""
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(server, name)) for server in servers]
        running = [
            [start(tool, *args, "-p", str(port), folder=folder) for tool, *args in LOOKS]
            for port in ports
        ]
        return [
            [masked(tool.communicate(timeout=60)[0], port) for tool in tools]
            for port, tools in zip(ports, running, strict=True)
        ]


def masked(text: str, port: int) -> str:
    """Without ports, and without what is another at each run: tags, nonces, numbers."""
    text = re.sub(r"(?m)^.*(could not bind|Make use of the -P).*\n", "", text)
    text = re.sub(rf"\b({port}|50[67]\d)\b", "PORT", text)
    return re.sub(r'(nonce="|tag=|branch=z9hG4bK-|Call-ID: )[^;"\\>]+', r"\1...", text)


@pytest.mark.parametrize("name", ["register_auth.cfg", "dictionary_attack.cfg"])
def test_svmap_and_svwar(serving: Serving, tmp_path: Path, name: str) -> None:
    """The server is found, its users are not told apart from others."""
    (said,) = looks(serving, ["sipproxy"], name, tmp_path)
    example = {"register_auth.cfg": "registrar"}.get(name, "dictionary attack")
    assert all(f"| {example} example" in text for text in said[:2])
    for text in said[2:4]:
        assert "authentication request for an unknown extension" in text
    for text in said[2:]:
        assert text.endswith("found nothing\n")


@pytest.mark.peer
@pytest.mark.parametrize("name", ["register_auth.cfg", "dictionary_attack.cfg"])
def test_svmap_and_svwar_see_the_same_of_kamailio(
    serving: Serving, tmp_path: Path, name: str
) -> None:
    ours, theirs = looks(serving, ["sipproxy", "kamailio"], name, tmp_path)
    assert ours == theirs
