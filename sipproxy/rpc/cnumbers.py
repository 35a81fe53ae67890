"""Numbers as the C functions behind kamcmd, ctl and jsonrpcs read and narrow them."""

import re

from sipproxy.core.values import INT_MAX, INT_MIN

_INT64_MIN = -(1 << 63)
_UINT64 = 1 << 64

_BLANKS = r"[ \t\n\v\f\r]*"
_LONG = re.compile(_BLANKS + r"([+-]?[0-9]+)")
_DOUBLE = re.compile(
    _BLANKS + r"([+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN](?:\([0-9A-Za-z_]*\))?))"
)
_SIGNED = re.compile(r"[+-]?[0-9]*")
_LONGEST_INT32 = 4096  # digits; more are zeros or an overflow


def int32_of_double(number: float) -> int:
    """A C cast to int: towards zero; out of range gives the smallest int, as on x86-64."""
    if not INT_MIN - 1 < number < INT_MAX + 1:
        return INT_MIN
    return int(number)


def int64_of_double(number: float) -> int:
    """A C cast to long long: towards zero; out of range gives the smallest, as on x86-64."""
    if not -(2.0**63) <= number < 2.0**63:
        return _INT64_MIN
    return int(number)


def uint64_of_double(number: float) -> int:
    """A C cast to unsigned long: a negative number wraps, as on x86-64."""
    if not number < 2.0**64:
        return 0
    return int(number) if number >= 2.0**63 else int64_of_double(number) % _UINT64


def unsigned_text(number: int) -> str:
    """An int as Kamailio turns it into a string: -1 is "18446744073709551615"."""
    return str(number % _UINT64)


def int32_of_text(text: str) -> int | None:
    """A whole string as a 32-bit integer (str2sint): "" and "-" are 0; None if it is not one."""
    if not _SIGNED.fullmatch(text) or len(text) > _LONGEST_INT32:
        return None
    number = int(text) if text not in ("", "+", "-") else 0
    return number if INT_MIN <= number <= INT_MAX else None


def long_of_text(text: str) -> int | None:
    """A whole string as strtol reads it (clamped to 64 bits); None if something is left over."""
    if text == "":
        return 0
    match = _LONG.fullmatch(text)
    if match is None:
        return None
    if len(match[1]) > _LONGEST_INT32:
        return _INT64_MIN if match[1].startswith("-") else -_INT64_MIN - 1
    return min(max(int(match[1]), _INT64_MIN), -_INT64_MIN - 1)


def double_of_text(text: str) -> tuple[float, int] | None:
    """The number at the start of a string as strtod reads it, and where it ends; None if none."""
    match = _DOUBLE.match(text)
    if match is None:
        return None
    digits = match[1].lower()
    if "x" in digits:
        return _hexadecimal(digits), match.end()
    return float(digits.partition("(")[0]), match.end()


def _hexadecimal(digits: str) -> float:
    try:
        return float.fromhex(digits)
    except OverflowError:
        return float("-inf") if digits.startswith("-") else float("inf")
