"""JSON as jsonrpcs reads and writes it (Kamailio's core/utils/srjson.c, a cJSON of 2009).

Read: every number is a double, object members keep their order and may repeat, what follows the
first value is ignored; leading zeros, unknown escapes and raw control characters pass, where the
json module of the standard library would refuse. One bug of srjson is not kept: it reads an escaped
pair of surrogates beyond U+1FFFF as another character.
Written: pretty means a tab per level and after each colon, arrays on one line.
"""

import math
import re
from collections.abc import Mapping

from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.rpc.values import Member, NamedArray, Struct, Value, members_of
from sipproxy.text import presentable

_MOST_DEPTH = 100
_BLANK = re.compile("[\x01-\x20]*")
_NUMBER = re.compile(r"(?=[-0-9])(-?0?(?:[1-9][0-9]*)?)(\.[0-9]+)?(?:[eE]([+-]?)([0-9]*))?")
_TEXT = re.compile(r'[^"\\\0]*')
_HEX = re.compile(r"[0-9a-fA-F]{1,4}")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: tuple[tuple[str, Value], ...] = (("null", None), ("false", False), ("true", True))
_QUOTED = re.compile('["\\\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\"} | {code: "\\" + letter for letter, code in _ESCAPES.items()}


def loads(text: str) -> Value:
    """The first value in a text, an object as :class:`Struct`; raises ValueError.

    Nesting deeper than 100 is refused.
    """
    return _Parser(text).value(_skip(text, 0), 0)[0]


def dumps(value: Value, pretty: bool = True) -> str:
    """A value as text of valid Unicode, in the form of jsonrpcs' `pretty_format` 1 or 0."""
    return _print(value, 0, pretty)


def _skip(text: str, at: int, what: re.Pattern[str] = _BLANK) -> int:
    match = what.match(text, at)
    return match.end() if match else at


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, at: int, depth: int) -> tuple[Value, int]:
        text = self._text
        for word, meaning in _WORDS:
            if text.startswith(word, at):
                return meaning, at + len(word)
        match text[at : at + 1]:
            case '"':
                return self.string(at)
            case "[":
                return self.array(at, depth + 1)
            case "{":
                return self.object(at, depth + 1)
        if match := _NUMBER.match(text, at):
            return self.number(match), match.end()
        raise ValueError("no JSON value")

    def number(self, match: re.Match[str]) -> float:
        whole, fraction, sign, exponent = match.groups(default="")
        digits = "0" if whole in ("", "-") else whole.removeprefix("-")
        number = float(f"{digits}{fraction}e{sign}{exponent or '0'}")
        return -number if whole.startswith("-") else number

    def string(self, at: int) -> tuple[str, int]:
        if not self._text.startswith('"', at):
            raise ValueError("no JSON string")
        parts: list[str] = []
        at += 1
        while True:
            end = _skip(self._text, at, _TEXT)
            parts.append(self._text[at:end])
            match self._text[end : end + 2]:
                case "\\u":
                    part, at = self.unicode(end + 2)
                case escape if escape.startswith("\\"):
                    part, at = _ESCAPES.get(escape[1:], escape[1:]), end + 2
                case rest:
                    return "".join(parts), end + rest.startswith('"')
            parts.append(part)

    def unicode(self, at: int) -> tuple[str, int]:
        code = self.code(at)
        at += 4
        if 0xD800 <= code < 0xDC00:
            if not self._text.startswith("\\u", at):
                return "", at
            low = self.code(at + 2)
            at += 6
            if not 0xDC00 <= low < 0xE000:
                return "", at
            return chr(0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF)), at
        return ("" if code == 0 or 0xDC00 <= code < 0xE000 else chr(code)), at

    def code(self, at: int) -> int:
        match = _HEX.match(self._text, at)
        return int(match[0], 16) if match else 0

    def array(self, at: int, depth: int) -> tuple[list[Value], int]:
        at = self.opened(at, depth)
        items: list[Value] = []
        if self._text.startswith("]", at):
            return items, at + 1
        while True:
            item, at = self.value(at, depth)
            items.append(item)
            at = _skip(self._text, at)
            if not self._text.startswith(",", at):
                return items, self.closed(at, "]")
            at = _skip(self._text, at + 1)

    def object(self, at: int, depth: int) -> tuple[Struct, int]:
        at = self.opened(at, depth)
        members: list[Member] = []
        if self._text.startswith("}", at):
            return Struct(()), at + 1
        while True:
            name, at = self.string(at)
            at = self.closed(_skip(self._text, at), ":")
            item, at = self.value(_skip(self._text, at), depth)
            members.append((name, item))
            at = _skip(self._text, at)
            if not self._text.startswith(",", at):
                return Struct(tuple(members)), self.closed(at, "}")
            at = _skip(self._text, at + 1)

    def opened(self, at: int, depth: int) -> int:
        if depth > _MOST_DEPTH:
            raise ValueError("JSON nested too deeply")
        return _skip(self._text, at + 1)

    def closed(self, at: int, mark: str) -> int:
        if not self._text.startswith(mark, at):
            raise ValueError(f"JSON without {mark}")
        return at + 1


def _print(value: Value, depth: int, pretty: bool) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return _string(value)
        case NamedArray(members):
            items: list[Value] = [{name: item} for name, item in members]
            return _array(items, depth, pretty)
        case Struct(members) if members and all(name is None for name, _ in members):
            return _array([item for _, item in members], depth, pretty)
        case Struct() | Mapping():
            return _object(value, depth + 1, pretty)
        case list() | tuple():
            return _array(value, depth, pretty)
    raise TypeError(f"an RPC answer cannot hold {type(value).__name__}")


def _array(items: list[Value] | tuple[Value, ...], depth: int, pretty: bool) -> str:
    comma = ", " if pretty else ","
    return f"[{comma.join(_print(item, depth + 1, pretty) for item in items)}]"


def _object(value: Value, depth: int, pretty: bool) -> str:
    start, colon, end = (
        ("\n" + "\t" * depth, ":\t", "\n" + "\t" * (depth - 1)) if pretty else ("", ":", "")
    )
    texts = [
        f"{start}{_string(name or '')}{colon}{_print(item, depth, pretty)}"
        for name, item in members_of(value) or ()
    ]
    return f"{{{','.join(texts)}{end}}}"


def _number(number: int | float) -> str:
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return "null"
    if number.is_integer():
        return f"{number:.0f}" if number else "0"
    if INT_MIN <= number <= INT_MAX and abs(number - int(number)) <= 2.0**-52:
        return str(int(number))
    if abs(number) < 1e-6 or abs(number) > 1e9:
        return f"{number:e}"
    return f"{number:f}"


def _string(text: str) -> str:
    return f'"{_QUOTED.sub(_escape, presentable(text))}"'


def _escape(match: re.Match[str]) -> str:
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"
