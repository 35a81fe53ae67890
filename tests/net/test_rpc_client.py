"""The client: what it says when nothing, or nothing sensible, answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipproxy.errors import RpcError
from sipproxy.net.rpc_client import Link, NoServer, call
from sipproxy.rpc.binrpc import encode_answer, encode_fault


@contextmanager
def answering(path: Path, *pieces: bytes) -> Iterator[str]:
    """A stream socket that takes one request and answers with these pieces."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(str(path))
        bound.listen(1)

        def serve() -> None:
            link, _ = bound.accept()
            with link:
                link.recv(65536)
                for piece in pieces:
                    link.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix:{path}"
        thread.join(5)


def test_an_answer_in_many_pieces(tmp_path: Path) -> None:
    answer = encode_answer([{"name": "x" * 300, "size": 5}], 0x51AA)
    pieces = [answer[at : at + 7] for at in range(0, len(answer), 7)]
    with answering(tmp_path / "s", *pieces) as address:
        (record,) = call(address, "m", [])
    assert dict(record.members) == {"name": "x" * 300, "size": 5}  # type: ignore[union-attr]


def test_a_fault_is_raised(tmp_path: Path) -> None:
    fault = encode_fault(RpcError(404, "none of that"), 0x51AA)
    with (
        answering(tmp_path / "s", fault) as address,
        pytest.raises(RpcError, match="404 - none of that"),
    ):
        call(address, "m", [])


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n",), "does not speak BINRPC"),
        ((), "closed without an answer"),
        ((b"\xa1\x10",), "closed without an answer"),
    ],
)
def test_no_sensible_answer(tmp_path: Path, pieces: tuple[bytes, ...], sentence: str) -> None:
    with answering(tmp_path / "s", *pieces) as address, pytest.raises(NoServer, match=sentence):
        call(address, "m", [])


def test_nobody_there(tmp_path: Path) -> None:
    for address in (f"unix:{tmp_path}/none", f"unixd:{tmp_path}/none", f"{tmp_path}/none"):
        with pytest.raises(NoServer, match=r"^no server at .*none: No such file or directory$"):
            call(address, "m", [])
    with pytest.raises(NoServer, match="unknown protocol 'http'"):
        call("http://example.org", "m", [])
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NoServer, match="Connection refused"):
        call(f"tcp:127.0.0.1:{port}", "m", [])
    with pytest.raises(NoServer, match="Connection refused"):
        call(f"udp:127.0.0.1:{port}", "m", [])


def test_a_server_that_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mute:
        mute.bind(str(path))
        with pytest.raises(NoServer, match=r"no answer from .* within 0\.1 s"):
            call(f"unixd:{path}", "m", [], timeout=0.1)


def test_many_commands_over_one_connection(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    accepted: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(path)
        bound.listen(5)

        def serve() -> None:
            link, _ = bound.accept()
            accepted.append(1)
            with link:
                for number in range(3):
                    link.recv(65536)
                    link.sendall(encode_answer([number], 1))

        thread = threading.Thread(target=serve)
        thread.start()
        with Link(f"unix:{path}", 5.0) as link:
            assert [link.call("a", 1), link.call("b"), link.call("c", "x")] == [[0], [1], [2]]
            thread.join(5)
            with pytest.raises(NoServer, match="no server at"):
                link.call("d")
    assert accepted == [1]


def test_a_link_to_nobody(tmp_path: Path) -> None:
    for address in (f"unix:{tmp_path}/none", str(tmp_path / "none"), f"unixd:{tmp_path}/none"):
        with Link(address) as link, pytest.raises(NoServer, match="no server at"):
            link.call("a")
