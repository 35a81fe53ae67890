"""The DNS and the connections of a proxy under test."""

from sipproxy.testing import load_cfg_text, request
from sipproxy.testing.names import Peers

CFG = "listen=udp:127.0.0.1:5060\nrequest_route { forward(); }\n"


def test_names_are_those_that_a_test_adds() -> None:
    proxy = load_cfg_text(CFG)
    proxy.names.add("a.example", "A", "10.0.0.7")
    sent = proxy.feed(request("OPTIONS", "sip:b@a.example:5070")).sent
    assert [one.flow.remote for one in sent] == [("10.0.0.7", 5070)]
    assert proxy.feed(request("OPTIONS", "sip:b@b.example:5070")).sent == []
    assert proxy.names.asked == [("a.example", "A"), ("b.example", "A")]


def test_an_answer_takes_its_time() -> None:
    proxy = load_cfg_text(CFG)
    proxy.names.add("a.example", "A", "10.0.0.7")
    proxy.names.delay, proxy.names.ttl = 3.0, 10.0
    message = request("OPTIONS", "sip:b@a.example:5070")
    assert proxy.feed(message).sent == []
    assert proxy.advance(2.9).sent == []
    assert len(proxy.advance(0.2).sent) == 1
    assert len(proxy.feed(message).sent) == 1
    proxy.advance(10)
    assert proxy.feed(message).sent == []


def test_each_peer_has_a_connection() -> None:
    peers = Peers()
    one, other = ("10.0.0.1", 1), ("10.0.0.2", 1)
    assert [peers.number(one), peers.number(other), peers.number(one)] == [1, 2, 1]
    assert (peers.peer(2), peers.peer(3)) == (other, None)
