"""The border between wire bytes and text: the only place that decodes or encodes.

A datagram stays bytes; its head is decoded once as UTF-8 with surrogateescape, which loses
nothing: ``encode(decode(data)) == data`` for any bytes. Case folding touches ASCII only,
as SIP (RFC 3261 section 7.3.1) and Kamailio do.
"""

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_LOWER = str.maketrans(_UPPER, _UPPER.lower())
_LATIN = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
_TO_UPPER = str.maketrans(_UPPER.lower(), _UPPER)


def decode(data: bytes) -> str:
    """Text of wire bytes; bytes that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Wire bytes of text made by :func:`decode` or written in a cfg."""
    return text.encode("utf-8", "surrogateescape")


def byte_length(text: str) -> int:
    """Length in bytes, the length a cfg sees ({s.len}, strlen)."""
    return len(text) if text.isascii() else len(encode(text))


def lower(text: str) -> str:
    """ASCII letters in lower case, all else untouched."""
    return text.lower() if text.isascii() else text.translate(_TO_LOWER)


def upper(text: str) -> str:
    """ASCII letters in upper case, all else untouched."""
    return text.upper() if text.isascii() else text.translate(_TO_UPPER)


def latin(text: str) -> str:
    """As many characters, all of them in UTF-8: each lone surrogate as its byte in Latin-1."""
    return text if text.isascii() else text.translate(_LATIN)


def presentable(text: str) -> str:
    """Valid UTF-8 for logs, JSON and SQL: each lone surrogate becomes U+FFFD."""
    return text if text.isascii() else encode(text).decode("utf-8", "replace")
