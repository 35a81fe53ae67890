"""Kamailio 3's text protocol: requests out of a stream, and the form of answers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.mi import BadRequest, MiReader, MiRequest, begin_mi, encode_reply

V = MiNode


def read(data: bytes) -> list[Any]:
    return list(MiReader().feed(data))


@pytest.mark.parametrize(
    ("lines", "nodes"),
    [
        (b"", ()),
        (b"ha\n", (V(None, "ha"),)),
        (b"  ha \t\n", (V(None, "ha"),)),
        (b"a:: b\n", (V("a", "b"),)),
        (b"a b ::c d\n", (V("a b", "c d"),)),
        (b"a::\n", (V("a", None),)),
        (b"::b\n", (V(None, "b"),)),
        (b'"a :: b"\n', (V(None, "a :: b"),)),
        (b'n:: "v"  \n', (V("n", "v"),)),
        (b'"say \\"hi\\""\n', (V(None, 'say "hi"'),)),
        (b'"two\nlines"\nmore\n', (V(None, "two\nlines"), V(None, "more"))),
        (b'""\n', (V(None, ""),)),
        (b" \t \nx\n", (V(None, "x"),)),
        (b"caf\xc3\xa9\n", (V(None, "café"),)),
    ],
)
def test_arguments(lines: bytes, nodes: tuple[MiNode, ...]) -> None:
    assert read(b":cmd:reply\n" + lines + b"\n") == [MiRequest("cmd", "reply", nodes)]


@pytest.mark.parametrize("line", [b'a"b', b'a:: b"c', b'na"me::x', b'"x" y', b'"open', b'a:: "x"y'])
def test_arguments_that_cannot_be_read(line: bytes) -> None:
    assert read(b":cmd:reply\n" + line + b"\n\n") == [MiRequest("cmd", "reply", None)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b":x", "at least 3"),
        (b"cmd:reply", "begin with a colon"),
        (b":cmd", "a second colon"),
        (b"::reply", "without a name"),
        (b":" + b"x" * 1100 + b":r", "too long"),
    ],
)
def test_a_first_line_that_is_no_command(line: bytes, reason: str) -> None:
    bad, good = read(line + b"\nargument\n\n:next:r\n\n")
    assert isinstance(bad, BadRequest)
    assert reason in str(bad)
    assert good == MiRequest("next", "r", ())


def test_a_reply_fifo_is_not_needed_to_be_read() -> None:
    assert read(b":cmd: \r\n\n") == [MiRequest("cmd", "", ())]


def test_blank_lines_between_requests_mean_nothing() -> None:
    assert read(b"\n\n:a:r\n\n\n\n:b:r\n\n") == [MiRequest("a", "r", ()), MiRequest("b", "r", ())]


def test_a_request_without_end_takes_bounded_memory() -> None:
    reader = MiReader()
    for _ in range(100):
        assert list(reader.feed(b"x" * 5000)) == []
    assert reader.half
    found = list(reader.feed(b"\n\n:a:r\n\n"))
    assert "too long" in str(found[0])
    assert found[1:] == [MiRequest("a", "r", ())]
    assert not reader.half


def test_what_came_half_can_be_given_up() -> None:
    reader = MiReader()
    assert list(reader.feed(b":a:r\nhalf")) == []
    reader.forget()
    assert list(reader.feed(b":b:r\n\n")) == [MiRequest("b", "r", ())]


STREAM = b':sht_dump:r\nha\n\n:x:\n"a\nb"\nn::v\n\n:y\n\n:z:r\nq"\n\n'


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_any_split_of_the_stream(cuts: list[int]) -> None:
    reader = MiReader()
    found: list[Any] = []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(edges):
        found += reader.feed(STREAM[start:end])
    assert list(map(str, found)) == list(map(str, read(STREAM)))


def test_an_answer() -> None:
    reply = MiReply(nodes=(V("Entry", "3", (V("k", "v"), V(None, "x"), V("e", None))), V("n", "m")))
    assert encode_reply(reply) == b"200 OK\nEntry:: 3\n\tk:: v\n\tx\n\te:: \nn:: m\n\n"
    assert encode_reply(reply, "  ").split(b"\n")[2] == b"  k:: v"
    assert encode_reply(MiReply(500, "no such hash table")) == b"500 no such hash table\n\n"


def registry(told: list[str]) -> Registry:
    def begin(work: Any, done: Any) -> None:
        with pytest.raises(StopIteration):
            work.send(None)
        done()

    found = Registry(lambda name, error: told.append(f"{name}: {error}"), begin)

    async def later(arguments: Sequence[MiNode]) -> MiReply:
        return MiReply(nodes=tuple(arguments))

    def broken(arguments: Sequence[MiNode]) -> MiReply:
        raise RuntimeError("no")

    found.mi = {"now": lambda arguments: MiReply(404, "Not"), "later": later, "broken": broken}
    return found


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (MiRequest("now", "r", ()), b"404 Not\n\n"),
        (MiRequest("later", "r", (V("a", "b"),)), b"200 OK\na:: b\n\n"),
        (MiRequest("broken", "r", ()), b"500 command 'broken' failed\n"),
        (MiRequest("none", "r", ()), b"500 command 'none' not available\n"),
        (MiRequest("now", "r", None), b"400 parse error in command 'now'\n"),
        (MiRequest("none", "r", None), b"500 command 'none' not available\n"),
    ],
)
def test_what_is_answered(request_: MiRequest, answer: bytes) -> None:
    told: list[str] = []
    answers: list[bytes] = []
    begin_mi(registry(told), request_, "\t", answers.append)
    assert answers == [answer]
    assert told == (["broken: no"] if request_.command == "broken" else [])
