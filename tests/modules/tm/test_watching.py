"""Who watches a transaction, and what he is told."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.core.transactions import Reply
from sipproxy.testing import request


class Notes:
    """A watch that writes down what it is told, and may clear the flags that it sees."""

    def __init__(self, mask: int = -1) -> None:
        self.told: list[str] = []
        self.mask = mask

    def note(self, what: str, ctx: Context, reply: Reply) -> None:
        whose = "own" if reply.message is None else "relayed"
        avp = ctx.avps.get("a", ["-"])[0]
        self.told.append(
            f"{what} {whose} {reply.status} {reply.reason} {ctx.ruri} {ctx.flags} {avp}"
        )
        ctx.flags &= self.mask

    def replied(self, ctx: Context, reply: Reply) -> None:
        self.note("replied", ctx, reply)

    def failed(self, ctx: Context, reply: Reply) -> None:
        self.note("failed", ctx, reply)

    def acked(self, ctx: Context, reply: Reply) -> None:
        self.note(f"acked {ctx.msg.method} {reply.tag}", ctx, reply)


@pytest.fixture
def watched(call: Callable[..., Any]) -> Callable[..., tuple[Any, Notes]]:
    """`watched(route, blocks)`: a call whose transactions are watched, and the notes on them."""

    def make(route: str, blocks: str = "", mask: int = -1) -> tuple[Any, Notes]:
        made, notes = call(f"setflag(1); {route}", blocks), Notes(mask)
        made.tm.on_request.append(lambda ctx: None)
        made.tm.on_request.append(lambda ctx: notes)
        return made, notes

    return make


def test_an_answered_call(watched: Callable[..., tuple[Any, Notes]]) -> None:
    call, notes = watched('$avp(a) = "x"; t_relay();')
    call.send("INVITE")
    call.answer(180)
    call.answer(200)
    call.answer(200)
    call.answer(200, tag="fork")
    ack = request("ACK", "sip:bob@127.0.0.1:5090", to_tag="uas", number=9)
    for _ in range(2):
        call.feed(ack.replace(b"tag=t9", b"tag=t1").replace(b"call-9", b"call-1"))
    call.feed(ack.replace(b"tag=t9", b"tag=t1").replace(b"call-9", b"call-7"))
    uri = "sip:bob@127.0.0.1:5090"
    assert notes.told == [
        f"replied relayed 180 Ringing {uri} 2 x",
        f"replied relayed 200 OK {uri} 2 x",
        f"replied relayed 200 OK {uri} 2 x",
        f"acked ACK uas own 200 OK {uri} 0 x",
    ]


def test_a_failed_call_that_goes_on(watched: Callable[..., tuple[Any, Notes]]) -> None:
    blocks = 'failure_route[F] { xlog("flags $mf"); $ru = "sip:box@127.0.0.1:5090"; t_relay(); }'
    call, notes = watched('t_on_failure("F"); t_relay();', blocks, mask=~2)
    call.send("INVITE")
    call.answer(486)
    call.answer(200, tag="box")
    assert notes.told == [
        "failed relayed 486 Busy Here sip:bob@127.0.0.1:5090 2 -",
        "replied relayed 200 OK sip:box@127.0.0.1:5090 0 -",
    ]
    assert any(line.endswith("flags 0") for line in call.log)


def test_own_replies_and_time_outs(watched: Callable[..., tuple[Any, Notes]]) -> None:
    call, notes = watched(
        'if ($rU == "own") { t_newtran(); t_reply("480", "Away"); } else t_relay();'
    )
    call.send("MESSAGE", "own")
    call.send("MESSAGE", "bob", number=2)
    call.wait(31)
    own, bob = "sip:own@127.0.0.1:5090", "sip:bob@127.0.0.1:5090"
    assert notes.told == [
        f"replied own 480 Temporarily Unavailable {own} 2 -",
        f"failed own 408 Request Timeout {bob} 2 -",
        f"replied own 408 Request Timeout {bob} 2 -",
    ]


def test_nothing_is_left_of_answers(watched: Callable[..., tuple[Any, Notes]]) -> None:
    call, _ = watched("t_relay();")
    call.send("INVITE")
    call.answer(200)
    call.wait(60)
    assert call.tm.known.answered(request("ACK", to_tag="uas")) is None
    assert not call.tm.known._by_answer
