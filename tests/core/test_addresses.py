"""Addresses from text to bytes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.addresses import packed, packed_as_kamailio, packed_ipv4, unpacked


@given(st.ip_addresses())
def test_there_and_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert packed(str(address)) == address.packed
    assert ipaddress.ip_address(unpacked(address.packed)) == address


@pytest.mark.parametrize("text", ["", "host", "1.2.3", "300.1.1.1", "::x", "1.2.3.4\0", "é::"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is no IP address"):
        packed(text)


def test_brackets_and_zone() -> None:
    assert unpacked(packed("[2001:db8::1]")) == "2001:db8::1"
    assert unpacked(packed("fe80::1%eth0")) == "fe80::1"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("010.0.0.1", "10.0.0.1"),
        ("300.1.1.1", "44.1.1.1"),
        ("...", "0.0.0.0"),
        ("1..2.3", "1.0.2.3"),
        ("1" * 6000 + ".0.0.1", "199.0.0.1"),
    ],
)
def test_ipv4_as_kamailio_counts(text: str, meant: str) -> None:
    assert unpacked(packed_ipv4(text)) == meant


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "::1", "a.b.c.d", "1.2.3.-4", "٣.1.1.1"]
)
def test_no_ipv4(text: str) -> None:
    with pytest.raises(ValueError, match="is no IPv4 address"):
        packed_ipv4(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("300.1.1.1", "44.1.1.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[::1]", "::1"),
        ("12345::1", "2345::1"),
        ("1:2:3:4:5:6:7:00000008", "1:2:3:4:5:6:7:8"),
    ],
)
def test_as_kamailio(text: str, meant: str) -> None:
    assert unpacked(packed_as_kamailio(text)) == meant


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "[1]", "host", "::1.2.3.4", "::1%lo", "[::1", "::1]", ":", "1:2", "::1::2"],
)
def test_none_to_kamailio(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no IP"):
        packed_as_kamailio(text)
