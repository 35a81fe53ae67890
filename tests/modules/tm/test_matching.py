"""Which transaction a message belongs to."""

from collections.abc import Callable
from typing import Any

from sipproxy.modules.tm.matching import old_key, request_key, via_key
from sipproxy.sip.message import Message
from sipproxy.testing import request, response


def parsed(data: bytes) -> Message:
    return Message.parse(data, source=("127.0.0.1", 5080), dest=("127.0.0.1", 5060))


def older(method: str, uri: str = "sip:bob@example.com", **more: Any) -> bytes:
    """A request with a branch that is not unique."""
    return request(method, uri, **more).replace(b"branch=z9hG4bK-1", b"branch=1")


def test_the_branch_is_the_key() -> None:
    one, other = parsed(request("INVITE")), parsed(request("INVITE", number=2))
    assert via_key(one, "INVITE") == ("INVITE", "z9hG4bK-1", "UDP 127.0.0.1:5080")
    assert request_key(one, "INVITE") != request_key(other, "INVITE")
    assert request_key(one, "INVITE") != request_key(one, "CANCEL")


def test_without_one_everything_counts() -> None:
    msg = parsed(older("INVITE"))
    assert via_key(msg, "INVITE") is None
    assert request_key(msg, "INVITE") == old_key(msg, "INVITE")
    tagged = parsed(older("INVITE", to_tag="new"))
    assert old_key(msg, "INVITE") == old_key(tagged, "INVITE")
    assert old_key(msg, "MESSAGE") != old_key(tagged, "MESSAGE")


def test_a_repetition_is_answered_as_before(call: Callable[..., Any]) -> None:
    world = call()
    for make in (request, older):
        first = make("INVITE", "sip:bob@127.0.0.1:5090")
        assert world.feed(first) == ["100", "INVITE sip:bob@127.0.0.1:5090"]
        assert world.feed(first) == ["100"]


def test_a_reply_finds_its_branch(call: Callable[..., Any]) -> None:
    world = call()
    world.send("MESSAGE")
    found = world.tm.known.of_reply(parsed(world_reply(world)))
    assert found == (world.only, world.only.branches[0])


def world_reply(world: Any) -> bytes:
    """A reply to the last request."""
    return response(world.requests[-1], 200)


def test_a_reply_of_another_method_or_branch_does_not(call: Callable[..., Any]) -> None:
    world = call()
    world.send("MESSAGE")
    good = world_reply(world)
    for bad in (
        good.replace(b"1 MESSAGE", b"1 INVITE"),
        good.replace(b".0\r\n", b".7\r\n"),
        good.replace(b".0\r\n", b".x\r\n"),
        good.replace(b"z9hG4bK", b"z9hG4bX", 1),
    ):
        assert world.tm.known.of_reply(parsed(bad)) is None


def test_calls_are_found_from_the_first_question_on(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE", number=1)
    known = world.tm.known
    assert known.of_call("call-1", "1") is world.only
    world.send("INVITE", number=2)
    assert known.of_call("call-2", "1") is not None
    assert known.of_call("call-2", "2") is None
    world.answer(200, 0)
    world.answer(200, 1)
    world.wait(6)
    assert known.of_call("call-1", "1") is None


def test_an_early_cancel_is_remembered(call: Callable[..., Any]) -> None:
    world = call()
    world.send("CANCEL")
    assert world.send("INVITE") == ["100", "487"]
