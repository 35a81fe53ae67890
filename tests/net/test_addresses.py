"""`listen` lines become addresses."""

import pytest

from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import Span
from sipproxy.net import addresses
from sipproxy.net.addresses import StartError, addresses_of, listen_sockets, names_of, own_addresses
from sipproxy.script.tree import Address

PLACE = Span("t.cfg", 1, 1, 1, 1)


def listen(host: str, port: int = 0, proto: str = "", **more: object) -> Address:
    return Address(PLACE, proto, host, port, **more)  # type: ignore[arg-type]


def test_addresses_keep_port_name_and_advertised_address() -> None:
    lines = [
        listen("192.0.2.1"),
        listen("[2001:DB8::1]", 5070, advertise=("x.example", 5061), name="six"),
    ]
    assert listen_sockets(lines, 5090) == (
        [
            ListenSocket("udp", "192.0.2.1", 5090),
            ListenSocket("udp", "2001:db8::1", 5070, ("x.example", 5061), "six"),
            ListenSocket("tcp", "192.0.2.1", 5090),
            ListenSocket("tcp", "2001:db8::1", 5070, ("x.example", 5061), "six"),
        ],
        [],
    )


def test_an_address_counts_once_and_a_multihomed_line_gives_several() -> None:
    found, _ = listen_sockets(
        [listen("127.0.0.1", 1, "udp", others=("127.0.0.2",)), listen("127.0.0.1", 1, "udp")], 0
    )
    assert [s.local for s in found] == [("127.0.0.1", 1), ("127.0.0.2", 1)]


def test_protocols_that_are_not_served_are_told() -> None:
    assert listen_sockets([listen("127.0.0.1", 5061, "tls"), listen("127.0.0.1")], 0) == (
        [ListenSocket("udp", "127.0.0.1", 5060), ListenSocket("tcp", "127.0.0.1", 5060)],
        ["tls:127.0.0.1:5061"],
    )


def test_interfaces_and_names() -> None:
    found = addresses_of("lo")
    assert found[0] == "127.0.0.1"
    assert set(found[1:]) <= {"::1"}
    assert "127.0.0.1" in addresses_of("localhost") or "::1" in addresses_of("localhost")


def test_without_a_listen_line_every_ipv4_address_is_taken() -> None:
    found, _ = listen_sockets([], 5080)
    assert found[0] == ListenSocket("udp", "127.0.0.1", 5080)
    assert [s.address for s in found] == own_addresses() * 2
    assert {s.proto for s in found[len(found) // 2 :]} == {"tcp"}
    only, _ = listen_sockets([], 5080, protos=("udp",))
    assert [s.address for s in only] == own_addresses()


def test_unknown_hosts() -> None:
    with pytest.raises(StartError, match=r"^cannot listen on nosuch\.invalid: no such interface"):
        addresses_of("nosuch.invalid")


def test_an_interface_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "interface_ipv4", lambda name: "")
    monkeypatch.setattr(addresses, "interface_ipv6", lambda name: [])
    with pytest.raises(StartError, match=r"^cannot listen on lo: the interface has no address$"):
        addresses_of("lo")


def test_names_come_from_the_first_line_of_the_hosts_file() -> None:
    assert "localhost" in names_of(["127.0.0.1"])
    assert names_of(["192.0.2.77"]) == []
