"""The proxy's sockets in a replay."""

from sipproxy.core.sockets import ListenSocket
from sipproxy.replay.me import sockets_for

ME = ("192.0.2.100", 5060)
WAN = ListenSocket("udp", "10.0.0.1", 5060, ("public.example.org", 5060), "wan")


def test_a_single_listen_line_keeps_its_name_and_advertised_address() -> None:
    first, second = sockets_for([ME], [WAN])
    assert first == ListenSocket("udp", *ME, ("public.example.org", 5060), "wan")
    assert second == WAN
    assert sockets_for([WAN.local], [WAN]) == [WAN]


def test_of_several_lines_the_port_tells_which_is_meant() -> None:
    lan = ListenSocket("udp", "10.0.0.1", 5080, None, "lan")
    other = ("192.0.2.100", 5080)
    assert [s.name for s in sockets_for([ME, other], [WAN, lan])[:2]] == ["wan", "lan"]
    assert sockets_for([("192.0.2.100", 7000)], [WAN, lan])[0].name == ""


def test_a_transport_of_the_capture_has_its_socket() -> None:
    tcp = ListenSocket("tcp", "10.0.0.1", 5060, None, "stream")
    found = sockets_for([ME], [WAN, tcp], lambda address: {"tcp"})
    assert [(s.proto, s.address, s.name) for s in found] == [
        ("udp", "192.0.2.100", "wan"),
        ("tcp", "192.0.2.100", "stream"),
        ("udp", "10.0.0.1", "wan"),
        ("tcp", "10.0.0.1", "stream"),
    ]
