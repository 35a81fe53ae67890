"""The contacts of a REGISTER as Kamailio reads them (core/parser/contact/): almost anything goes.

Where RFC 3261 wants an address here any text with a colon is one, and parameters may be empty.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from sipproxy import text as wire
from sipproxy.core.contact import ALL_METHODS
from sipproxy.core.methods import METHOD_BITS, OTHER_METHOD
from sipproxy.errors import MessageError
from sipproxy.sip.message import Message
from sipproxy.sip.params import unquote

_BLANKS = " \t\r\n"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_NAME = re.compile(r'(?:[^<:;"]|"(?:[^"]|(?<=\\)")*+")*+(?=[<:;])', re.DOTALL)
"""A display name, up to the bracket or the colon of the address behind it."""
_URI = re.compile(rf'(?:[^,;"<>]|{_QUOTED}|<(?:[^<>"]|{_QUOTED})*+>)*+(?=[,;]|\Z)', re.DOTALL)
_PLAIN = re.compile(r"<([^<>\"\s]+)>(?:;expires=([0-9]{1,10}))?(?:;q=([0-9.]+))?\Z", re.ASCII)
"""What most phones send: no other parameters, no display name."""
_LWS = r"[ \t\r\n]*+"
_PARAM = re.compile(
    rf"{_LWS}(?P<name>[^;,= \t\r\n]*+){_LWS}"
    rf"(?:={_LWS}(?P<value>{_QUOTED}|'(?:[^'\\]|\\.)*+'|\[[^\]]*\]|[^;, \t\r\n\"']++|\Z))?"
    rf"{_LWS}(?P<end>;|(?=,)|\Z)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[0-9]{1,10}\Z", re.ASCII)
_Q = re.compile(r"[ \t]*(?:0+|(?P<one>0*1(?:\.0+)?)|0*\.(?P<part>[0-9]+))\Z", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z", re.ASCII)


class Offer(NamedTuple):
    """A contact that a REGISTER names; a parameter is None where there is none, quotes are off."""

    uri: str
    q: str | None = None
    expires: str | None = None
    methods: str | None = None
    received: str | None = None
    instance: str | None = None
    reg_id: str | None = None


_FIELDS = {
    "q": "q",
    "expires": "expires",
    "methods": "methods",
    "received": "received",
    "+sip.instance": "instance",
    "reg-id": "reg_id",
}


def rows_of(msg: Message) -> list[tuple[Offer, ...] | None]:
    """The offers of each Contact row, None for a row that is `*`. Raises MessageError.

    Within a row the last comes first: so Kamailio links them.
    """
    return [None if _is_star(value) else _offers(value) for value in msg.values("contact")]


def _is_star(value: str) -> bool:
    """Whether a row is `*`; what follows that is not looked at."""
    return value.lstrip(_BLANKS)[:1] == "*"


def _offers(value: str) -> tuple[Offer, ...]:
    """The offers in a row. Raises MessageError."""
    plain = _PLAIN.match(value)
    if plain:
        return (Offer(plain[1], plain[3], plain[2]),)
    return tuple(_read(value.strip(_BLANKS)))[::-1]


def _read(text: str) -> Iterator[Offer]:
    at, end = 0, len(text)
    while True:
        name = _NAME.match(text, at, end)
        if name is None:
            raise MessageError(f"bad contact {text!r}")
        at = name.end()
        if text[at] != "<":
            # A display name without brackets: Kamailio loses the last character of the row.
            blank = max(text.rfind(" ", name.start(), at), text.rfind("\t", name.start(), at))
            at, end = (blank, end - 1) if blank >= name.start() else (name.start(), end)
        found = _URI.match(text[:end], at)
        if found is None:
            raise MessageError(f"bad contact {text!r}")
        uri = found[0].rstrip(_BLANKS)
        if uri[:1] == "<" and uri[-1:] == ">" and len(uri) > 1:
            uri = uri[1:-1]
        uri = uri.strip(_BLANKS)
        if not uri:
            raise MessageError(f"a contact without an address in {text!r}")
        at = found.end()
        fields: dict[str, str] = {}
        if at < end and text[at] == ";":
            at = _read_params(text[:end], at + 1, fields)
        yield Offer(uri, **fields)
        if at >= end:
            return
        at += 1
        while at < end and text[at] in _BLANKS:
            at += 1


def _read_params(text: str, at: int, fields: dict[str, str]) -> int:
    """Note the parameters that count from `at` on; where they end. Raises MessageError."""
    more = True
    while more:
        if not text[at:].strip(_BLANKS):
            raise MessageError(f"a parameter is missing in {text!r}")
        found = _PARAM.match(text, at)
        if found is None:
            raise MessageError(f"bad parameter in {text!r}")
        field = _FIELDS.get(wire.lower(found["name"]))
        if field is not None:
            fields[field] = unquote(found["value"] or "")
        at, more = found.end(), found["end"] == ";"
    return at


def number(text: str | None) -> int | None:
    """A number of 32 bits without a sign; None for anything else."""
    if text is None or not _NUMBER.match(text):
        return None
    value = int(text)
    return value if value <= 0xFFFF_FFFF else None


def quality(text: str) -> int:
    """A q value in thousandths, further digits cut. Raises ValueError."""
    found = _Q.match(text)
    if found is None:
        raise ValueError(f"invalid q parameter {text!r}")
    part = found["part"]
    if part is not None:
        return int(f"{part}00"[:3])
    return 1000 if found["one"] else 0


@lru_cache(maxsize=1024)
def methods(text: str) -> int:
    """The bits of a list of methods; none for an empty list. Raises ValueError."""
    text = text.strip(_BLANKS)
    if not text:
        return 0
    items = text.split(",")
    if not items[-1].strip(_BLANKS):
        items.pop()
    bits = 0
    for item in items:
        name = wire.upper(item.strip(_BLANKS))
        bit = METHOD_BITS.get(name, OTHER_METHOD)
        if not _TOKEN.match(name) or (bit == OTHER_METHOD and name.startswith(_KNOWN)):
            raise ValueError(f"invalid method {item!r}")
        bits |= bit
    return bits


_KNOWN = tuple(METHOD_BITS)
"""A token that begins with a known method and goes on is refused."""


def allowed(values: list[str]) -> int:
    """The methods of Allow rows; all of them where there is none or one is unreadable."""
    if not values:
        return ALL_METHODS
    try:
        bits = 0
        for value in values:
            bits |= methods(value)
    except ValueError:
        return ALL_METHODS
    return bits
