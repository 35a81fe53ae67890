"""Kinds and ranges of addresses, against the standard library."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.ipops.addresses import (
    IPV4,
    IPV6,
    REFERENCE,
    is_private,
    kind,
    packed,
    range_v4,
    range_v6,
)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address(address: ipaddress.IPv4Address) -> None:
    text = str(address)
    assert (kind(text), packed(text)) == (IPV4, int(address))
    assert kind(f"[{text}]") == 0


@given(st.ip_addresses(v=6))
def test_every_ipv6_address(address: ipaddress.IPv6Address) -> None:
    for text in (str(address), address.exploded, str(address).upper()):
        assert (kind(text), packed(text)) == (IPV6, int(address))
        assert kind(f"[{text}]") == REFERENCE


@given(st.text("0123456789abcdefF:.[] g%", max_size=20))
def test_nothing_else_is_whole(text: str) -> None:
    """What the library refuses is no address, but for texts with `::` that break off."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else ""
        assert kind(text) == 0 or (kind(text) == IPV6 and "::" in text) or packed(bare) is not None


@pytest.mark.parametrize("text", ["::1:", "::1.2", "1::2:3.", "1:2:3:4:5:6::7", "a::"])
def test_an_address_may_break_off_behind_two_colons(text: str) -> None:
    assert kind(text) == IPV6
    assert kind(f"[{text}]") == (REFERENCE if packed(text) is not None else 0)


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "01.2.3.4", "::1::2", "1:2:3:4:5:6::7:8", "::1.256", "1:2:1.2.3", "["],
)
def test_no_address(text: str) -> None:
    assert kind(text) == 0


def test_scopes_are_no_part_of_an_address() -> None:
    assert packed("fe80::1%lo") is None
    assert range_v6("fe80::1%lo") is None


@given(st.ip_addresses(v=4))
def test_private_is_what_rfc_1918_says(address: ipaddress.IPv4Address) -> None:
    nets = map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    expected = any(address in net for net in nets)
    assert is_private(str(address)) is expected
    assert not expected or range_v4(str(address)) == "PRIVATE"


@pytest.mark.parametrize(
    ("text", "name"),
    [("127.9.9.9", "LOOPBACK"), ("8.8.8.8", "PUBLIC"), (" 224.0.0.1\r\n", "MULTICAST")],
)
def test_ranges_of_ipv4(text: str, name: str) -> None:
    assert range_v4(text) == name
    assert range_v4(f"{text}x") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("2001:db8::1", "DOCUMENTATION"), ("2a00::1", "GLOBAL-UNICAST"), ("4000::1", "RESERVED")],
)
def test_ranges_of_ipv6(text: str, name: str) -> None:
    assert range_v6(text) == name
    assert range_v6(f"x{text}") is None
