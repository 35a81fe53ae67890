"""Parameter lists as Kamailio reads them (core/parser/parse_param.c), with any separator."""

from functools import lru_cache

from sipproxy.text import lower

_BLANKS = " \t\r\n"
_STOPS = _BLANKS + ","


@lru_cache(maxsize=1024)
def parse_list(text: str, separator: str = ";") -> tuple[tuple[str, str], ...] | None:
    """(name, value) of each parameter, quotes off; "" for a flag. None for a malformed list.

    The list ends at a comma or `>` behind a parameter. One separator at its end does not count.
    """
    if len(text) > 1 and text.endswith(separator):
        text = text[:-1]
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        start = at
        while at < len(text) and text[at] not in _STOPS and text[at] not in ("=", separator):
            at += 1
        name, value = text[start:at], ""
        at = _skip(text, at)
        if text[at : at + 1] == "=":
            at = _skip(text, at + 1)
            body = _value(text, at, separator)
            if body is None:
                return None
            value, at = body
            at = _skip(text, at)
        found.append((name, value))
        if at == len(text) or text[at] in ",>":
            return tuple(found)
        at = _skip(text, at + 1) if text[at] == separator else len(text)
        if at == len(text):
            return None


def last(items: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Value of the last parameter of that name: the one Kamailio finds first."""
    wanted = lower(name)
    return next((value for own, value in reversed(items) if lower(own) == wanted), None)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _value(text: str, start: int, separator: str) -> tuple[str, int] | None:
    """The value at `start` and where it ends, None if there is none."""
    if start == len(text):
        return "", start
    quote = text[start]
    if quote in "\"'":
        end = text.find(quote, start + 1)
        return (text[start + 1 : end], end + 1) if end >= 0 else None
    at = start
    while at < len(text) and text[at] not in _STOPS and text[at] != separator:
        at += 1
    return (text[start:at], at) if at > start else None


def number(text: str) -> int | None:
    """A number of decimal digits, None for anything else."""
    digits = text.strip(_BLANKS)
    return int(digits) if digits.isascii() and digits.isdigit() else None
