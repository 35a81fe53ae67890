"""Addresses mapped so that two that share their first bits share as many afterwards.

As Crypto-PAn does it (Fan, Xu, Ammar, Moon: Prefix-preserving IP address anonymization, 2004), with
another keyed function: each bit is turned or not by what stands before it. Where a range has a
meaning (private, loopback, multicast), no bit on the way to it is turned, so it becomes itself and
nothing else becomes it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from sipproxy.replay.anonymize.key import Key

_KEPT_4 = (
    *("0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "127.0.0.1/32"),
    *("169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
)
_KEPT_6 = ("::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "::ffff:0:0/96")
_MAPPED = 0xFFFF << 32
"""What stands in front of an IPv4 address in an IPv6 one."""
_MOST = 200_000


class Addresses:
    """Maps IPv4 and IPv6 addresses, each to one of its own kind."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._fixed = {4: _ways(_KEPT_4), 6: _ways(_KEPT_6)}

    def map(self, text: str) -> str:
        """The address that stands for another; raises ValueError for what is none."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[text] = self._mapped(ip_address(text.partition("%")[0]))
        return found

    def _mapped(self, address: IPv4Address | IPv6Address) -> str:
        number = int(address)
        if isinstance(address, IPv4Address):
            return str(IPv4Address(self._turned(4, number, 32)))
        if number >> 32 == _MAPPED >> 32:
            return str(IPv6Address(_MAPPED | self._turned(4, number & 0xFFFFFFFF, 32)))
        return str(IPv6Address(self._turned(6, number, 128)))

    def _turned(self, version: int, number: int, bits: int) -> int:
        fixed, turned = self._fixed[version], 0
        for length in range(bits):
            before = number >> (bits - length)
            bit = number >> (bits - length - 1) & 1
            if (length, before) not in fixed:
                bit ^= self._key.digest(f"ip{version}", f"{length} {before}")[0] & 1
            turned = turned << 1 | bit
        return turned


def _ways(networks: Iterable[str]) -> frozenset[tuple[int, int]]:
    """Every shorter prefix of some networks, as (length, number)."""
    found = set()
    for text in networks:
        network = ip_network(text)
        number, bits = int(network.network_address), network.max_prefixlen
        found |= {(length, number >> (bits - length)) for length in range(network.prefixlen)}
    return frozenset(found)
