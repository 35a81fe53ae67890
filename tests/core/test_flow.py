"""Where messages come from and go to."""

from sipproxy.core.flow import Flow, Received
from sipproxy.testing import load_cfg_text, request

FLOW = Flow("udp", ("127.0.0.1", 5060), ("10.0.0.7", 5070))


def test_a_flow_without_more_is_no_connection() -> None:
    assert FLOW == ("udp", ("127.0.0.1", 5060), ("10.0.0.7", 5070), 0, 0)


def test_what_came_in_may_be_replaced_before_it_is_read() -> None:
    received = Received(b"one", FLOW)
    received.data = b"two"
    assert (received.data, received.flow) == (b"two", FLOW)


def test_the_route_that_is_shown_it_sees_where_it_came_from() -> None:
    proxy = load_cfg_text(
        """#!KAMAILIO
received_route_mode=1
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
loadmodule "xlog.so"
event_route[core:msg-received] { xlog("$rcv(srcip):$rcv(srcport) $rcv(rcvip)"); drop; }
request_route { xlog("never"); }
"""
    )
    assert proxy.feed(request(), source="10.0.0.7:5070").log == ["10.0.0.7:5070 127.0.0.1"]
