"""The core's functions; what they do to the R-URI was recorded from Kamailio 5.6.3."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.context import Branch, Context
from sipproxy.core.flow import CLOSE, NO_CONNECT, Flow
from sipproxy.core.functions import Core, Number, Socket
from sipproxy.core.params import FlagNumber, Plain
from sipproxy.core.streams import NoStreams
from sipproxy.errors import MessageError
from sipproxy.sip.uri import Uri
from sipproxy.testing import load_cfg_text, request

RECORDED = json.loads((Path(__file__).parent / "ruri_operations.json").read_text())
"""R-URI -> call -> [result, R-URI afterwards]; `<null>` where Kamailio cannot read it any more."""


@pytest.fixture
def core(bench: Any) -> Core:
    loaded: Core = bench.load(Core)
    return loaded


@pytest.fixture
def ctx(bench: Any, request_text: Any) -> Context:
    made: Context = bench.context(request_text())
    return made


def call(core: Core, ctx: Context, text: str) -> int | None:
    """Run a call as it stands in a cfg, with one string, one number or nothing in it."""
    found = re.fullmatch(r'(\w+)\((?:"(.*)"|(\d+)|)\)', text)
    assert found is not None
    (declared,) = core.host.functions[found[1]]
    args = [Number(found[3])] if found[3] else [] if found[2] is None else [found[2]]
    result: int | None = declared.call(ctx, *args)
    return result


def readable(uri: str) -> bool:
    try:
        Uri.parse(uri)
    except MessageError:
        return False
    return True


def at_once(result: Any) -> int:
    """What a function returned that may have been a coroutine and did not wait."""
    if inspect.iscoroutine(result):
        with pytest.raises(StopIteration) as stop:
            result.send(None)
        result = stop.value.value
    assert isinstance(result, int)
    return result


@pytest.mark.parametrize("uri", RECORDED)
def test_ruri_operations(bench: Any, core: Core, request_text: Any, uri: str) -> None:
    for text, (result, expected) in RECORDED[uri].items():
        ctx = bench.context(request_text(f"OPTIONS {uri}"))
        assert (call(core, ctx, text) or 1) == result, text
        if expected != "<null>":
            assert ctx.ruri == expected, text
        else:
            assert not readable(ctx.ruri), (text, ctx.ruri)
        call(core, ctx, "revert_uri()")
        assert ctx.ruri == uri


def test_an_unreadable_ruri_stays(bench: Any, core: Core, request_text: Any) -> None:
    ctx = bench.context(request_text("OPTIONS nonsense"))
    assert core.rewritehost(ctx, Plain("x")) == -1
    assert ctx.new_ruri is None
    assert bench.lines == ["bad uri <nonsense>, dropping packet"]


def test_strip_counts_bytes(bench: Any, core: Core, ctx: Context) -> None:
    core.rewriteuri(ctx, Plain("sip:äb@h"))
    core.strip(ctx, Number(2))
    assert ctx.ruri == "sip:b@h"
    core.strip_tail(ctx, Number(5))
    assert bench.lines == ["too long strip_tail asked; deleting username: 5 of <b>"]


def test_flags(core: Core, ctx: Context) -> None:
    for number in (0, 31):
        flag = FlagNumber(number)
        assert not core.isflagset(ctx, flag)
        core.setflag(ctx, flag)
        assert core.isflagset(ctx, flag)
    assert ctx.flags == 0x80000001
    core.resetflag(ctx, FlagNumber(31))
    assert ctx.flags == 1


def test_names_with_one_meaning(core: Core) -> None:
    functions = core.host.functions
    for names in (
        ("force_rport", "add_rport"),
        ("rewritehost", "sethost", "seth"),
        ("rewriteuri", "seturi"),
        ("force_tcp_alias", "add_tcp_alias"),
    ):
        assert len({functions[name][0].call for name in names}) == 1


def test_rport_marks(core: Core, ctx: Context) -> None:
    core.force_rport(ctx)
    core.add_local_rport(ctx)
    assert ctx.force_rport
    assert ctx.add_local_rport


@pytest.mark.parametrize(
    ("index", "left"),
    [(None, "bc"), (Number(0), "bc"), (Number(1), "ac"), (Number(-1), "ab"), (Number(3), "abc")],
)
def test_remove_branch(core: Core, ctx: Context, index: Number | None, left: str) -> None:
    core.remove_branch(ctx, index)
    ctx.branches.extend(Branch(uri) for uri in "abc")
    core.remove_branch(ctx, index)
    assert "".join(branch.uri for branch in ctx.branches) == left
    core.clear_branches(ctx)
    assert ctx.branches == []


def test_logging(bench: Any, core: Core, ctx: Context) -> None:
    core.log(ctx, Plain("never"))
    core.log_level(ctx, Number(1), Plain("hello"))
    core.error(ctx, Plain("a"), Plain("b"))
    bench.log.threshold = 4
    core.log(ctx, Plain("now"))
    assert bench.log.records == [
        (1, "<script>", "hello"),
        (1, "core", 'error("a", "b") not implemented yet'),
        (4, "<script>", "now"),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("10.0.0.1", ("udp", "10.0.0.1", 0)),
        ("10.0.0.1:5060", ("udp", "10.0.0.1", 5060)),
        ("udp:10.0.0.1:5060", ("udp", "10.0.0.1", 5060)),
        ("TLS:10.0.0.1", ("tls", "10.0.0.1", 0)),
        ("udp:[::1]:5062", ("udp", "::1", 5062)),
        ("[::1]", ("udp", "::1", 0)),
    ],
)
def test_socket_argument(text: str, parts: tuple[str, str, int]) -> None:
    socket = Socket.parse(text)
    assert (socket.proto, socket.address, socket.port) == parts


def test_bad_socket_argument() -> None:
    with pytest.raises(ValueError, match="address"):
        Socket.parse("10.0.0.1:x")


def test_force_send_socket(bench: Any, core: Core, ctx: Context) -> None:
    core.force_send_socket(ctx, Socket.parse("udp:10.0.0.1:5060"))
    assert ctx.force_socket == ("udp", "10.0.0.1", 5060)
    assert bench.lines == []
    core.force_send_socket(ctx, Socket.parse("udp:10.0.0.7:5060"))
    assert bench.lines == ["force_send_socket: no socket udp:10.0.0.7:5060"]


def test_advertised(core: Core, ctx: Context) -> None:
    core.set_advertised_address(ctx, Plain("1.2.3.4"))
    core.set_advertised_port(ctx, Number(99))
    assert ctx.advertised == ("1.2.3.4", 99)
    core.set_advertised_address(ctx, Plain("5.6.7.8"))
    assert ctx.advertised == ("5.6.7.8", 99)


@pytest.mark.parametrize(
    ("name", "args", "remote"),
    [
        ("forward", (), ("10.0.0.7", 5099)),
        ("forward", ("uri:host", "uri:port"), ("10.0.0.7", 5099)),
        ("forward", ("uri:host",), ("10.0.0.7", 5060)),
        ("forward", ("uri:host", "77"), ("10.0.0.7", 77)),
        ("forward", ("10.0.0.8",), ("10.0.0.8", 5060)),
        ("forward_udp", ("10.0.0.8", "5090"), ("10.0.0.8", 5090)),
    ],
)
def test_forward_destinations(
    bench: Any, core: Core, ctx: Context, name: str, args: tuple[str, ...], remote: Any
) -> None:
    ctx.dst_uri = "sip:10.0.0.7:5099"
    assert at_once(getattr(core, name)(ctx, *args)) == 1
    ((_, flow),) = bench.host.outbox
    assert flow.remote == remote


@pytest.mark.parametrize(
    ("uri", "result", "line"),
    [
        ("sip:nohost.invalid", -478, 'could not resolve hostname: "nohost.invalid"'),
        ("tel:123", -478, 'could not resolve hostname: ""'),
        ("nonsense", -1, "forward: bad_uri"),
        ("sip:10.0.0.7;transport=pigeon", -480, "unknown transport 'pigeon'"),
        ("sip:10.0.0.7;transport=tcp", -7, "no listening socket"),
        ("sips:10.0.0.7", -7, "by tls: no listening socket"),
        ("sip:[::1]", -7, "no listening socket"),
    ],
)
def test_forward_failures(
    bench: Any, core: Core, ctx: Context, uri: str, result: int, line: str
) -> None:
    ctx.new_ruri = uri
    assert at_once(core.forward(ctx)) == result
    assert line in bench.lines[0]
    assert bench.host.outbox == []


@pytest.mark.parametrize("name", ["forward_tcp", "forward_tls", "forward_sctp"])
def test_forward_by_a_transport_without_socket(core: Core, ctx: Context, name: str) -> None:
    assert at_once(getattr(core, name)(ctx, "10.0.0.8")) == -7


@pytest.mark.parametrize("name", ["forward", "forward_udp", "forward_tcp"])
def test_a_call_with_an_address_of_the_cfg_cannot_wait(bench: Any, core: Core, name: str) -> None:
    overloads = bench.host.functions[name]
    for arguments, waits in (
        (("10.0.0.8",), False),
        (("10.0.0.8", 5060), False),
        (("[::1]", "5060"), False),
        (("a.example", 5060), True),
        (("uri:host", "uri:port"), True),
        ((None,), True),
    ):
        found = next(one for one in overloads if one.fits(arguments))
        assert found.is_async is waits, arguments


def test_advice_for_connections_is_kept_for_what_is_sent(core: Core, ctx: Context) -> None:
    core.set_forward_no_connect(ctx)
    core.set_forward_close(ctx)
    assert (ctx.forward_hints, ctx.reply_hints) == (NO_CONNECT | CLOSE, 0)
    core.set_reply_close(ctx)
    assert ctx.reply_hints == CLOSE
    core.set_reply_no_connect(ctx)
    assert ctx.reply_hints == NO_CONNECT | CLOSE
    core.udp_mtu_try_proto(ctx, Plain("TCP"))
    assert ctx.mtu_proto == "tcp"


class Aliases(NoStreams):
    """Connections that remember what they were asked for; none above number 9 stands."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def alias(self, flow: Flow, port: int) -> bool:
        self.asked.append(port)
        return flow.connection < 10


