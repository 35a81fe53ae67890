"""HTTP on the SIP port of a served cfg: http.client and curl, kept alive, in chunks, bounded."""

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[..., "Running"]

CFG = """
tcp_accept_no_cl=yes
tcp_rd_buf_size=8000
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "htable.so"
loadmodule "jsonrpcs.so"
modparam("htable", "htable", "t=>size=4")
modparam("jsonrpcs", "transport", 1)
request_route { sl_send_reply("200", "OK"); }
event_route[xhttp:request] {
    if ($hu == "/rpc") { jsonrpc_dispatch(); }
    else if ($hu == "/fail") { return -1; }
    else { xhttp_reply("200", "OK", "text/plain", "$rm $hu $rb"); }
}
"""


@pytest.fixture
def running(serve: Serve) -> "Running":
    return serve(CFG, tcp=True)


def connect(running: "Running") -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)


def test_one_connection_for_many_requests(running: "Running") -> None:
    link = connect(running)
    for number in range(3):
        link.request("GET", f"/{number}")
        answer = link.getresponse()
        assert (answer.status, answer.read()) == (200, f"GET /{number} ".encode())
    assert len(running.server.proxy.host.streams.rows()) == 1
    link.close()


def test_json_rpc(running: "Running") -> None:
    link = connect(running)

    def call(method: str, *params: object) -> tuple[int, dict[str, object]]:
        document = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        link.request("POST", "/rpc", json.dumps(document))
        answer = link.getresponse()
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(answer.read())

    assert call("htable.seti", "t", "k", 5)[1]["result"] == "Ok. Key set to new value."
    status, answer = call("htable.get", "t", "none")
    assert (status, answer["error"]) == (
        500,
        {"code": 500, "message": "Key name doesn't exist in htable."},
    )
    assert call("core.echo", "x")[1]["result"] == ["x"]
    link.close()


def test_a_body_in_chunks(running: "Running") -> None:
    link = connect(running)
    link.request("POST", "/x", iter([b"one ", b"two"]), encode_chunked=True)
    assert link.getresponse().read() == b"POST /x one two"
    link.close()


def test_who_waits_for_100_continue_gets_it_first(running: "Running") -> None:
    with socket.create_connection(("127.0.0.1", running.port), 5) as link:
        link.sendall(b"PUT /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert link.recv(1000) == b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"
        link.sendall(b"ab")
        assert link.recv(1000).endswith(b"\r\n\r\nPUT /x ab")


@pytest.mark.parametrize(
    "data",
    [b"GET /fail HTTP/1.1\r\nA: b\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n"],
)
def test_what_ends_a_connection(running: "Running", data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), 5) as link:
        link.sendall(data)
        assert link.recv(1000) == b""
    assert running.ask().startswith(b"SIP/2.0 200")


def test_a_connection_survives_what_nobody_serves(running: "Running") -> None:
    with socket.create_connection(("127.0.0.1", running.port), 5) as link:
        link.sendall(b"FOO bar XYZ/1.0\r\nA: b\r\n\r\nGET /y HTTP/1.1\r\nA: b\r\n\r\n")
        assert link.recv(1000).endswith(b"GET /y ")


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_real_curl(running: "Running") -> None:
    base = f"http://127.0.0.1:{running.port}"

    def curl(*words: str) -> str:
        done = subprocess.run(
            ["curl", "-sS", "-m", "10", "--noproxy", "*", *words],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.stderr == ""
        return done.stdout

    document = '{"jsonrpc":"2.0","method":"core.echo","params":["a"],"id":1}'
    assert json.loads(curl(f"{base}/rpc", "-d", document))["result"] == ["a"]
    chunked = ("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue")
    assert json.loads(curl(*chunked, f"{base}/rpc", "-d", document))["result"] == ["a"]
    assert curl(f"{base}/1", f"{base}/2") == "GET /1 GET /2 "
