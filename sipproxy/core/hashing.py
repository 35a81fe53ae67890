"""Kamailio's own hash of texts (core/hash_func.h), which a cfg sees as `{s.corehash}`."""

from sipproxy.text import encode


def core_hash(*texts: str) -> int:
    """The 32-bit hash of one or more texts; their bytes count as signed, as they do in Kamailio."""
    total = 0
    for text in texts:
        data = encode(text)
        whole = len(data) // 4 * 4
        for at in range(0, whole, 4):
            total = _mixed(total, data[at : at + 4])
        total = _mixed(total, data[whole:])
    return (total + (total >> 11) + ((total >> 13) + (total >> 23))) & 0xFFFF_FFFF


def _mixed(total: int, piece: bytes) -> int:
    value = 0
    for byte in piece:
        value = (value << 8) + (byte - 256 if byte > 127 else byte)
    value &= 0xFFFF_FFFF
    return (total + (value ^ value >> 3)) & 0xFFFF_FFFF
