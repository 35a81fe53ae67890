"""What the recorded cases do not reach: sockets by name, replies, failures of sending."""

from types import SimpleNamespace
from typing import Any

import pytest

from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.errors import ModuleError
from sipproxy.modules.corex import Corex
from sipproxy.testing import load_cfg_text, request, response


@pytest.fixture
def corex(bench: Any) -> Corex:
    bench.host.own = OwnAddresses(
        [ListenSocket("udp", "10.0.0.1", 5060), ListenSocket("udp", "10.0.0.2", 5062, name="out")]
    )
    loaded: Corex = bench.load(Corex)
    return loaded


@pytest.mark.parametrize(
    ("text", "host", "port", "proto", "found"),
    [
        ("example.com", "example.com", 0, "", True),
        ("example.com", "A.Example.Com", 5061, "tls", True),
        ("example.com", "badexample.com", 0, "", False),
        ("example.com:5060", "a.example.com", 5061, "", False),
        ("udp:example.com:5060", "a.example.com", 5060, "udp", True),
        ("udp:example.com", "a.example.com", 0, "tcp", False),
    ],
)
def test_subdomains(
    bench: Any, corex: Corex, text: str, host: str, port: int, proto: str, found: bool
) -> None:
    corex.alias_subdomains(text)
    assert bench.host.own.is_myself(host, port, proto) is found


@pytest.mark.parametrize("text", ["", "abc:example.com", "udp:", "example.com:x"])
def test_bad_subdomains(corex: Corex, text: str) -> None:
    with pytest.raises(ModuleError):
        corex.alias_subdomains(text)


def test_sockets_by_name(corex: Corex, bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    assert corex.is_socket_name(ctx, "out")
    assert not corex.is_socket_name(ctx, "")
    assert corex.set_send_socket_name(ctx, "out")
    assert ctx.force_socket == ("udp", "10.0.0.2", 5062)
    assert corex.set_recv_socket_name(ctx, "out")
    assert ctx.flow.local == ctx.msg.dest == ("10.0.0.2", 5062)
    assert not corex.set_send_socket(ctx, "")
    assert corex.set_send_socket(ctx, "udp:10.0.0.1:x")
    assert bench.lines[-1] == "no socket found to match [udp:10.0.0.1:x]"


def test_source_address(corex: Corex, bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    assert corex.set_source_address(ctx, "udp:1.2.3.4:55")
    assert ctx.flow.remote == ctx.msg.source == ("1.2.3.4", 55)
    assert not corex.set_source_address(ctx, "example.com:5")
    assert not corex.set_source_address(ctx, "1.2.3.4:x")


def test_branches_up_to_the_limit(corex: Corex, bench: Any, request_text: Any) -> None:
    bench.host.settings = SimpleNamespace(max_branches=3)
    ctx = bench.context(request_text())
    answers = [corex.append_branch(ctx, f"sip:{n}@x") for n in range(3)]
    assert answers == [True, True, False]
    assert bench.lines == ["max nr of branches exceeded"]


@pytest.mark.parametrize(
    ("q", "weight"), [("", -1), ("1", 1000), ("1.0", 1000), ("0.57", 570), (".5", 500), ("0", 0)]
)
def test_weights(corex: Corex, bench: Any, request_text: Any, q: str, weight: int) -> None:
    ctx = bench.context(request_text())
    assert corex.append_branch(ctx, "sip:a@b", q)
    assert ctx.branches[0].q == weight


def test_a_branch_of_the_ruri_takes_everything_along(
    corex: Corex, bench: Any, request_text: Any
) -> None:
    ctx = bench.context(request_text())
    ctx.dst_uri, ctx.bflags, ctx.force_socket = "sip:1.2.3.4", 5, ("udp", "10.0.0.2", 5062)
    corex.append_branch(ctx)
    (branch,) = ctx.branches
    assert (branch.uri, branch.dst_uri, branch.bflags) == ("sip:bob@example.com", "sip:1.2.3.4", 5)
    assert branch.force_socket == ("udp", "10.0.0.2", 5062)
    assert (ctx.dst_uri, ctx.bflags, ctx.force_socket) == ("", 0, None)


def test_a_reply_relayed_by_the_script(corex: Corex, bench: Any, reply_text: Any) -> None:
    corex.forward_reply(bench.context(reply_text(), "reply"))
    assert bench.sent == [reply_text(vias=("SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1",))]


def test_place_in_the_cfg(corex: Corex, bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    names = {"line": bench.host.pv("$cfg(line)"), "file": bench.host.pv("$cfg(file)"), "c": ctx}
    exec(compile("\n\na = line.get(c), file.get(c)", "my.cfg", "exec"), names)
    assert names["a"] == (3, "my.cfg")
    with pytest.raises(Exception, match="line, file, name and route"):
        bench.host.pv("$cfg(column)")


def test_faked_messages(corex: Corex, bench: Any, request_text: Any) -> None:
    assert corex.is_faked_msg(bench.context(request_text(), "event"))
    assert not corex.is_faked_msg(bench.context(request_text()))


def test_the_route_in_which_it_is_asked() -> None:
    proxy = load_cfg_text(
        """
loadmodule "htable.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "tm.so"
loadmodule "corex.so"
modparam("htable", "htable", "t=>size=2;")
event_route[htable:mod-init] { xlog("$cfg(route)"); }
request_route {
    xlog("$cfg(route)"); route(A_B); xlog("$cfg(route)");
    t_on_branch("B"); t_on_reply("R");
    $du = "sip:127.0.0.1:5090";
    t_relay();
}
route[A_B] { if (1) { xlog("$cfg(route) $cfg(line)"); } }
branch_route[B] { xlog("$cfg(route)"); }
onreply_route[R] { xlog("$cfg(route)"); }
reply_route { xlog("$cfg(route)"); }
onsend_route { xlog("$cfg(route)"); }
"""
    )
    assert proxy.log.records[0][2] == "htable:mod-init"
    run = proxy.feed(request())
    names = ["DEFAULT_ROUTE", "A_B 15", "DEFAULT_ROUTE", "B", "DEFAULT_SEND"]
    assert run.log == names
    assert proxy.feed(response(run.sent[0].raw)).log == ["DEFAULT_ONREPLY", "R"]
