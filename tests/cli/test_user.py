"""`sipproxy user`; a database it made serves real Kamailio."""

import hashlib
import io
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from sipproxy.testing import request

Sipproxy = Callable[..., Any]


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sipproxy: Sipproxy) -> Path:
    """A database with an empty table of users; $SIPPROXY_DB names it."""
    monkeypatch.setenv("SIPPROXY_DB", f"sqlite:///{tmp_path}/k.db")
    assert sipproxy("db", "create", f"sqlite:///{tmp_path}/k.db", "-t", "subscriber").code == 0
    return tmp_path / "k.db"


def stored(file: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(file)) as base:
        return base.execute(
            "SELECT username, domain, ha1, ha1b, password FROM subscriber"
        ).fetchall()


def test_hashes_are_stored_and_no_password(sipproxy: Sipproxy, file: Path) -> None:
    said = sipproxy("user", "add", "alice@example.com", "wonder")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert stored(file) == [
        (
            "alice",
            "example.com",
            md5("alice:example.com:wonder"),
            md5("alice@example.com:example.com:wonder"),
            "",
        )
    ]


def test_the_password_itself_only_when_asked(sipproxy: Sipproxy, file: Path) -> None:
    assert sipproxy("user", "add", "--plain", "bob@example.com", "builder").code == 0
    assert stored(file)[0][4] == "builder"
    assert sipproxy("user", "passwd", "bob@example.com", "other").code == 0
    assert stored(file)[0][2:] == (
        md5("bob:example.com:other"),
        md5("bob@example.com:example.com:other"),
        "",
    )


def test_realm_and_algorithm(sipproxy: Sipproxy, file: Path) -> None:
    words = ("--realm", "sip", "--algorithm", "SHA-256")
    assert sipproxy("user", "add", "alice@example.com", "wonder", *words).code == 0
    assert stored(file)[0][2] == hashlib.sha256(b"alice:sip:wonder").hexdigest()


def test_the_password_from_standard_input(
    sipproxy: Sipproxy, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("two words \nmore\n"))
    assert sipproxy("user", "add", "alice@example.com").code == 0
    assert stored(file)[0][2] == md5("alice:example.com:two words ")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    said = sipproxy("user", "passwd", "alice@example.com")
    assert said.code == 2 and "an empty password is not taken" in said.err


