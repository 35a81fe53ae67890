"""`{s.*}`: cutting, searching and counting in texts."""

import time
from dataclasses import dataclass
from typing import Self

from sipproxy import text as wire
from sipproxy.core.hashing import core_hash
from sipproxy.core.module import Module, transformation
from sipproxy.core.params import Parsed
from sipproxy.core.values import INT_MAX, INT_MIN, Value, wrap
from sipproxy.modules.pv.transforms.base import Delimiter, cut, of_text

_BLANKS = " \t\r\n"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_BUFFER = 65_535
"""Bytes that the result of a transformation may have; Kamailio's buffer holds no more."""


@dataclass(frozen=True, slots=True)
class Separator(Parsed):
    """The character between the items of `{s.select,n,c}`; `\\n`, `\\r`, `\\t`, `\\\\` too."""

    char: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it; blanks may follow."""
        char, rest = text[:1], text[1:]
        if char == "\\":
            char, rest = _ESCAPES.get(text[1:2], ""), text[2:]
        if not char or not char.isascii() or rest.strip(_BLANKS):
            raise ValueError(f"{text!r} is not one character")
        return cls(char)


class StringTransforms(Module):
    """The shape of texts."""

    @of_text("s.len")
    def s_len(self, text: str) -> Value:
        """Length in bytes."""
        return wire.byte_length(text)

    @transformation("s.int")
    def s_int(self, value: Value) -> Value:
        """The number a text is; undefined if it is none, or beyond 32 bits."""
        if not isinstance(value, str):
            return value
        digits = value[1:] if value[:1] in ("+", "-") else value
        if not digits.isascii() or not digits.isdigit():
            return None
        number = int(value)
        return number if INT_MIN <= number <= INT_MAX else None

    @of_text("s.rmws")
    def s_rmws(self, text: str) -> Value:
        """Without blanks, tabs and line ends."""
        for blank in _BLANKS:
            text = text.replace(blank, "")
        return text

    @of_text("s.substr")
    def s_substr(self, text: str, start: int, length: int) -> Value:
        """`length` bytes from `start`, all that follow for 0; a negative start is from the end.

        Undefined when `start` is outside of the text. A length beyond the end is cut; from a
        negative start one that is longer than what follows counts as 0.
        """
        size = wire.byte_length(text)
        if length < 0 or start >= size or -start > size:
            return None
        begin = start if start >= 0 else size + start
        if length == 0 or begin + length > size:
            length = size - begin
        return cut(text, begin, begin + length)

    @of_text("s.select")
    def s_select(self, text: str, index: int, separator: Separator) -> Value:
        """The item at `index` of a list, from the end if negative; empty beyond it."""
        items = text.split(separator.char)
        return items[index] if -len(items) <= index < len(items) else ""

    @transformation("s.tolower")
    def s_tolower(self, value: Value) -> Value:
        """ASCII letters in lower case."""
        return wire.lower(value) if isinstance(value, str) else value

    @transformation("s.toupper")
    def s_toupper(self, value: Value) -> Value:
        """ASCII letters in upper case."""
        return wire.upper(value) if isinstance(value, str) else value

    @of_text("s.strip")
    def s_strip(self, text: str, count: int) -> Value:
        """Without the first `count` bytes."""
        return cut(text, max(count, 0), _BUFFER)

    @of_text("s.striptail")
    def s_striptail(self, text: str, count: int) -> Value:
        """Without the last `count` bytes."""
        return cut(text, 0, max(wire.byte_length(text) - max(count, 0), 0))

    @of_text("s.stripto")
    def s_stripto(self, text: str, char: str) -> Value:
        """From the first `char` on, empty without one."""
        at = text.find(char[:1])
        return text[at:] if at >= 0 else ""

    @of_text("s.prefixes")
    def s_prefixes(self, text: str, limit: int = 0) -> Value:
        """All prefixes up to `limit` bytes, separated by commas."""
        return _prefixes(text, limit, "")

    @of_text("s.prefixes.quoted")
    def s_prefixes_quoted(self, text: str, limit: int = 0) -> Value:
        """All prefixes up to `limit` bytes in single quotes, separated by commas."""
        return _prefixes(text, limit, "'")

    @of_text("s.replace")
    def s_replace(self, text: str, old: str, new: str) -> Value:
        """`old` replaced by `new`, everywhere."""
        return text.replace(old, new) if old else text

    @of_text("s.rm")
    def s_rm(self, text: str, what: str) -> Value:
        """Without any `what`; it knows `\\n`, `\\r`, `\\t` and `\\\\`."""
        return text.replace(_unescaped(what), "") if what else text

    @transformation("s.ftime")
    def s_ftime(self, value: Value, format: str) -> Value:
        """A Unix time formatted by strftime, in local time."""
        if isinstance(value, str):
            digits = value.removeprefix("+") or "0"
            if not digits.isascii() or not digits.isdigit() or int(digits) >= 1 << 32:
                return None
            value = wrap(int(digits))
        return None if value is None else time.strftime(format, time.localtime(value))

    @of_text("s.trim")
    def s_trim(self, text: str) -> Value:
        """Without blanks and line ends around it."""
        return text.strip(_BLANKS)

    @of_text("s.ltrim")
    def s_ltrim(self, text: str) -> Value:
        """Without blanks and line ends before it."""
        return text.lstrip(_BLANKS)

    @of_text("s.rtrim")
    def s_rtrim(self, text: str) -> Value:
        """Without blanks and line ends behind it."""
        return text.rstrip(_BLANKS)

    @of_text("s.corehash")
    def s_corehash(self, text: str, size: int = 0) -> Value:
        """Kamailio's hash in decimal digits, below `size` (a power of two) unless that is 0."""
        value = core_hash(text)
        return str(value & ((size - 1) & 0xFFFF_FFFF) if size else value)

    @transformation("s.unquote")
    def s_unquote(self, value: Value) -> Value:
        """Without the quotes around it."""
        if (
            isinstance(value, str)
            and len(value) > 1
            and value[0] == value[-1]
            and value[0] in "\"'"
        ):
            return value[1:-1]
        return value

    @transformation("s.unbracket")
    def s_unbracket(self, value: Value) -> Value:
        """Without the brackets around it: `()`, `[]`, `{}` or `<>`."""
        if isinstance(value, str) and len(value) > 1 and _BRACKETS.get(value[0]) == value[-1]:
            return value[1:-1]
        return value

    @transformation("s.numeric")
    def s_numeric(self, value: Value) -> Value:
        """The digits of a text."""
        if not isinstance(value, str):
            return None if value is None else "".join(filter("0123456789".__contains__, str(value)))
        return "".join(filter("0123456789".__contains__, value))

    @of_text("s.count")
    def s_count(self, text: str, char: Delimiter) -> Value:
        """How often `char` is in a text."""
        return text.count(char[:1])

    @of_text("s.before")
    def s_before(self, text: str, char: Delimiter) -> Value:
        """What stands before the first `char`, all without one."""
        return text.partition(char[:1])[0]

    @of_text("s.after")
    def s_after(self, text: str, char: Delimiter) -> Value:
        """What stands behind the first `char`, nothing without one."""
        return text.partition(char[:1])[2]

    @of_text("s.rbefore")
    def s_rbefore(self, text: str, char: Delimiter) -> Value:
        """What stands before a `char` that is the last of the text.

        Kamailio 5.6 looks for it in the wrong direction: unless the text ends with `char`, the
        value runs on behind the text, over the NUL that ends it.
        """
        return text[:-1] if text.endswith(char[:1]) else text + "\0"

    @of_text("s.rafter")
    def s_rafter(self, text: str, char: Delimiter) -> Value:
        """Always empty in Kamailio 5.6, for the same reason as :meth:`s_rbefore`."""
        return ""

    @of_text("s.fmtlines")
    def s_fmtlines(self, text: str, width: int, indent: int) -> Value:
        """Lines broken and indented by blanks, the way Kamailio 5.6 does it."""
        return _broken(text, width, b" " * indent)

    @of_text("s.fmtlinet")
    def s_fmtlinet(self, text: str, width: int, indent: int) -> Value:
        """Lines broken and indented by tabs, the way Kamailio 5.6 does it."""
        return _broken(text, width, b"\t" * indent)


