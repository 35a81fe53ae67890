"""A live server whose database server is down, comes back, or hangs."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import pytest

from sipproxy.net.addresses import StartError
from sipproxy.net.options import Options
from sipproxy.net.rpc_client import call
from sipproxy.net.server import Server
from sipproxy.program import load_text
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.bases import Base
    from tests.net.conftest import Running
    from tests.servers import DatabaseServer

Serve = Callable[[str], "Running"]

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "ctl.so"
loadmodule "{module}"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "sqlops.so"
loadmodule "htable.so"
modparam("auth_db", "db_url", "{url}")
modparam("sqlops", "sqlcon", "c=>{url}")
modparam("htable", "db_url", "{url}")
modparam("htable", "htable", "t=>dbtable=htable")
modparam("{timeout}", 1)
modparam("ctl", "binrpc", "unix:ctl")
request_route {{
    if ($rm == "MESSAGE") {{
        $var(user) = is_subscriber("sip:alice@example.com", "subscriber", "2");
        $var(query) = sql_query("c", "SELECT username FROM subscriber", "r");
        sl_send_reply("200", "$var(user) $var(query) $sht(t=>k)");
    }} else {{
        sl_send_reply("200", "at once");
    }}
}}
"""

FROZEN = float(os.environ.get("SIPPROXY_FROZEN_SECONDS", "10"))


@pytest.fixture(params=["mysql", "postgres"])
def base(base: "Base") -> "Base":
    """A database server with a user and a row of htable's."""
    base.make("subscriber", "htable")
    base.fill("subscriber", [{"username": "alice", "domain": "example.com"}])
    base.fill("htable", [{"key_name": "k", "key_value": "kept"}])
    return base


@pytest.fixture
def server(base: "Base") -> Iterator["DatabaseServer"]:
    """It, back in service at the end whatever happens."""
    assert base.server is not None
    yield base.server
    base.server.thaw()


TIMEOUTS = {"mysql": 'db_mysql", "timeout_interval', "postgres": 'db_postgres", "timeout'}


def cfg(base: "Base") -> str:
    return CFG.format(module=base.module, url=base.url, timeout=TIMEOUTS[base.kind])


def said(answer: bytes) -> str:
    """The reason of a reply."""
    return answer.split(b"\r\n")[0].decode().removeprefix("SIP/2.0 200 ")


def test_down_and_back(serve: Serve, base: "Base", server: "DatabaseServer") -> None:
    running = serve(cfg(base))
    assert said(running.ask("MESSAGE", 1)) == "1 1 kept"
    server.stop()
    try:
        assert said(running.ask("MESSAGE", 2)) == "-1 -1 kept"
        assert said(running.ask("OPTIONS", 3)) == "at once"
    finally:
        server.start()
    assert said(running.ask("MESSAGE", 4)) == "1 1 kept"


def test_tables_are_read_and_written_after_a_restart(
    serve: Serve, base: "Base", server: "DatabaseServer"
) -> None:
    running = serve(cfg(base))
    base.run("UPDATE htable SET key_value = 'newer'")
    server.stop()
    server.start()
    address = f"unix:{running.folder}/ctl"
    call(address, "htable.reload", ("t",))
    assert said(running.ask("MESSAGE", 1)).endswith("newer")
    call(address, "htable.sets", ("t", "k", "newest"))
    server.stop()
    server.start()
    call(address, "htable.store", ("t",))
    assert base.rows("htable", "key_value") == [("newest",)]


def waits(running: "Running", seconds: float, each: float) -> list[float]:
    """Seconds that each OPTIONS waited for its answer, while others wait for the database."""
    taken = []
    end = time.perf_counter() + seconds
    number = 1000
    host, port = running.phone.getsockname()
    while time.perf_counter() < end:
        number += 1
        if number % 10 == 0:
            running.say(
                f"MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKm{number}\r\n"
                "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
                f"Call-ID: {number}\r\nCSeq: {number} MESSAGE\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
        began = time.perf_counter()
        answer = running.ask("OPTIONS", number)
        while said(answer) != "at once":
            answer = running.phone.recv(65535)
        taken.append(time.perf_counter() - began)
        time.sleep(each)
    return taken


def _p99(taken: list[float]) -> float:
    return quantiles(taken, n=100)[98]


def _holds_nobody_up(running: "Running", server: "DatabaseServer", seconds: float) -> None:
    assert said(running.ask("MESSAGE", 1)) == "1 1 kept"
    usual = waits(running, 0.5, 0.005)
    server.freeze()
    taken = waits(running, seconds, 0.005)
    server.thaw()
    assert len(taken) > 20 * seconds
    # On a machine that is busy with other things nothing is answered sooner than they let it be.
    assert _p99(taken) < max(0.020, 2 * _p99(usual))
    for number in range(2, 300):
        if said(answer := running.ask("MESSAGE", number)) == "1 1 kept":
            return
    raise AssertionError(f"it does not recover: {answer!r}")


def test_a_frozen_server_holds_nobody_up(
    serve: Serve, base: "Base", server: "DatabaseServer"
) -> None:
    _holds_nobody_up(serve(cfg(base)), server, 1.5)


@pytest.mark.soak
def test_a_server_frozen_for_long_holds_nobody_up(
    serve: Serve, base: "Base", server: "DatabaseServer"
) -> None:
    _holds_nobody_up(serve(cfg(base)), server, FROZEN)


def test_down_at_the_start(base: "Base", server: "DatabaseServer", tmp_path: Path) -> None:
    program = load_text(f"listen=udp:127.0.0.1:{free_port()}\n{cfg(base)}", file="t.cfg")
    server.stop()
    timer = threading.Timer(0.3, server.start)
    try:
        with pytest.raises(
            StartError, match=rf"{base.kind}://kamailio@127.0.0.1:\d+/\w+: .*refuse"
        ):
            Server(program, Options(run_dir=str(tmp_path)))
    finally:
        timer.start()
    try:
        patient = Server(program, Options(run_dir=str(tmp_path), wait_db=30.0))
    finally:
        timer.join()
    patient.proxy.close()
    patient.abandon()
