"""RPC commands on transactions."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import RpcError

HEADERS = "From: <sip:me@example.com>\r\nTo: <sip:you@example.com>\r\n"


def fault(world: Any, *call: Any) -> str:
    """The fault of a command."""
    with pytest.raises(RpcError) as caught:
        world.proxy.rpc(*call)
    return str(caught.value)


def test_the_list(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    (row,) = world.proxy.rpc("tm.list")
    assert (row["method"], row["cseq"], row["outgoings"]) == ("INVITE", "CSeq: 1", 1)
    assert row["tflags"] == 1
    assert row["lifetime"] == 180_000
    assert row["callid"] == "Call-ID: call-1\r\n"


def test_cancel(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(180)
    remaining = world.proxy.rpc("tm.cancel", "call-1", "1")
    assert remaining == (1, "branches remaining (waiting for timeout)")
    assert world.wait(0) == ["CANCEL sip:bob@127.0.0.1:5090"]
    assert fault(world, "tm.cancel", "call-2", "1") == "400 - Transaction not found"
    assert "expected" in fault(world, "tm.cancel")


def test_reply(call: Callable[..., Any]) -> None:
    world = call('t_newtran(); t_reply("183", "Soon"); t_suspend();')
    world.send("INVITE")
    t = world.only
    name = f"{t.hash_index}:{t.label}"
    world.proxy.rpc("tm.reply", 480, "Gone", name, "mine", "X-H: 1", "body")
    assert world.wait(0) == ["480"]
    assert b";tag=mine\r\n" in world.replies[-1]
    assert b"X-H: 1\r\n" in world.replies[-1]
    assert world.replies[-1].endswith(b"\r\n\r\nbody")
    assert fault(world, "tm.reply", 480, "Gone", name, "x") == "500 - Reply failed"
    assert fault(world, "tm.reply", 480, "Gone", "1:1", "x").startswith("481")
    assert fault(world, "tm.reply", 480, "Gone", "x", "x") == "400 - Invalid transaction ID"


def test_reply_by_call(call: Callable[..., Any]) -> None:
    world = call('t_newtran(); t_reply("183", "Soon"); t_suspend();')
    world.send("INVITE")
    world.proxy.rpc("tm.reply_callid", 480, "Gone", "call-1", "1", "mine")
    assert world.wait(0) == ["480"]
    assert fault(world, "tm.reply_callid", 480, "Gone", "no", "1", "x").startswith("404")
    assert fault(world, "tm.reply_callid", 480) == "400 - Reason phrase expected"


def test_sending(call: Callable[..., Any]) -> None:
    world = call()
    given = ("sip:you@127.0.0.1:5090", ".", ".", HEADERS)
    world.proxy.rpc("tm.t_uac_start", "OPTIONS", *given)
    assert world.wait(0) == ["OPTIONS sip:you@127.0.0.1:5090"]
    assert fault(world, "tm.t_uac_start", "OPTIONS") == "400 - too few parameters (-1/5)"
    assert fault(world, "tm.t_uac_start", "", *given) == "400 - Empty method"
    bad = ("sip:you@[::1]", ".", ".", HEADERS)
    assert fault(world, "tm.t_uac_start", "OPTIONS", *bad).startswith("478")


def test_waiting_for_the_reply(call: Callable[..., Any]) -> None:
    world = call()
    found: list[Any] = []

    async def ask() -> None:
        given = ("sip:you@127.0.0.1:5090", ".", ".", HEADERS)
        command = world.proxy.host.rpcs["tm.t_uac_wait_block"].handler
        found.append(await command("OPTIONS", *given))

    world.proxy.host.begin(ask(), lambda: found.append("over"))
    world.wait(0)
    assert found == []
    world.answer(404)
    assert found == [{"code": 404, "text": "Any"}, "over"]


def test_what_there_is_not(call: Callable[..., Any]) -> None:
    world = call()
    assert fault(world, "tm.hash_stats").startswith("500")
    assert fault(world, "tm.t_uac_wait").startswith("600")
    assert world.proxy.rpc("tm.clean") is None


def test_numbers(call: Callable[..., Any]) -> None:
    world = call()
    world.send("MESSAGE")
    world.answer(200)
    stats = world.proxy.rpc("tm.stats")
    assert (stats["current"], stats["waiting"], stats["2xx"]) == (1, 1, 1)
    world.wait(6)
    assert world.proxy.rpc("tm.stats")["freed"] == 1


def test_a_look_at_transactions_leaves_their_requests_at_rest(call: Callable[..., Any]) -> None:
    world = call()
    world.send("MESSAGE")
    assert world.only.rests
    (row,) = world.proxy.rpc("tm.list")
    assert (row["callid"], row["method"]) == ("Call-ID: call-1\r\n", "MESSAGE")
    assert world.tm.known.of_call("call-1", "1") is world.only
    assert world.only.rests
