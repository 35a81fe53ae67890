"""Between JSON and the values of a cfg (Kamailio jansson_utils.c, jansson_funcs.c)."""

import re
from math import isfinite

from sipproxy.core.values import INT_MAX, INT_MIN, Value
from sipproxy.modules.jansson.jsontext import Json, JsonError, is_unicode, parse, written

_INT = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+\Z")
_REAL = re.compile(r"[ \t\n\v\f\r]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_HEX_REAL = re.compile(r"[ \t\n\v\f\r]*[+-]?0[xX][0-9A-Fa-f.]+(?:[pP][+-]?[0-9]+)?\Z")
_LONG_MIN, _LONG_MAX = -(1 << 63), (1 << 63) - 1
_CONSTANTS = {"true": True, "false": False, "null": None}


def to_value(found: Json) -> Value:
    """Arrays and objects as JSON, texts as they are, ints up to 32 bits as such, null undefined."""
    match found:
        case None | str():
            return found
        case bool():
            return int(found)
        case int():
            return found if INT_MIN <= found <= INT_MAX else str(found)
        case float():
            return f"{found:.15g}"
    return written(found)


def typed(kind: str, text: str) -> Json:
    """A text as JSON of a kind: `object`, `array`, `string`, `integer`, `real`, `true`...

    Raises JsonError.
    """
    match kind:
        case "object" | "obj" | "array":
            value = parse(text)
            if isinstance(value, list) is not (kind == "array"):
                raise JsonError(f"the value to add is no {kind}")
            return value
        case "string" | "str":
            if not is_unicode(text):
                raise JsonError("the value to add is not a string")
            return text
        case "integer" | "int":
            return _integer(text)
        case "real":
            return _real(text)
        case "true" | "false" | "null":
            return _CONSTANTS[kind]
    raise JsonError(f"unrecognized input type: {kind}")


def _integer(text: str) -> int:
    if not text:
        return 0
    if not _INT.match(text):
        raise JsonError(f'parsing int failed for "{text}"')
    digits = text.strip(" \t\n\v\f\r")
    return min(max(int(digits[:30]), _LONG_MIN), _LONG_MAX)


def _real(text: str) -> float:
    try:
        if _REAL.match(text):
            value = float(text)
        elif _HEX_REAL.match(text):
            value = float.fromhex(text)
        elif text:
            raise ValueError
        else:
            value = 0.0
    except (ValueError, OverflowError):
        raise JsonError(f'parsing real failed for "{text}"') from None
    if not isfinite(value):
        raise JsonError("the value to add is not a real")
    return value
