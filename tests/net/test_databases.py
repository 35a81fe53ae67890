"""The live server while a database makes a message wait: the others do not."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.errors import CfgError
from sipproxy.net.addresses import StartError
from sipproxy.net.options import Options
from sipproxy.net.server import Server
from sipproxy.program import load_text
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[[str], "Running"]

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///{file}")
request_route {{
    if ($rm == "MESSAGE") {{
        $var(code) = is_subscriber("sip:alice@example.com", "subscriber", "2");
        sl_send_reply("200", "code $var(code)");
    }} else {{
        sl_send_reply("200", "at once");
    }}
}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.db"


@pytest.fixture
def other(file: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection to a table with alice."""
    made = sqlite3.connect(file, isolation_level=None)
    made.execute("CREATE TABLE subscriber (username TEXT, domain TEXT)")
    made.execute("INSERT INTO subscriber VALUES ('alice', 'example.com')")
    yield made
    made.close()


def request(running: "Running", method: str, number: int) -> bytes:
    host, port = running.phone.getsockname()
    return (
        f"{method} sip:bob@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
        "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
        f"Call-ID: {number}\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_a_locked_database_holds_up_only_who_needs_it(
    serve: Serve, file: Path, other: sqlite3.Connection
) -> None:
    running = serve(CFG.format(file=file))
    assert running.ask("MESSAGE").startswith(b"SIP/2.0 200 code 1\r\n")
    other.execute("BEGIN EXCLUSIVE")
    for number in range(1, 4):
        running.say(request(running, "MESSAGE", number))
    for number in range(10, 20):
        assert running.ask("OPTIONS", number).startswith(b"SIP/2.0 200 at once\r\n")
    other.execute("COMMIT")
    late = [running.phone.recv(65535) for _ in range(3)]
    assert all(answer.startswith(b"SIP/2.0 200 code 1\r\n") for answer in late)
    assert running.ask("MESSAGE", 30).startswith(b"SIP/2.0 200 code 1\r\n")


def test_a_server_that_stops_answers_who_waits(
    serve: Serve, file: Path, other: sqlite3.Connection
) -> None:
    running = serve(CFG.format(file=file))
    running.server.proxy.host.database(f"sqlite:///{file}").timeout = 0.1
    other.execute("BEGIN EXCLUSIVE")
    running.say(request(running, "MESSAGE", 1))
    assert running.ask("OPTIONS", 2).startswith(b"SIP/2.0 200 at once\r\n")
    running.server.stop_soon()
    assert running.phone.recv(65535).startswith(b"SIP/2.0 200 code -1\r\n")


def test_a_missing_database_ends_the_start_in_one_sentence(file: Path) -> None:
    text = f"listen=udp:127.0.0.1:{free_port()}\n{CFG.format(file=file)}"
    with pytest.raises((StartError, CfgError), match=r"users\.db: there is no such file"):
        Server(load_text(text, file="t.cfg"), Options(run_dir=str(file.parent)))
    assert not file.exists()