def test_a_connection_serves_another_port_of_its_peer(bench: Any, core: Core, ctx: Context) -> None:
    bench.host.streams = streams = Aliases()
    assert core.force_tcp_alias(ctx, Number(5)) == 1
    assert streams.asked == []  # a datagram has no connection
    ctx.flow = ctx.flow._replace(proto="tcp", connection=3)
    assert core.force_tcp_alias(ctx, Number(5)) == 1
    assert core.force_tcp_alias(ctx) == 1
    assert streams.asked == [5, ctx.msg.via.port or 5060]
    ctx.flow = ctx.flow._replace(connection=10)
    assert core.force_tcp_alias(ctx) == -1
    assert bench.lines == ["tcp alias failed"]


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("udp:10.0.0.2:5062", ("10.0.0.2", 5062)),
        ("udp:10.0.0.2", ("10.0.0.2", 5062)),
        ("10.0.0.2:5062", ("10.0.0.2", 5062)),
        ('"10.0.0.2"', ("10.0.0.2", 5062)),
        ("udp:10.0.0.1:5060", ("10.0.0.1", 5060)),
    ],
)
def test_a_socket_as_a_cfg_writes_it(written: str, local: tuple[str, int]) -> None:
    proxy = load_cfg_text(
        "listen=udp:10.0.0.1:5060\nlisten=udp:10.0.0.2:5062\n"
        f'request_route {{ force_send_socket({written}); forward("10.0.0.7", 5060); }}'
    )
    (sent,) = proxy.feed(request()).sent
    assert sent.flow.local == local


