"""t_relay and its kin."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.modules.tm.relaying import HostPort, Proto, ProxyOrFlags, RelayFlags


@pytest.mark.parametrize(
    "what",
    [
        't_relay("127.0.0.1", "5099")',
        't_relay_to("udp:127.0.0.1:5099")',
        't_relay_to("127.0.0.1:5099", "4")',
        't_relay_to_udp("127.0.0.1", "5099")',
        't_relay_to_avp("udp", "127.0.0.1:5099")',
        't_replicate("sip:127.0.0.1:5099")',
        't_replicate("127.0.0.1", "5099")',
        't_replicate_udp("127.0.0.1", "5099")',
        't_replicate_to("udp", "127.0.0.1:5099")',
        't_newtran() && t_forward_nonack("127.0.0.1", "5099")',
        't_newtran() && t_forward_nonack_udp("127.0.0.1", "5099")',
        't_newtran() && t_forward_nonack_to("udp", "127.0.0.1:5099")',
    ],
)
def test_the_place_is_the_arguments(call: Callable[..., Any], what: str) -> None:
    world = call(f'if ({what}) xlog("done\\n");')
    world.send("MESSAGE")
    (sent,) = world.requests
    assert world.only.branches[0].flow.remote == ("127.0.0.1", 5099)
    assert sent.startswith(b"MESSAGE sip:bob@127.0.0.1:5090")
    assert world.log == ["done"]


@pytest.mark.parametrize("proto", ["tls", "sctp"])
def test_a_protocol_without_a_socket(call: Callable[..., Any], proto: str) -> None:
    world = call(f't_relay_to_{proto}("127.0.0.1", "5099"); xlog("$rc\\n");')
    assert world.send("MESSAGE") == ["500"]
    assert world.log[-1] == "-7"


def test_replies_to_a_copy_go_nowhere(call: Callable[..., Any]) -> None:
    world = call('t_replicate("sip:127.0.0.1:5099"); sl_send_reply("200", "OK");')
    assert world.send("MESSAGE") == ["MESSAGE sip:bob@127.0.0.1:5090", "200"]
    assert world.answer(404) == []


def test_nonack_needs_a_transaction(call: Callable[..., Any]) -> None:
    world = call('if (!t_forward_nonack("127.0.0.1", "5099")) xlog("no\\n");')
    assert world.send("MESSAGE") == []
    assert world.log == ["no"]


def test_flags_silence(call: Callable[..., Any]) -> None:
    assert call('t_relay_to("127.0.0.1:5099", "0x1");').send("INVITE")[0] != "100"


def test_places_are_read() -> None:
    assert HostPort.parse("tls:[::1]:5061").target == HostPort.parse("TLS:[::1]:5061").target
    assert HostPort.parse("example.com").target.port == 0
    assert HostPort.parse("host:5").by(Proto.parse("TCP")).proto == "tcp"
    assert ProxyOrFlags.parse("7").target is None
    assert RelayFlags.parse("0x10").number == 16
    for kind, text in ((HostPort, ""), (HostPort, "a:b:c:d"), (Proto, "xyz")):
        with pytest.raises(ValueError, match=r"is no|is none"):
            kind.parse(text)
