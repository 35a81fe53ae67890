"""What the core asks of connections where there are none, and what it does with the answers."""

from typing import Any

import pytest

from sipproxy.core.flow import BOUND, NO_CONNECT, Flow
from sipproxy.core.forward import reverse_hex
from sipproxy.core.streams import NoStreams
from sipproxy.testing import load_cfg_text, request, response

FLOW = Flow("tcp", ("127.0.0.1", 5060), ("10.0.0.9", 5070), 7)

CFG = """
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5060
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
request_route {
    xlog("$proto $conid\\n");
    %s
}
"""


def test_without_a_server_there_are_no_connections() -> None:
    none = NoStreams()
    assert (none.rows(), none.queued, none.peer(1), none.alias(FLOW, 5)) == ([], 0, None, False)
    assert none.reach(FLOW)


def test_a_reply_goes_by_the_connection_of_its_request() -> None:
    proxy = load_cfg_text(CFG % 'sl_send_reply("200", "OK");')
    run = proxy.feed(request(source="tcp:10.0.0.9:5070"))
    (sent,) = run.sent
    assert run.log == ["tcp 1\n"] or [line.strip() for line in run.log] == ["tcp 1"]
    assert sent.flow == ("tcp", ("127.0.0.1", 5060), ("10.0.0.9", 5070), 1, 0)
    other = proxy.feed(request(source="tcp:10.0.0.9:5071", number=2))
    assert other.sent[0].flow.connection == 2


@pytest.mark.parametrize(("number", "text"), [(1, "1"), (0x1F, "f1"), (0xABCDE, "edcba")])
def test_numbers_in_a_via(number: int, text: str) -> None:
    assert reverse_hex(number) == text


def test_a_relayed_reply_goes_by_the_number_in_our_via() -> None:
    proxy = load_cfg_text(CFG % '$du = "sip:10.0.0.7"; forward();')
    (sent,) = proxy.feed(request(source="tcp:10.0.0.9:5070")).sent
    assert sent.message.via.param("i") == "1"
    back = proxy.feed(response(sent.raw, 200), source="10.0.0.7:5060")
    assert back.sent[0].flow[2:4] == (("10.0.0.9", 5070), 1)


def test_a_number_of_somebody_else_does_not_count() -> None:
    proxy = load_cfg_text(CFG % '$du = "sip:10.0.0.7"; forward();')
    proxy.feed(request(source="tcp:10.0.0.8:5070"))
    (sent,) = proxy.feed(request(source="tcp:10.0.0.9:5070", number=2)).sent
    for forged in (b";i=1", b";i=xyz", b";i=f00000000"):
        data = sent.raw.replace(b";i=2", forged)
        back = proxy.feed(response(data, 200), source="10.0.0.7:5060")
        assert back.sent[0].flow[2:4] == (("10.0.0.9", 5070), 0), forged


def test_how_to_send_is_told_with_the_flow() -> None:
    target = '$du = "sip:10.0.0.7;transport=tcp";'
    for action, hints in (
        ("forward();", 0),
        ("set_forward_no_connect(); forward();", NO_CONNECT),
        ("force_send_socket(tcp:127.0.0.1:5060); forward();", BOUND),
    ):
        (sent,) = load_cfg_text(CFG % f"{target} {action}").feed(request()).sent
        assert (sent.flow.proto, sent.flow.hints) == ("tcp", hints)


class Refusing(NoStreams):
    """Nothing can be reached."""

    def reach(self, flow: Flow) -> bool:
        return False


def test_what_cannot_be_reached_is_a_send_error() -> None:
    body = '$du = "sip:10.0.0.7;transport=tcp"; $var(r) = forward(); xlog("$var(r)\\n");'
    proxy: Any = load_cfg_text(CFG % body)
    proxy.host.streams = Refusing()
    run = proxy.feed(request())
    assert run.sent == []
    assert [line.strip() for line in run.log][1:] == [
        "cannot forward to 10.0.0.7 by tcp: no connection",
        "-477",
    ]


@pytest.mark.parametrize(("size", "proto"), [(100, "udp"), (900, "tcp")])
def test_what_is_too_big_for_udp(size: int, proto: str) -> None:
    cfg = "udp_mtu=1000\nudp_mtu_try_proto=TCP\n" + CFG % '$du = "sip:10.0.0.7"; forward();'
    (sent,) = load_cfg_text(cfg).feed(request(body="x" * size)).sent
    assert (sent.flow.proto, sent.flow.remote) == (proto, ("10.0.0.7", 5060))
    assert sent.message.via.transport.lower() == proto


def test_an_alias_of_a_via_counts_where_the_cfg_says_so() -> None:
    asked: list[int] = []

    class Aliases(NoStreams):
        def alias(self, flow: Flow, port: int) -> bool:
            asked.append(port)
            return True

    data = request(source="tcp:10.0.0.9:5070").replace(b";branch", b";alias;branch")
    for settings, ports in (("", []), ("tcp_accept_aliases=yes\n", [5070])):
        proxy: Any = load_cfg_text(settings + CFG % "exit;")
        proxy.host.streams = Aliases()
        proxy.feed(data, source="tcp:10.0.0.9:40000")
        assert asked == ports
