"""JSON as the library jansson reads and writes it: RFC 8259 to the letter, without duplicates."""

import json
import re
from typing import Any, NoReturn, TypeAlias

from sipproxy.text import encode

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
_LONGEST_INT = 20
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]|(?P<bad>u0000|u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_TO_ESCAPE = re.compile(r'[\x00-\x1f"\\]')
_ESCAPED = {char: f"\\{letter}" for char, letter in zip('\b\f\n\r\t"\\', 'bfnrt"\\', strict=True)}
_EXPONENT = re.compile(r"e(-?)[+-]?0*(?=[0-9])")


class JsonError(ValueError):
    """A text that jansson does not take."""


def parse(text: str) -> Json:
    """The array or object that is the whole of a text; raises JsonError."""
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        raise JsonError("'[' or '{' expected")
    if not is_unicode(text):
        raise JsonError("unable to decode byte")
    if bad := next((found["bad"] for found in _ESCAPE.finditer(text) if found["bad"]), None):
        raise JsonError(f"\\{bad} is not allowed")
    try:
        found: Json = _DECODER.decode(text)
    except RecursionError:
        raise JsonError("maximum parsing depth reached") from None
    except json.JSONDecodeError as error:
        raise JsonError(f"line {error.lineno}, col {error.colno}: {error.msg}") from None
    return found


def is_unicode(text: str) -> bool:
    """Whether the bytes of a text are UTF-8."""
    if text.isascii():
        return True
    try:
        encode(text).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError("duplicate object key")
    return found


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_INT or not _INT_MIN <= int(digits) <= _INT_MAX:
        raise JsonError("too big integer")
    return int(digits)


def _real(written: str) -> float:
    found = float(written)
    if found in (float("inf"), float("-inf")):
        raise JsonError("real number overflow")
    return found


def _constant(name: str) -> NoReturn:
    raise JsonError(f"invalid token near '{name}'")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_int, parse_float=_real, parse_constant=_constant
)


def written(value: Json, comma: str = ",", colon: str = ":") -> str:
    """A value as jansson writes it, compactly unless other marks are given."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _written_real(value)
        case str():
            return _quoted(value)
        case list():
            return f"[{comma.join(written(item, comma, colon) for item in value)}]"
    members = (f"{_quoted(name)}{colon}{written(of, comma, colon)}" for name, of in value.items())
    return f"{{{comma.join(members)}}}"


def _quoted(text: str) -> str:
    return f'"{_TO_ESCAPE.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[0]) or f"\\u{ord(found[0]):04X}"


def _written_real(value: float) -> str:
    """17 digits, with a point or an exponent (jansson strconv.c, jsonp_dtostr)."""
    digits = f"{value:.17g}"
    if "e" in digits:
        return _EXPONENT.sub(r"e\1", digits)
    return digits if "." in digits else f"{digits}.0"
