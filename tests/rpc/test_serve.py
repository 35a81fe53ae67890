"""The recorded sessions, played against our own answers, byte for byte."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.waiting import Wait
from sipproxy.errors import RpcError
from sipproxy.rpc.binrpc import encode_call, read_packet
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.serve import BinrpcStream, answer_binrpc_datagram, answer_json, begin_json
from sipproxy.text import encode, presentable

Golden = Callable[[str], list[dict[str, Any]]]
ECHO = bytes.fromhex("a1010f0001910a636f72652e6563686f00217800")


def play_kamcmd(registry: Registry, golden: Golden) -> None:
    """Plays the kamcmd session on one connection, comparing each answer."""
    stream = BinrpcStream(registry)
    for row in golden("kamcmd"):
        answer = stream.receive(bytes.fromhex(row["request"]))
        assert answer.hex() == row["answer"], row["command"]
    assert not stream.closed


def play_packets(registry: Registry, golden: Golden) -> None:
    """Plays the hand-made packets, a connection each."""
    for row in golden("binrpc"):
        stream = BinrpcStream(registry)
        answer = stream.receive(bytes.fromhex(row["request"]))
        assert (answer.hex(), stream.closed) == (row["answer"], row["closes"]), row["case"]


def test_answers_kamcmd_as_kamailio_did(registry: Registry, golden: Golden) -> None:
    play_kamcmd(registry, golden)


def test_answers_broken_packets_as_kamailio_did(registry: Registry, golden: Golden) -> None:
    play_packets(registry, golden)


def test_answers_json_as_kamailio_did(registry: Registry, golden: Golden) -> None:
    play_kamcmd(registry, golden)
    play_packets(registry, golden)
    for row in golden("jsonrpc"):
        reply = answer_json(registry, encode(row["document"]))
        # Kamailio passes bytes that are no UTF-8 through; what we send is valid text.
        expected = None if row["answer"] is None else presentable(row["answer"])
        assert (reply and reply.body.decode()) == expected, row["document"]


def test_a_request_may_come_byte_by_byte(registry: Registry) -> None:
    stream = BinrpcStream(registry)
    answers = [stream.receive(bytes((byte,))) for byte in ECHO * 2]
    assert [answer.hex() for answer in answers if answer] == ["a1100301217800"] * 2


def test_nothing_is_answered_after_the_stream_broke(registry: Registry) -> None:
    stream = BinrpcStream(registry)
    assert stream.receive(ECHO + b"zzzz" + ECHO).startswith(bytes.fromhex("a1100301217800a130"))
    assert stream.closed
    assert stream.receive(ECHO) == b""


def test_an_oversized_request_closes_without_a_word(registry: Registry) -> None:
    stream = BinrpcStream(registry)
    assert stream.receive(bytes.fromhex("a10c0002000001")) == b""
    assert stream.closed


def test_datagram(registry: Registry) -> None:
    assert answer_binrpc_datagram(registry, ECHO).hex() == "a1100301217800"
    assert answer_binrpc_datagram(registry, ECHO[:-1]) == b""
    assert b"corrupted packet" in answer_binrpc_datagram(registry, b"GET /")


def test_http_sees_the_status(registry: Registry) -> None:
    good = answer_json(registry, b'{"jsonrpc":"2.0","method":"core.version"}')
    assert good is not None and (good.code, good.reason) == (200, "OK")
    document = b'{"jsonrpc":"2.0","method":"htable.delete","params":["T","none"]}'
    bad = answer_json(registry, document, pretty=False)
    assert bad is not None and (bad.code, bad.reason) == (404, "Key not found in htable.")
    assert bad.body == (
        b'{"jsonrpc":"2.0","error":{"code":404,"message":"Key not found in htable."}}'
    )


def test_params_that_are_none_of_an_unknown_method(registry: Registry) -> None:
    reply = answer_json(registry, b'{"jsonrpc":"2.0","method":"nope","params":5}', pretty=False)
    assert reply is not None and b'"Method Not Found"' in reply.body


@pytest.mark.parametrize("result", [{1}, {"a": object()}, [[b"x", {2: 3}]], 1 << 70, {"n": 1j}])
def test_a_result_no_transport_can_carry_is_a_fault(result: Any) -> None:
    broken: list[str] = []
    registry = Registry(lambda name, error: broken.append(f"{name}: {type(error).__name__}"))
    registry.add("bad.result", lambda: result)
    stream = BinrpcStream(registry)
    answer = stream.receive(encode_call("bad.result", (), 7))
    assert answer[1] >> 4 == 3 and b"internal server error" in answer
    reply = answer_json(registry, b'{"jsonrpc":"2.0","method":"bad.result"}')
    assert reply is not None and reply.code == 500
    assert broken == ["bad.result: TypeError"] * 2


def echoes() -> Registry:
    """A registry with commands that read arguments in every way."""

    def report(name: str, error: Exception) -> None:
        raise AssertionError(name) from error

    def text(*words: str) -> tuple[str, ...]:
        return words

    def numbers(one: int, two: float = 0.5) -> list[int | float]:
        return [one, two]

    def fault(text: str) -> None:
        raise RpcError(len(text), text)

    registry = Registry(report)
    registry.add("t", text, array=True)
    registry.add("n", numbers)
    registry.add("f", fault, missing="No text")
    return registry


@given(st.binary(max_size=60))
def test_no_bytes_break_a_stream(noise: bytes) -> None:
    stream = BinrpcStream(echoes())
    stream.receive(noise)
    stream.receive(noise)
    answer_binrpc_datagram(echoes(), noise)


@given(st.binary(max_size=60), st.sampled_from("tnfx"))
def test_no_arguments_break_a_command(noise: bytes, method: str) -> None:
    payload = bytes((0x21, ord(method), 0)) + noise
    stream = BinrpcStream(echoes())
    answer = stream.receive(bytes((0xA1, 0, len(payload), 9)) + payload)
    found = read_packet(answer)
    assert found is not None and found[0].cookie == 9 and found[1] == len(answer)
    assert not stream.closed and b"command core.echo not found" in stream.receive(ECHO)


@given(st.one_of(st.binary(max_size=60), st.text(alphabet='{}[]",:\\u0d8e-1. tfn').map(encode)))
def test_no_document_breaks_json(document: bytes) -> None:
    for text in (document, b'{"jsonrpc":"2.0","method":"t","params":[' + document + b"]}"):
        reply = answer_json(echoes(), text)
        assert reply is None or reply.body.startswith(b'{\n\t"jsonrpc":\t"2.0"')


@pytest.fixture
def control_socket(registry: Registry, tmp_path: Path) -> Iterator[str]:
    """A unix socket on which BinrpcStream serves one connection after the other."""
    path = str(tmp_path / "ctl")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                stream = BinrpcStream(registry)
                while data := connection.recv(65536):
                    connection.sendall(stream.receive(data))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield path
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("kamcmd") is None, reason="kamcmd is not installed")
def test_the_real_kamcmd_prints_what_it_printed_for_kamailio(
    control_socket: str, golden: Golden
) -> None:
    for row in golden("kamcmd"):
        run = subprocess.run(
            ["kamcmd", "-s", f"unix:{control_socket}", "--", *row["command"]],
            capture_output=True,
            timeout=10,
            check=True,
        )
        assert run.stdout.decode() == row["printed"], row["command"]


def test_answers_that_come_late_keep_their_order() -> None:
    waits: list[Wait] = []

    def begin(work: Coroutine[Any, object, None], done: Callable[[], None]) -> None:
        try:
            wait = work.send(None)
        except StopIteration:
            done()
        else:
            assert isinstance(wait, Wait)
            wait.then(lambda: begin(work, done))

    async def slow() -> str:
        waits.append(Wait())
        await waits[-1]
        return "late"

    registry = Registry(lambda name, error: None, begin)
    registry.add("t.slow", slow)
    registry.add("t.fast", lambda: "at once")
    late: list[bytes] = []
    stream = BinrpcStream(registry, late.append)
    ask_slow, ask_fast = (encode_call(name, [], 1) for name in ("t.slow", "t.fast"))
    fast = stream.receive(ask_fast)
    assert b"at once" in fast
    assert stream.receive(ask_slow + ask_fast + ask_slow + ask_fast) == b""
    assert (stream.receive(b"GET /"), stream.closed) == (b"", False)
    waits[1].finish()
    assert late == []
    waits[0].finish()
    assert [b"".join(late).count(word) for word in (b"late", b"at once")] == [2, 2]
    assert (stream.receive(b""), stream.closed) == (b"", True)
    replies: list[Any] = []
    begin_json(registry, b'{"jsonrpc":"2.0","method":"t.slow","id":1}', False, replies.append)
    assert replies == []
    waits[2].finish()
    assert b"late" in replies[0].body
