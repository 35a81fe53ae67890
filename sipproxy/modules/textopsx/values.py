"""Values in a header's text: where they lie, and their parameters (Kamailio textopsx.c).

All offsets count characters of the header's value without the blanks at its end.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sipproxy.text import lower

_BLANKS = " \t\r\n"


class Span(NamedTuple):
    """A value in a list: `text[start:end]`; with blanks and comma it is `whole_start:whole_end`."""

    start: int
    end: int
    whole_start: int
    whole_end: int


class Found(NamedTuple):
    """A parameter: from its `=` on `update_at`, all of it `delete_at`, both up to an end.

    When it is not there, `delete_at` is where a new one goes, `delimiter` what leads it.
    """

    there: bool
    update_at: int
    update_end: int
    delete_at: int
    delete_end: int
    delimiter: str = ";"


def values(text: str) -> Iterator[Span]:
    """The values of a list; an empty text has one empty value."""
    at, end = 0, len(text)
    while True:
        whole = at
        at = _skip(text, at, end)
        start = at
        quoted = False
        while at < end and (text[at] != "," or quoted):
            if text[at] == '"' and (not quoted or text[at - 1] != "\\"):
                quoted = not quoted
            at += 1
        stop = start + len(text[start:at].rstrip(_BLANKS))
        at = min(at + 1, end)
        yield Span(start, stop, whole, at)
        if at >= end:
            return


def params_start(text: str, start: int, end: int) -> int:
    """Behind the address that `text[start:end]` begins with: at its first `;`, or its end."""
    at = start
    while at < end and text[at] != ";":
        at = _past_name(text, at, end)
        at = _skip(text, at, end)
        if at < end and text[at] == "<":
            at = _past_uri(text, at, end)
    return at


def parts_of(value: str) -> tuple[str, str]:
    """Name and URI of an address, without quotes and brackets; "" for what it has not.

    It is read as the values of other headers are too, so `*` and `token` count as a URI.
    """
    name = uri = ""
    at, end, named, done = 0, len(value), False, False
    while at < end and value[at] != ";":
        start = at
        at = _past_name(value, at, end)
        if not named:
            name, named = value[:at], True
        if not done and '"' not in value[start:at]:
            uri = value[start:at]
        at = _skip(value, at, end)
        if at < end and value[at] == "<":
            start = at
            at = _past_uri(value, at, end)
            uri, done = value[start + 1 : at - 1], True
            if not start:
                name = ""
    if uri and value.startswith(uri):
        name = ""
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return name, uri


def named_parameter(value: str, name: str, start: int) -> str | None:
    """The value of a parameter, without quotes; "" for a flag, None where it is not there."""
    found = parameter(value, name, start, len(value))
    if not found.there:
        return None
    return value[found.update_at : found.update_end].strip(_BLANKS)[1:].strip(_BLANKS).strip('"')


def _past_name(text: str, at: int, end: int) -> int:
    """At the `<`, `;` or blank that ends a name, quotes taken as one."""
    quoted = False
    while at < end:
        char = text[at]
        if quoted:
            quoted = char != '"' or text[at - 1] == "\\"
        elif char == '"':
            quoted = True
        elif char in "<;" or char in _BLANKS:
            break
        at += 1
    return at


def _past_uri(text: str, at: int, end: int) -> int:
    """At the `>` that closes a bracket."""
    quoted = False
    while at < end:
        if quoted:
            quoted = text[at] != '"' or text[at - 1] == "\\"
        elif text[at] == '"':
            quoted = True
        elif text[at] == ">":
            # The name that may follow begins behind it.
            return at + 1 if at + 1 <= end else at
        at += 1
    return at


def parameter(text: str, name: str, start: int, end: int) -> Found:
    """A parameter `;name=value` in `text[start:end]`, which begins at a `;`."""
    wanted = lower(name)
    at = start
    while True:
        whole = at
        at = _skip(text, at, end)
        if at >= end or text[at] != ";":
            return Found(False, whole, whole, whole, whole)
        at = _skip(text, at + 1, end)
        name_at = at
        while at < end and text[at] not in _BLANKS and text[at] not in "=;":
            at += 1
        own, update = lower(text[name_at:at]), at
        after = _skip(text, at, end)
        if after < end and text[after] == "=":
            after = _past_value(text, _skip(text, after + 1, end), end, ";")
        at = after
        if own == wanted:
            return Found(True, update, at, whole, at)


def parameter_in_list(text: str, name: str, start: int) -> Found:
    """A parameter `name=value` in a list with commas, such as `Digest realm="x", nonce=y`."""
    wanted, end = lower(name), len(text)
    at, delimiter = start, ""
    while at < end:
        whole = at
        at = _skip(text, at, end)
        comma = at < end and text[at] == ","
        at = _skip(text, at + comma, end)
        if at >= end or not _is_word(text[at]):
            # Kamailio would go round for ever.
            at += 0 if at >= end or text[at] == "," else 1
            continue
        delimiter = delimiter or " "
        name_at = at
        while at < end and _is_word(text[at]):
            at += 1
        own = lower(text[name_at:at])
        at = _skip(text, at, end)
        update = at
        if at < end and text[at] == "=":
            delimiter = ","
            at = _past_value(text, _skip(text, at + 1, end), end, ",")
            if own == wanted:
                gone = at
                after = _skip(text, at, end)
                if not comma and after < end and text[after] == ",":
                    gone = after + 1
                return Found(True, update, at, whole, gone, delimiter)
        at = _skip(text, at, end)
    return Found(False, at, at, at, at, delimiter)


def _past_value(text: str, at: int, end: int, mark: str) -> int:
    """Behind a value: quoted, or up to a blank or `mark`."""
    if at < end and text[at] == '"':
        close = text.find('"', at + 1, end)
        return end if close < 0 else close + 1
    while at < end and text[at] not in _BLANKS and text[at] != mark:
        at += 1
    return at


def _skip(text: str, at: int, end: int) -> int:
    while at < end and text[at] in _BLANKS:
        at += 1
    return at


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "_-")
