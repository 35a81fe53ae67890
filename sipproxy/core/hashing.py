"""Kamailio's own hash of texts (core/hash_func.h), which a cfg sees as `{s.corehash}`."""

from collections.abc import Iterable
from struct import unpack_from

from sipproxy.text import encode


def core_hash(*texts: str) -> int:
    """The 32-bit hash of one or more texts; their bytes count as signed, as they do in Kamailio."""
    total = 0
    for text in texts:
        data = encode(text)
        for word in _words(data) if data.isascii() else _signed_words(data):
            total += word ^ word >> 3
    total &= 0xFFFF_FFFF
    return (total + (total >> 11) + ((total >> 13) + (total >> 23))) & 0xFFFF_FFFF


def _words(data: bytes) -> Iterable[int]:
    """Four bytes at a time as a number, the first the highest; then what is left of them."""
    whole = len(data) // 4
    return (*unpack_from(f">{whole}I", data), int.from_bytes(data[4 * whole :], "big"))


def _signed_words(data: bytes) -> Iterable[int]:
    """The same where bytes over 127 take away from the higher ones."""
    for at in range(0, len(data) // 4 * 4 + 1, 4):
        word = 0
        for byte in data[at : at + 4]:
            word = (word << 8) + (byte - 256 if byte > 127 else byte)
        yield word & 0xFFFF_FFFF
