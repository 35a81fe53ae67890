"""JSON as the library json-c reads and writes it, which Kamailio's module json is made of.

It takes more than RFC 8259 allows: comments, texts in single quotes, a comma before a closing
bracket, literals in any case, leading zeros, NaN and Infinity; and it stops where the first value
ends. It keeps the letters of a number with a fraction or exponent, and cuts other numbers to 64
bits.
"""

import re
from typing import TypeAlias

Json: TypeAlias = "bool | int | Real | str | list[Json] | dict[str, Json] | None"

_DEEPEST = 31
"""Containers around a value, at most."""
_INT_MIN, _UINT_MAX = -(1 << 63), (1 << 64) - 1
_LONGEST_INT = 30

_BLANK = re.compile(r"(?:[ \t\r\n]|/\*.*?\*/|//[^\n]*\n)*", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+(?P<rest>\.[0-9]*)?(?P<exponent>[eE][+-]?[0-9]*)?")
_AFTER_NUMBER = ",]}/ \t\r\nIi"
_LITERAL = re.compile(r"null|true|false|nan|-?infinity", re.IGNORECASE)
_STRINGS = {
    quote: re.compile(rf"{quote}(?P<body>[^{quote}\\]*(?:\\.[^{quote}\\]*)*){quote}", re.DOTALL)
    for quote in "\"'"
}
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|u(?P<code>[0-9A-Fa-f]{4})|(?P<letter>.))",
    re.DOTALL,
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_TO_ESCAPE = re.compile(r'[\x00-\x1f"\\/]')
_ESCAPED = {char: f"\\{letter}" for letter, char in _LETTERS.items()}


class Real(str):
    """A number that is no int, as it was written."""

    __slots__ = ()


class JsonError(ValueError):
    """A text that json-c does not take."""


def parse(text: str) -> Json:
    """The first value in a text; raises JsonError."""
    value, end = _value(text, 0, 0)
    if text.startswith("/", _skip(text, end)):
        raise JsonError("a comment does not begin or end")
    return value


def _value(text: str, at: int, depth: int) -> tuple[Json, int]:
    """The value at an offset, blanks before it skipped, and where it ends."""
    at = _skip(text, at)
    if depth > _DEEPEST:
        raise JsonError("nesting too deep")
    match text[at : at + 1]:
        case "{":
            return _object(text, at + 1, depth + 1)
        case "[":
            return _array(text, at + 1, depth + 1)
        case '"' | "'":
            return _string(text, at)
    if found := _LITERAL.match(text, at):
        return _literal(found[0].lower()), found.end()
    return _number(text, at, depth)


def _object(text: str, at: int, depth: int) -> tuple[Json, int]:
    members: dict[str, Json] = {}
    at = _skip(text, at)
    while not text.startswith("}", at):
        if text[at : at + 1] not in _STRINGS:
            raise JsonError("quoted object property name expected")
        name, at = _string(text, at)
        at = _past(text, at, ":")
        members[name.partition("\0")[0]], at = _value(text, at, depth)
        at = _next(text, at, "}")
    return members, at + 1


def _array(text: str, at: int, depth: int) -> tuple[Json, int]:
    items: list[Json] = []
    at = _skip(text, at)
    while not text.startswith("]", at):
        item, at = _value(text, at, depth)
        items.append(item)
        at = _next(text, at, "]")
    return items, at + 1


def _next(text: str, at: int, closing: str) -> int:
    """Behind the comma that follows a member, or at the closing bracket."""
    at = _skip(text, at)
    return at if text.startswith(closing, at) else _skip(text, _past(text, at, ","))


def _past(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if not text.startswith(mark, at):
        raise JsonError(f"{mark!r} expected at offset {at}")
    return at + 1


def _skip(text: str, at: int) -> int:
    """Behind blanks and comments."""
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()


def _literal(name: str) -> Json:
    match name:
        case "null":
            return None
        case "true" | "false":
            return name == "true"
        case "nan":
            return Real("NaN")
    return Real(name.replace("i", "I", 1))


def _number(text: str, at: int, depth: int) -> tuple[Json, int]:
    found = _NUMBER.match(text, at)
    if found is None or (depth and text[found.end() : found.end() + 1] not in _AFTER_NUMBER):
        raise JsonError(f"unexpected character at offset {at}")
    written, end = found[0], found.end()
    if found["rest"] or found["exponent"]:
        return Real(written.rstrip("eE+-")), end
    if len(written) > _LONGEST_INT:
        written = f"{written[:1]}{'9' * _LONGEST_INT}"
    return min(max(int(written), _INT_MIN), _UINT_MAX), end


def _string(text: str, at: int) -> tuple[str, int]:
    found = _STRINGS[text[at]].match(text, at)
    if found is None:
        raise JsonError(f"the text at offset {at} does not end")
    body = found["body"]
    return _ESCAPE.sub(_unescaped, body) if "\\" in body else body, found.end()


def _unescaped(found: re.Match[str]) -> str:
    """The character of an escape; half a surrogate pair is U+FFFD."""
    if found["high"]:
        return chr(
            0x10000 + (int(found["high"], 16) << 10 & 0xFFC00 | int(found["low"], 16) & 0x3FF)
        )
    if found["code"]:
        code = int(found["code"], 16)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    if found["letter"] not in _LETTERS:
        raise JsonError(f"bad escape {found[0]!r}")
    return _LETTERS[found["letter"]]


def written(value: Json) -> str:
    """A value as json-c writes it, with blanks inside of brackets."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Real():
            return str(value)
        case str():
            return f'"{_TO_ESCAPE.sub(_escaped, value)}"'
        case list():
            return f"[ {', '.join(map(written, value))} ]" if value else "[ ]"
    members = (f'"{_TO_ESCAPE.sub(_escaped, name)}": {written(of)}' for name, of in value.items())
    return f"{{ {', '.join(members)} }}" if value else "{ }"


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[0]) or f"\\u{ord(found[0]):04x}"