def _prefixes(text: str, limit: int, quote: str) -> str | None:
    size = wire.byte_length(text)
    most = min(size, limit) if limit > 0 else size
    if most * (most // 2 + (1 if quote else 3)) > _BUFFER:
        return None
    return ",".join(f"{quote}{cut(text, 0, end)}{quote}" for end in range(1, most + 1))


def _broken(text: str, width: int, indent: bytes) -> str | None:
    """A line end before each byte but the first of the first `width`, and nowhere else.

    A text that is not longer than the indent is read from where the result is being written.
    """
    data = bytearray(wire.encode(text))
    size = len(data)
    if width <= 0 or size + size // width * (2 + len(indent)) > _BUFFER - 1:
        return None
    out = data if len(indent) >= size else bytearray()
    at = 0
    for number in range(size):
        piece = b"\r\n" + indent if 0 < number < width else b""
        out[at : at + len(piece)] = piece
        at += len(piece)
        out[at : at + 1] = data[number : number + 1]
        at += 1
    return wire.decode(bytes(out[:at]))


def _unescaped(text: str) -> str:
    """`\\n`, `\\r`, `\\t` replaced; any other escaped character is itself, a last `\\` too."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
            out += _ESCAPES.get(text[at], text[at])
        else:
            out += text[at]
        at += 1
    return out