def test_the_password_from_a_terminal(
    sipproxy: Sipproxy, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def prompt(text: str, **how: Any) -> str:
        asked.append((text, how))
        return "wonder"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", prompt)
    assert sipproxy("user", "add", "alice@example.com").code == 0
    assert asked == [("Password", {"hide_input": True, "confirmation_prompt": True})]
    assert stored(file)[0][2] == md5("alice:example.com:wonder")


def test_show_and_list(sipproxy: Sipproxy, file: Path) -> None:
    sipproxy("user", "add", "bob@example.org", "builder", "--plain")
    sipproxy("user", "add", "alice@example.com", "wonder")
    assert sipproxy("user", "list").out.splitlines() == [
        "alice@example.com  hashed",
        "bob@example.org  hashed, plain",
    ]
    assert sipproxy("user", "list", "example.org").out == "bob@example.org  hashed, plain\n"
    assert sipproxy("user", "show", "alice@example.com").out == "alice@example.com  hashed\n"
    alice = {"username": "alice", "domain": "example.com", "hashed": True, "plain": False}
    assert json.loads(sipproxy("user", "show", "--json", "alice@example.com").out) == alice
    listed = json.loads(sipproxy("user", "list", "--json").out)
    assert listed[0] == alice and len(listed) == 2
    assert "wonder" not in str(listed) and "builder" not in str(listed)


def test_remove(sipproxy: Sipproxy, file: Path) -> None:
    sipproxy("user", "add", "alice@example.com", "wonder")
    assert sipproxy("user", "rm", "alice@example.com").code == 0
    assert stored(file) == []


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("add", "alice@example.com", "x"), 1, "alice@example.com is there already"),
        (("rm", "bob@example.com"), 1, "there is no user bob@example.com"),
        (("show", "bob@example.com"), 1, "there is no user bob@example.com"),
        (("passwd", "bob@example.com", "x"), 1, "there is no user bob@example.com"),
        (("add", "alice", "x"), 2, "'alice' is not user@domain"),
        (("add", "a:b@example.com", "x"), 2, "'a:b@example.com' is not user@domain"),
        (("add", "a" * 65 + "@example.com", "x"), 2, "of 64 characters each at most"),
        (("add", "c@example.com", ""), 2, "an empty password is not taken"),
        (("add", "c@example.com", "x" * 65, "--plain"), 2, "has 64 characters at most"),
        (("list", "--table", "staff"), 2, "no such table: staff"),
        (("list", "--db", "sqlite:////none.db"), 2, "there is no such file"),
    ],
)
def test_what_cannot_be_done(
    sipproxy: Sipproxy, file: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    sipproxy("user", "add", "alice@example.com", "wonder")
    before = stored(file)
    said = sipproxy("user", *words)
    assert said.code == code
    assert sentence in said.err
    assert stored(file) == before


def test_dburl_names_the_database_too(
    sipproxy: Sipproxy, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIPPROXY_DB")
    said = sipproxy("user", "list")
    assert said.code == 2 and "--db" in said.err
    monkeypatch.setenv("DBURL", f"sqlite:///{file}")
    assert sipproxy("user", "list").code == 0


# -- with real Kamailio

CFG = """#!KAMAILIO
listen=udp:127.0.0.1:{port}
children=1
debug=0
log_stderror=yes
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///{file}")
request_route {{
    if (!www_authenticate("example.com", "subscriber")) {{
        www_challenge("example.com", "0");
        exit;
    }}
    sl_send_reply("200", "OK");
}}
"""


@pytest.fixture
def kamailio(file: Path, tmp_path: Path) -> Iterator[Callable[[bytes], bytes]]:
    """Kamailio on the database: sends a request, gives the answer."""
    if not shutil.which("kamailio"):
        pytest.skip("kamailio is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cfg = tmp_path / "k.cfg"
    cfg.write_text(CFG.format(port=port, file=file))
    if subprocess.run(["kamailio", "-c", "-f", str(cfg)], capture_output=True).returncode:
        pytest.skip("kamailio has no db_sqlite, or refuses the cfg")
    words = ["kamailio", "-f", str(cfg), "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(tmp_path)]
    server = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    line.connect(("127.0.0.1", port))
    line.settimeout(0.2)

    def ask(data: bytes) -> bytes:
        for _ in range(50):  # until it is up
            try:
                line.send(data)
                return line.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                with suppress(subprocess.TimeoutExpired):
                    server.wait(0.2)
                    break
        raise AssertionError("kamailio does not answer")

    try:
        yield ask
    finally:
        line.close()
        server.terminate()
        server.wait(10)


@pytest.mark.peer
def test_real_kamailio_accepts_the_users(
    sipproxy: Sipproxy, file: Path, request: pytest.FixtureRequest
) -> None:
    assert sipproxy("user", "add", "alice@example.com", "wonder").code == 0
    kamailio = request.getfixturevalue("kamailio")
    numbers = iter(range(1, 100))

    def register(name: str, password: str) -> int:
        nonce = ""
        status = 0
        for _ in range(2):
            number = next(numbers)
            headers = _credentials(name, password, nonce) if nonce else ""
            answer = kamailio(_register(number, headers))
            status = int(answer[8:11])
            found = re.search(rb'nonce="([^"]*)"', answer)
            nonce = found[1].decode() if found else ""
        return status

    assert register("alice", "wonder") == 200
    assert register("alice@example.com", "wonder") == 200
    assert register("alice", "guess") == 401
    assert sipproxy("user", "passwd", "alice@example.com", "changed").code == 0
    assert [register("alice", word) for word in ("wonder", "changed")] == [401, 200]


def _register(number: int, headers: str) -> bytes:
    return request(
        "REGISTER", "sip:example.com", source="127.0.0.1:5060;rport", headers=headers, number=number
    )


def _credentials(name: str, password: str, nonce: str) -> str:
    ha1, ha2 = md5(f"{name}:example.com:{password}"), md5("REGISTER:sip:example.com")
    return (
        f'Authorization: Digest username="{name}", realm="example.com", nonce="{nonce}", '
        f'uri="sip:example.com", response="{md5(f"{ha1}:{nonce}:{ha2}")}"'
    )