@pytest.mark.parametrize(
    ("name", "result"), [("forward", 1), ("forward_udp", 1), ("forward_tcp", -7)]
)
def test_forwarding_to_an_address_of_the_cfg(
    bench: Any, core: Core, ctx: Context, name: str, result: int
) -> None:
    to_address = getattr(core, f"{name}_to_address")
    assert to_address(ctx, Plain("10.0.0.8"), Plain("5090")) == result
    assert [flow.remote for _, flow in bench.host.outbox] == [("10.0.0.8", 5090)] * (result > 0)


def test_numbers_of_a_cfg_and_branches_that_are_cleared(core: Core, ctx: Context) -> None:
    assert Number.parse("12") == 12
    core.clear_branches(ctx)
    assert not ctx.touched("branches")
    ctx.branches.append(Branch("sip:a@b"))
    core.clear_branches(ctx)
    assert ctx.branches == []


@pytest.mark.parametrize(
    "arguments", ["10.0.0.7, 5060", "10.0.0.7", '"10.0.0.7", 5060', "uri:host, uri:port", ""]
)
def test_targets_as_a_cfg_writes_them(arguments: str) -> None:
    proxy = load_cfg_text(f"request_route {{ forward({arguments}); }}")
    (sent,) = proxy.feed(request("OPTIONS", "sip:bob@10.0.0.7")).sent
    assert sent.flow.remote == ("10.0.0.7", 5060)
