"""Texts that are IP addresses, and what ranges they lie in (Kamailio ipops, ip_parser.rl and
detailed_ip_type.c).

`kind` follows Kamailio's grammar of RFC 3986 addresses; what it lets through is read by
:func:`packed`, which is inet_pton.
"""

import ipaddress
import re
from functools import lru_cache

IPV4, IPV6, REFERENCE = 1, 2, 3
"""Kinds of address; 0 is none. A reference is an IPv6 address in brackets."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
_V4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z")
_V4_BEGUN = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{0,2}}\.?\Z|{_OCTET}(?:\.{_OCTET}){{3}}\Z")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}\Z")
_PRIVATE = re.compile(
    rf"(?:10\.{_OCTET}|172\.(?:1[6-9]|2[0-9]|3[01])|192\.168)\.{_OCTET}\.{_OCTET}\Z"
)


@lru_cache(maxsize=1024)
def kind(text: str) -> int:
    """IPV4, IPV6, REFERENCE, or 0 for a text that is no address."""
    if _V4.match(text):
        return IPV4
    if text[:1] == "[":
        return REFERENCE if text[-1] == "]" and _is_ipv6(text[1:-1], whole=True) else 0
    return IPV6 if _is_ipv6(text, whole=False) else 0


def _is_ipv6(text: str, whole: bool) -> bool:
    """Whether a text is an IPv6 address. Unless it must be `whole`, one with `::` may break off:
    Kamailio's parser remembers that `::1` was an address when `::1:` ends.
    """
    left, gap, right = text.partition("::")
    if not gap:
        groups, rest = _groups(text)
        return rest in ("", "v4") and groups == 8
    before, rest = _groups(left)
    if left and (rest or not before):
        return False
    after, rest = _groups(right) if right else (0, "")
    if rest not in ("", "v4") and (whole or rest == "bad"):
        return False
    # `::` stands for one group at least, and a colon at the end is followed by one more.
    return before + after + (rest == "colon") <= 7


def _groups(text: str) -> tuple[int, str]:
    """How many groups of 16 bits there are, and what ends them: nothing (""), a whole IPv4
    address ("v4"), one that is begun ("begun"), a colon ("colon"), or what cannot be ("bad").
    """
    *first, last = text.split(":")
    if not all(map(_GROUP.match, first)):
        return 0, "bad"
    if _GROUP.match(last):
        return len(first) + 1, ""
    if not last:
        return len(first), "colon" if first else "bad"
    if _V4.match(last):
        return len(first) + 2, "v4"
    return (len(first) + 2, "begun") if _V4_BEGUN.match(last) else (0, "bad")


@lru_cache(maxsize=1024)
def packed(text: str) -> int | None:
    """The number that an IPv4 or IPv6 address stands for, None for no address."""
    try:
        return None if "%" in text else int(ipaddress.ip_address(text))
    except ValueError:
        return None


def is_private(text: str) -> bool:
    """Whether a text is an IPv4 address of RFC 1918."""
    return _PRIVATE.match(text) is not None


_RANGES_V4 = tuple(
    (ipaddress.IPv4Network(net), name)
    for net, name in (
        ("255.255.255.255/32", "BROADCAST"),
        ("203.0.113.0/24", "TEST-NET"),
        ("198.51.100.0/24", "TEST-NET"),
        ("192.88.99.0/24", "6TO4-RELAY"),
        ("192.0.2.0/24", "TEST-NET"),
        ("192.0.0.0/24", "RESERVED"),
        ("192.168.0.0/16", "PRIVATE"),
        ("169.254.0.0/16", "LINK-LOCAL"),
        ("198.18.0.0/15", "RESERVED"),
        ("172.16.0.0/12", "PRIVATE"),
        ("100.64.0.0/10", "SHARED"),
        ("127.0.0.0/8", "LOOPBACK"),
        ("10.0.0.0/8", "PRIVATE"),
        ("0.0.0.0/8", "PRIVATE"),
        ("240.0.0.0/4", "RESERVED"),
        ("224.0.0.0/4", "MULTICAST"),
    )
)
_RANGES_V6 = tuple(
    (ipaddress.IPv6Network(net), name)
    for net, name in (
        ("::/128", "UNSPECIFIED"),
        ("::1/128", "LOOPBACK"),
        ("::ffff:0:0/96", "IPV4MAP"),
        ("100::/64", "DISCARD"),
        ("2001:2::/48", "BMWG"),
        ("2001::/32", "TEREDO"),
        ("2001:db8::/32", "DOCUMENTATION"),
        ("2001:10::/28", "ORCHID"),
        ("2002::/16", "6TO4"),
        ("fe80::/10", "LINK-LOCAL-UNICAST"),
        ("ff00::/8", "MULTICAST"),
        ("fc00::/7", "UNIQUE-LOCAL-UNICAST"),
        ("2000::/3", "GLOBAL-UNICAST"),
    )
)
"""The narrowest range first; what lies in none is PUBLIC (IPv4) or RESERVED (IPv6)."""


def range_v4(text: str) -> str | None:
    """The name of the range an IPv4 address lies in; None for no address."""
    try:
        address = ipaddress.IPv4Address(text.strip(" \t\r\n"))
    except ValueError:
        return None
    return next((name for net, name in _RANGES_V4 if address in net), "PUBLIC")


def range_v6(text: str) -> str | None:
    """The name of the range an IPv6 address lies in; None for no address."""
    try:
        address = ipaddress.IPv6Address(text.strip(" \t\r\n"))
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    return next((name for net, name in _RANGES_V6 if address in net), "RESERVED")
