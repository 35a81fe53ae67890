"""`{s.*}`: digests, encodings and escapes."""

import base64
import hashlib
from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.core.module import Module
from sipproxy.core.values import Value
from sipproxy.modules.pv import base58, gsm7
from sipproxy.modules.pv.transforms.base import of_text

_HEX = frozenset("0123456789abcdefABCDEF")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_USER = frozenset(_LETTERS + "-_.!~*'()&=+$,;?")
_PARAM = frozenset(_LETTERS + "-_.!~*'()[]/:&+$")
_URL = frozenset(_LETTERS + "-_.~")
_COMMON = str.maketrans({"'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"})
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = _STANDARD[:-2] + b"-_"


class CodecTransforms(Module):
    """Texts written in other ways."""

    @of_text("s.md5")
    def s_md5(self, text: str) -> Value:
        """MD5 in hexadecimal digits."""
        return hashlib.md5(wire.encode(text), usedforsecurity=False).hexdigest()

    @of_text("s.sha256")
    def s_sha256(self, text: str) -> Value:
        """SHA-256 in hexadecimal digits."""
        return hashlib.sha256(wire.encode(text)).hexdigest()

    @of_text("s.sha384")
    def s_sha384(self, text: str) -> Value:
        """SHA-384 in hexadecimal digits."""
        return hashlib.sha384(wire.encode(text)).hexdigest()

    @of_text("s.sha512")
    def s_sha512(self, text: str) -> Value:
        """SHA-512 in hexadecimal digits."""
        return hashlib.sha512(wire.encode(text)).hexdigest()

    @of_text("s.encode.hexa")
    def s_encode_hexa(self, text: str) -> Value:
        """Two hexadecimal digits per byte."""
        return wire.encode(text).hex()

    @of_text("s.decode.hexa")
    def s_decode_hexa(self, text: str) -> Value:
        """Bytes of pairs of hexadecimal digits; an odd last one is left out."""
        digits = text[: len(text) // 2 * 2]
        return wire.decode(bytes.fromhex(digits)) if _HEX.issuperset(digits) else None

    @of_text("s.encode.7bit")
    def s_encode_7bit(self, text: str) -> Value:
        """A text message's 7-bit packing in hexadecimal digits."""
        return gsm7.packed(wire.encode(text))

    @of_text("s.decode.7bit")
    def s_decode_7bit(self, text: str) -> Value:
        """The text of a 7-bit packing."""
        return wire.decode(gsm7.unpacked(wire.encode(text)))

    @of_text("s.encode.base58")
    def s_encode_base58(self, text: str) -> Value:
        """Base58 of the bytes."""
        return base58.encoded(wire.encode(text))

    @of_text("s.decode.base58")
    def s_decode_base58(self, text: str) -> Value:
        """Bytes of a base58 text."""
        data = base58.decoded(text)
        return None if data is None else wire.decode(data)

    @of_text("s.encode.base64")
    def s_encode_base64(self, text: str) -> Value:
        """Base64 of the bytes."""
        return base64.b64encode(wire.encode(text)).decode("ascii")

    @of_text("s.encode.base64t")
    def s_encode_base64t(self, text: str) -> Value:
        """Base64 of the bytes without the padding."""
        return base64.b64encode(wire.encode(text)).decode("ascii").rstrip("=")

    @of_text("s.decode.base64")
    def s_decode_base64(self, text: str) -> Value:
        """Bytes of a base64 text; undefined for a wrong length, a wrong digit counts as 255."""
        return _from_base64(text)

    @of_text("s.decode.base64t")
    def s_decode_base64t(self, text: str) -> Value:
        """Bytes of a base64 text with or without its padding."""
        return _from_base64(_padded(text))

    @of_text("s.encode.base64url")
    def s_encode_base64url(self, text: str) -> Value:
        """URL-safe base64 of the bytes."""
        return base64.urlsafe_b64encode(wire.encode(text)).decode("ascii")

    @of_text("s.encode.base64urlt")
    def s_encode_base64urlt(self, text: str) -> Value:
        """URL-safe base64 of the bytes without the padding."""
        return base64.urlsafe_b64encode(wire.encode(text)).decode("ascii").rstrip("=")

    @of_text("s.decode.base64url")
    def s_decode_base64url(self, text: str) -> Value:
        """Bytes of a URL-safe base64 text; undefined for a wrong digit."""
        return _from_base64url(text)

    @of_text("s.decode.base64urlt")
    def s_decode_base64urlt(self, text: str) -> Value:
        """Bytes of a URL-safe base64 text with or without its padding."""
        return _from_base64url(_padded(text))

    @of_text("s.escape.common")
    def s_escape_common(self, text: str) -> Value:
        """A backslash before quotes, backslashes and NUL (as `0`)."""
        return text.translate(_COMMON)

    @of_text("s.unescape.common")
    def s_unescape_common(self, text: str) -> Value:
        """The opposite of `{s.escape.common}`; other backslashes stay."""
        return _without_escapes(text)

    @of_text("s.escape.user")
    def s_escape_user(self, text: str) -> Value:
        """Percent-escapes for the user part of a URI; undefined for what is not printable."""
        return _percent(text, _USER)

    @of_text("s.escape.param")
    def s_escape_param(self, text: str) -> Value:
        """Percent-escapes for a URI parameter; undefined for what is not printable."""
        return _percent(text, _PARAM)

    @of_text("s.unescape.user")
    def s_unescape_user(self, text: str) -> Value:
        """Percent-escapes replaced; undefined if one is malformed or not printable."""
        return _unpercent(text)

    @of_text("s.unescape.param")
    def s_unescape_param(self, text: str) -> Value:
        """As `{s.unescape.user}`."""
        return _unpercent(text)

    @of_text("s.escape.csv")
    def s_escape_csv(self, text: str) -> Value:
        """A quoted field of comma-separated values (RFC 4180)."""
        return '"' + text.replace('"', '""') + '"'

    @of_text("s.urlencode.param")
    def s_urlencode_param(self, text: str) -> Value:
        """Percent-escapes for a URL; a blank is `%20`."""
        data = wire.encode(text)
        return "".join(chr(b) if chr(b) in _URL else f"%{b:02x}" for b in data)

    @of_text("s.urldecode.param")
    def s_urldecode_param(self, text: str) -> Value:
        """Percent-escapes and `+` replaced."""
        return wire.decode(_url_decoded(wire.encode(text)))


def _percent(text: str, plain: frozenset[str]) -> str | None:
    if not text.isascii() or (text and not text.isprintable()):
        return None
    return "".join(c if c in plain else f"%{ord(c):02x}" for c in text)


def _unpercent(text: str) -> str | None:
    pieces = text.split("%")
    out = pieces[0]
    for piece in pieces[1:]:
        code = piece[:2]
        if len(code) < 2 or not _HEX.issuperset(code) or not 32 <= int(code, 16) <= 126:
            return None
        out += chr(int(code, 16)) + piece[2:]
    return out


def _without_escapes(text: str) -> str:
    known = {"'": "'", '"': '"', "\\": "\\", "0": "\0"}
    out, at = "", 0
    while at < len(text):
        following = known.get(text[at + 1 : at + 2]) if text[at] == "\\" else None
        out += text[at] if following is None else following
        at += 1 if following is None else 2
    return out


def _url_decoded(data: bytes) -> bytes:
    out = bytearray()
    at = 0
    while at < len(data):
        byte = data[at]
        if byte == 0x25:
            # Two bytes must follow; what is no digit is taken as one all the same.
            if at + 2 < len(data):
                high, low = map(gsm7.hex_value, data[at + 1 : at + 3])
                out.append((high << 4 | low) & 0xFF)
                at += 2
        else:
            out.append(0x20 if byte == 0x2B else byte)
        at += 1
    return bytes(out)


def _padded(text: str) -> str:
    return text + "=" * (-wire.byte_length(text) % 4)


def _from_base64(text: str) -> str | None:
    data = wire.encode(text)
    if not data:
        return ""
    if len(data) % 4 or (data[-2:-1] == b"=" and data[-1:] != b"="):
        return None
    size = len(data) // 4 * 3 - data[-2:].count(b"=")
    return _joined(data, size, lambda byte: _STANDARD.find(byte) & 0xFF)


def _from_base64url(text: str) -> str | None:
    data = wire.encode(text)
    digits = data.rstrip(b"=")
    size = (len(data) * 6 >> 3) - (len(data) - len(digits))
    if size <= 0 or any(byte not in _URL_SAFE for byte in digits):
        return None
    return _joined(digits, size, _URL_SAFE.find)


def _joined(data: bytes, size: int, digit: Callable[[int], int]) -> str:
    out = bytearray()
    for at in range(0, len(data), 4):
        digits = [digit(byte) for byte in data[at : at + 4]]
        a, b, c, d = (*digits, 0, 0, 0)[:4]
        out += bytes(((a << 2 | b >> 4) & 255, (b << 4 | c >> 2) & 255, (c << 6 | d) & 255))
    return wire.decode(bytes(out[:size]))
