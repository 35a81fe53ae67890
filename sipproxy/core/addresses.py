"""IP addresses from text to bytes and back, read as Kamailio reads them (core/resolve.c)."""

import re
import socket

from sipproxy.text import encode

_LONG_GROUP = re.compile(r"[0-9A-Fa-f]+(?=[0-9A-Fa-f]{4})", re.ASCII)
"""The digits of a group in an IPv6 address that stand before its last four."""


def packed(address: str) -> bytes:
    """The 4 or 16 bytes of an address in its usual form; raises ValueError.

    An IPv6 address may stand in brackets and may name a zone, which is left out.
    """
    try:
        if ":" in address:
            return socket.inet_pton(socket.AF_INET6, address.strip("[]").partition("%")[0])
        return socket.inet_pton(socket.AF_INET, address)
    except (OSError, ValueError):
        raise ValueError(f"{address} is no IP address") from None


def unpacked(address: bytes) -> str:
    """The short text of an address of 4 or 16 bytes."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def packed_ipv4(text: str) -> bytes:
    """The 4 bytes of an IPv4 address as Kamailio's `str2ip` takes it; raises ValueError.

    It counts dots and lets octets overflow: `300.1.1.1` is 44.1.1.1, `010.0.0.1` is 10.0.0.1 and
    `...` is 0.0.0.0.
    """
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        pass
    octets = encode(text).split(b".")
    if len(octets) != 4 or not all(octet.isdigit() or not octet for octet in octets):
        raise ValueError(f"{text} is no IPv4 address")
    return bytes(map(_octet, octets))


def _octet(digits: bytes) -> int:
    """The low byte of a decimal number of any length."""
    value = 0
    for digit in digits:
        value = (value * 10 + digit - 0x30) & 0xFF
    return value


def packed_as_kamailio(text: str) -> bytes:
    """The bytes of an address in a table or an argument: with a colon IPv6; raises ValueError.

    An IPv6 address that ends in an IPv4 one is none to Kamailio; of a group of more than four
    digits it takes the last four.
    """
    if ":" not in text and not text.startswith("["):
        return packed_ipv4(text)
    if "." in text or "%" in text or text.startswith("[") != text.endswith("]"):
        raise ValueError(f"{text} is no IPv6 address")
    return packed(_LONG_GROUP.sub("", text) if ":" in text else f"{text}:")
