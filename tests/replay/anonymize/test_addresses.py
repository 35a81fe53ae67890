"""Addresses: prefixes stay prefixes, classes stay classes, nothing collides."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.key import Key

ADDRESSES = Addresses(Key(b"a key"))
v4 = st.integers(0, (1 << 32) - 1)
v6 = st.integers(0, (1 << 128) - 1)


def shared(one: int, other: int, bits: int) -> int:
    """How many first bits two numbers have in common."""
    return bits - (one ^ other).bit_length()


def mapped(text: str) -> int:
    return int(ip_address(ADDRESSES.map(text)))


@given(v4, st.one_of(v4, st.integers(0, 32)))
def test_two_addresses_share_as_many_bits_as_before(one: int, near: int) -> None:
    other = one ^ (1 << near >> 1) if near <= 32 else near
    pair = [mapped(str(IPv4Address(number))) for number in (one, other)]
    assert shared(pair[0], pair[1], 32) == shared(one, other, 32)


@given(v6, st.integers(0, 128))
def test_of_ipv6_too(one: int, near: int) -> None:
    other = one ^ (1 << near >> 1)
    texts = [str(IPv6Address(number)) for number in (one, other)]
    if all(IPv6Address(text).ipv4_mapped is None for text in texts):
        assert shared(mapped(texts[0]), mapped(texts[1]), 128) == shared(one, other, 128)


@pytest.mark.parametrize(
    "network",
    [
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/4", "fc00::/7", "fe80::/10", "ff00::/8"),
    ],
)
def test_what_has_a_meaning_keeps_it_and_nothing_else_gets_it(network: str) -> None:
    found = ip_network(network)
    inside = [found[0], found[1], found[found.num_addresses // 2 + 7], found[-1]]
    assert all(ip_address(ADDRESSES.map(str(one))) in found for one in inside)
    first, last = int(found[0]), int(found[-1])
    kind = type(found[0])
    outside = [
        kind(number) for number in (first - 1, last + 1) if 0 < number < 2**found.max_prefixlen
    ]
    assert not any(ip_address(ADDRESSES.map(str(one))) in found for one in outside)


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::"])
def test_some_addresses_are_nobodys(text: str) -> None:
    assert ADDRESSES.map(text) == text


def test_an_ipv4_address_inside_ipv6_is_mapped_as_such() -> None:
    inner = ADDRESSES.map("198.51.100.7")
    assert ip_address(ADDRESSES.map("::ffff:198.51.100.7")) == ip_address(f"::ffff:{inner}")


def test_a_network_maps_onto_one_without_collisions() -> None:
    found = {ADDRESSES.map(f"203.0.113.{number}") for number in range(256)}
    assert len(found) == 256 and len({text.rpartition(".")[0] for text in found}) == 1


def test_the_key_decides() -> None:
    texts = [f"{number}.7.8.9" for number in range(20, 60)]
    same, other = Addresses(Key(b"a key")), Addresses(Key(b"another"))
    assert [same.map(text) for text in texts] == [ADDRESSES.map(text) for text in texts]
    assert sum(other.map(text) == ADDRESSES.map(text) for text in texts) < 3


def test_what_is_no_address() -> None:
    with pytest.raises(ValueError, match="example"):
        ADDRESSES.map("example.com")
