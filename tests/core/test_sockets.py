"""Our own addresses: what `myself` means, and which socket sends."""

import pytest

from sipproxy.core.sockets import ListenSocket, OwnAddresses, bare_host

OWN = OwnAddresses(
    [
        ListenSocket("udp", "10.0.0.1", 5060),
        ListenSocket("udp", "10.0.0.2", 5070, ("proxy.example.com", 0)),
        ListenSocket("tcp", "10.0.0.1", 5060, ("192.0.2.1", 5080)),
        ListenSocket("udp", "2001:db8::1", 5060),
    ],
    [("Example.COM", 0, ""), ("sip.example.com", 5061, "tls")],
)


@pytest.mark.parametrize(
    ("host", "port", "proto", "ours"),
    [
        ("10.0.0.1", 0, "", True),
        ("10.0.0.1", 5060, "", True),
        ("10.0.0.1", 5061, "", False),
        ("10.0.0.1", 5060, "tcp", True),
        ("10.0.0.2", 5070, "tcp", False),
        ("PROXY.example.com", 5070, "udp", True),
        ("192.0.2.1", 5080, "tcp", True),
        ("192.0.2.1", 5060, "", True),
        ("192.0.2.1", 5070, "", False),
        ("example.com", 9999, "sctp", True),
        ("sip.example.com", 5061, "tls", True),
        ("sip.example.com", 5061, "udp", False),
        ("[2001:db8::1]", 5060, "", True),
        ("2001:DB8::1", 0, "", True),
        ("[2001:0DB8:0:0:0:0:0:1]", 0, "", True),
        ("2001:db8::zz", 0, "", False),
        ("example.net", 0, "", False),
    ],
)
def test_myself(host: str, port: int, proto: str, ours: bool) -> None:
    assert OWN.is_myself(host, port, proto) is ours


def test_the_socket_at_an_address() -> None:
    assert OWN.socket_at("10.0.0.1", 5060) is OWN.sockets[0]
    assert OWN.socket_at("10.0.0.1", 5060, "tcp") is OWN.sockets[2]
    assert OWN.socket_at("[2001:DB8::1]", 0) is OWN.sockets[3]
    assert OWN.socket_at("10.0.0.1", 5070) is None
    assert OWN.socket_at("10.0.0.9", 0) is None


def test_the_socket_for_a_peer() -> None:
    assert OWN.socket_for(("192.0.2.7", 5060)) is OWN.sockets[0]
    assert OWN.socket_for(("2001:db8::7", 5060)) is OWN.sockets[3]
    assert OWN.socket_for(("192.0.2.7", 5060), "tcp") is OWN.sockets[2]
    assert OWN.socket_for(("2001:db8::7", 5060), "tcp") is None


def test_sent_by() -> None:
    assert [socket.sent_by for socket in OWN.sockets] == [
        "10.0.0.1:5060",
        "proxy.example.com:5070",
        "192.0.2.1:5080",
        "[2001:db8::1]:5060",
    ]
    assert ListenSocket("udp", "::1", 5060, ("[::2]", 0)).sent_by == "[::2]:5060"
    assert OWN.sockets[1].local == ("10.0.0.2", 5070)


def test_bare_host() -> None:
    assert [bare_host(h) for h in ("[::A]", "Example.com")] == ["::a", "example.com"]


def test_domains_with_all_below_them() -> None:
    own = OwnAddresses()
    own.add_domain("Example.COM", 5060)
    assert own.is_myself("example.com", 5060) and own.is_myself("a.b.EXAMPLE.com")
    assert not own.is_myself("badexample.com") and not own.is_myself("a.example.com", 5070)
