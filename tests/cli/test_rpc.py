"""`sipproxy rpc`: kamcmd's words, and exit codes that a script can use."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.rpc.binrpc import decode_call, encode_answer, encode_fault, read_packet

Sipproxy = Callable[..., Any]


@contextmanager
def server(path: Path, answer: bytes, seen: list[bytes]) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(str(path))
        bound.listen(1)

        def serve() -> None:
            link, _ = bound.accept()
            with link:
                seen.append(link.recv(65536))
                link.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(5)


def test_an_answer_looks_as_kamcmd_shows_it(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    seen: list[bytes] = []
    answer = encode_answer([{"item": {"name": "k", "value": 5}}, "text"], 1)
    with server(path, answer, seen):
        said = sipproxy("rpc", "-s", f"unix:{path}", "htable.get", "t", "7", "s:7", "-5")
    assert (said.code, said.out, said.err) == (
        0,
        "{\n\titem: {\n\t\tname: k\n\t\tvalue: 5\n\t}\n}\ntext\n",
        "",
    )
    found = read_packet(seen[0])
    assert found
    call = decode_call(found[0])
    assert call.method == "htable.get"


def test_a_fault_exits_with_1(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    with server(path, encode_fault(RpcError(500, "No such htable"), 1), []):
        said = sipproxy("rpc", "-s", f"unix:{path}", "htable.dump", "none")
    assert (said.code, said.out, said.err) == (1, "", "error: 500 - No such htable\n")


def test_no_server_exits_with_3(
    sipproxy: Sipproxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPPROXY_CTL", f"unix:{tmp_path}/none")
    said = sipproxy("rpc", "core.ps")
    assert said.code == 3
    assert said.err == (f"sipproxy: no server at unix:{tmp_path}/none: No such file or directory\n")


def test_json_of_what_has_no_names_is_an_array(sipproxy: Sipproxy, tmp_path: Path) -> None:
    """A slot of htable.dump: over BINRPC its items are unnamed members of a struct."""
    path = tmp_path / "ctl"
    with server(path, encode_answer([{"slot": [{"name": "a"}, {"name": "b"}]}], 1), []):
        said = sipproxy("rpc", "-s", str(path), "--json", "htable.dump", "t")
    assert json.loads(said.out) == {"slot": [{"name": "a"}, {"name": "b"}]}


def test_json(sipproxy: Sipproxy, tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    with server(path, encode_answer([{"a": 1}], 1), []):
        said = sipproxy("rpc", "-s", str(path), "--json", "x.y")
    assert (said.code, said.out) == (0, '{\n\t"a":\t1\n}\n')
