"""Control sockets: every transport, many clients, and what a peer may do wrong."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.net.addresses import StartError
from sipproxy.net.rpc_client import call
from sipproxy.net.rpc_socket import group_number, user_number
from sipproxy.rpc.binrpc import decode_answer, encode_call, read_packet
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[[str], "Running"]

CFG = """
loadmodule "sl.so"
loadmodule "ctl.so"
loadmodule "jsonrpcs.so"
modparam("ctl", "binrpc", "unix:ctl")
modparam("ctl", "binrpc", "unixd:ctld")
modparam("ctl", "binrpc", "tcp:127.0.0.1:{port}")
modparam("ctl", "binrpc", "udp:127.0.0.1:{port}")
modparam("ctl", "mode", 0640)
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "json.sock")
request_route {{ sl_send_reply("200", "OK"); }}
"""


@pytest.fixture
def served(serve: Serve) -> "tuple[Running, int]":
    port = free_port()
    return serve(CFG.format(port=port)), port


def test_every_transport_answers(served: "tuple[Running, int]") -> None:
    running, port = served
    folder = running.folder
    for address in (
        f"unix:{folder}/ctl",
        f"{folder}/ctl",
        f"unixd:{folder}/ctld",
        f"tcp:127.0.0.1:{port}",
        f"udp:127.0.0.1:{port}",
    ):
        assert call(address, "core.echo", [1, "a"]) == ["1", "a"], address


def test_socket_files_have_their_mode_and_go_with_the_server(
    served: "tuple[Running, int]",
) -> None:
    running, _ = served
    assert (running.folder / "ctl").stat().st_mode & 0o777 == 0o640
    running.stop()
    assert list(running.folder.iterdir()) == []


def test_requests_in_pieces_and_in_a_row(served: "tuple[Running, int]") -> None:
    running, _ = served
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(5)
        link.connect(str(running.folder / "ctl"))
        calls = b"".join(encode_call("core.printi", [n], 7) for n in range(3))
        for at in range(len(calls)):
            link.send(calls[at : at + 1])
        got: list[list[object]] = []
        data = b""
        while len(got) < 3:
            data += link.recv(4096)
            while found := read_packet(data):
                packet, end = found
                got.append(list(decode_answer(packet)))
                data = data[end:]
    assert got == [[0], [1], [2]]


def test_a_peer_that_speaks_something_else_is_cut_off(served: "tuple[Running, int]") -> None:
    running, _ = served
    path = str(running.folder / "ctl")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(5)
        link.connect(path)
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = b""
        while piece := link.recv(4096):
            answer += piece
    assert b"corrupted packet" in answer
    assert call(path, "core.echo", ["still here"]) == ["still here"]


def test_a_client_that_does_not_read_holds_nobody_up(served: "tuple[Running, int]") -> None:
    running, _ = served
    path = str(running.folder / "ctl")
    request = encode_call("core.echo", ["x" * 60000], 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.settimeout(0.2)
        deaf.connect(path)
        sent = 0
        try:
            for _ in range(60):
                deaf.sendall(request)
                sent += 1
        except TimeoutError:
            pass
        assert sent
        assert call(path, "core.echo", ["another"]) == ["another"]
        assert running.ask().startswith(b"SIP/2.0 200")


def json_call(running: "Running", document: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        own = running.folder / "me.sock"
        link.bind(str(own))
        link.settimeout(5)
        link.sendto(document, str(running.folder / "json.sock"))
        try:
            return link.recv(65535)
        finally:
            own.unlink()


def test_json_over_a_datagram_socket(served: "tuple[Running, int]") -> None:
    running, _ = served
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(b"no json at all", str(running.folder / "json.sock"))
        link.sendto(b"{", str(running.folder / "json.sock"))
    answer = json_call(running, b'{"jsonrpc":"2.0","method":"core.echo","params":["a",2],"id":9}')
    assert json.loads(answer) == {"jsonrpc": "2.0", "result": ["a", "2"], "id": 9}
    answer = json_call(running, b'{"jsonrpc":"2.0","method":"no.such","id":1}')
    assert json.loads(answer)["error"] == {"code": 500, "message": "Method Not Found"}


def test_a_command_that_stops_the_server(served: "tuple[Running, int]") -> None:
    running, _ = served
    assert call(str(running.folder / "ctl"), "core.kill", []) == []
    running.thread.join(10)
    assert not running.thread.is_alive()


def test_a_stale_file_is_replaced_and_a_live_server_is_not(serve: Serve) -> None:
    cfg = 'loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:ctl")\nrequest_route { exit; }'
    running = serve(cfg)
    with pytest.raises(StartError, match="another server answers there"):
        serve(cfg)
    running.stop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(str(running.folder / "ctl"))
    again = serve(cfg)
    assert call(str(again.folder / "ctl"), "core.echo", ["a"]) == ["a"]


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("kamcmd"), reason="kamcmd is not installed")
def test_the_real_kamcmd(served: "tuple[Running, int]") -> None:
    running, port = served

    def kamcmd(address: str, *words: str) -> str:
        done = subprocess.run(
            ["kamcmd", "-s", address, *words], capture_output=True, text=True, timeout=20
        )
        return done.stdout + done.stderr

    for address in (
        f"unix:{running.folder}/ctl",
        f"unixd:{running.folder}/ctld",
        f"tcp:127.0.0.1:{port}",
        f"udp:127.0.0.1:{port}",
    ):
        said = kamcmd(address, "core.ps")
        assert said == f"{os.getpid()}\nudp worker 0 sock=udp:127.0.0.1:{running.port}\n"
    address = f"unix:{running.folder}/ctl"
    assert kamcmd(address, "no.such") == "error: 500 - command no.such not found\n"
    assert kamcmd(address, "core.uptime").startswith("{\n\tnow: ")
    assert "core.version\n" in kamcmd(address, "system.listMethods")


def test_users_and_groups_by_name_or_number() -> None:
    assert (user_number("root"), user_number("7"), user_number("")) == (0, 7, -1)
    assert (group_number("root"), group_number("7"), group_number("")) == (0, 7, -1)
    with pytest.raises(KeyError):
        user_number("no-such-user-here")


def test_an_unknown_owner_is_one_sentence(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"cannot open the control socket .*no-such-user"):
        serve(
            'loadmodule "ctl.so"\nmodparam("ctl", "user", "no-such-user")\nrequest_route { exit; }'
        )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(serve: Serve, tmp_path: Path) -> None:
    there = tmp_path / "none" / "ctl"
    cfg = (
        f'loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:{there}")\n'
        "request_route { exit; }\n"
    )
    with pytest.raises(StartError, match=r"cannot open the control socket .*: No such file"):
        serve(cfg)
    assert not there.parent.exists()
