"""Lists of subnets, against the standard library."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.ipops import subnets
from sipproxy.modules.ipops.addresses import IPV4, IPV6


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_ipv4(address: ipaddress.IPv4Address, net: ipaddress.IPv4Address, length: int) -> None:
    expected = address in ipaddress.IPv4Network(f"{net}/{length}", strict=False)
    found = subnets.parse(f"192.0.2.1, {net}/{length} ,::/0")
    assert subnets.contains(found[1:], IPV4, int(address)) is expected


@given(st.ip_addresses(v=6), st.ip_addresses(v=6), st.integers(0, 128))
def test_ipv6(address: ipaddress.IPv6Address, net: ipaddress.IPv6Address, length: int) -> None:
    expected = address in ipaddress.IPv6Network(f"{net}/{length}", strict=False)
    found = subnets.parse(f"0.0.0.0/0,{net}/{length}")
    assert subnets.contains(found, IPV6, int(address)) is expected


def test_an_ipv6_address_stays_cut() -> None:
    address = int(ipaddress.IPv6Address("2001:db8::1"))
    assert subnets.contains(subnets.parse("::1,2001:db8::1"), IPV6, address)
    assert not subnets.contains(subnets.parse("fd00::/8,2001:db8::/32"), IPV6, address)


@pytest.mark.parametrize("text", ["", ",", "x", "/8", "10.0.0.0/33", "10.0.0.0/8/8", "[::]/0"])
def test_what_is_no_subnet_is_left_out(text: str) -> None:
    assert subnets.parse(text) == ()


@pytest.mark.parametrize(
    ("text", "length"), [("/", 0), ("/x", 0), ("/8x", 8), ("/ +8", 8), ("/-1", 32), ("", 32)]
)
def test_masks_are_read_as_c_does(text: str, length: int) -> None:
    (found,) = subnets.parse(f"10.0.0.0{text}")
    assert found.mask.bit_count() == length
    assert found.exact is (length == 32)
