"""name-addr and addr-spec: From, To, Contact, Route (RFC 3261 section 20.10).

What is accepted follows Kamailio's core/parser/parse_addr_spec.c.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.params import LWS, QUOTED, unquote
from sipproxy.sip.uri import Uri

_DISPLAY = r"\"(?:[^\"\\\r\n\0]|\\.)*\""
_NAME = r"[^\s;,=\"\0]+"
_VALUE = rf"(?:{QUOTED}|[^\s;,=\"\0]*)"
_PARAMS = rf"(?:{LWS};{LWS}{_NAME}{LWS}(?:={LWS}{_VALUE})?)*"
_PARAM = re.compile(rf"({_NAME}){LWS}(?:={LWS}({_VALUE}))?", re.DOTALL | re.ASCII)
#: `comma` stands for what also ends an unquoted display name or a bare address: in lists a comma.
_ADDRESS = (
    rf"{LWS}(?:(?P<display>{_DISPLAY}|[^<>\"\\;\0{{comma}}]*?){LWS}"
    rf"<[ \t]*(?P<inside>[^<>\"\s\0]+)[ \t]*>"
    rf"|(?P<bare>[^<>\"\\;\s\0{{comma}}]+))"
    rf"(?P<params>{_PARAMS}){LWS}"
)
PLAIN = re.compile(
    r" *(?:\"[^\"\\\r\0]*\" *|[^\"<>\\;\r\0]*)<([^<>\"\s\0]+)>"
    r"((?:;[\w.+-]+(?:=[\w.:+@~-]+)?)*)\Z",
    re.ASCII,
)
"""A single address as nearly all are written: URI (1), header parameters (2)."""
_SINGLE = re.compile(_ADDRESS.format(comma="") + r"\Z", re.DOTALL | re.ASCII)
_ELEMENT = re.compile(_ADDRESS.format(comma=",") + r"(?P<end>,|\Z)", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with an optional display name and parameters.

    `display` is as sent, with its quotes, "" where absent; `uri` is the address as written without
    its angle brackets; `params` are the parameters after it without their leading semicolon;
    `bare` tells that no angle brackets were written.
    """

    display: str
    uri: str
    params: str = ""
    bare: bool = False

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """The single address written in `text`. Raises MessageError."""
        found = _SINGLE.match(text)
        if found is None:
            raise MessageError(f"bad address {text!r}")
        return _made(found)

    @classmethod
    def parse_list(cls, text: str) -> list["NameAddr"]:
        """The comma-separated addresses in `text`, in order. Raises MessageError."""
        return [address for address, _ in cls.placed_list(text)]

    @classmethod
    def placed_list(cls, text: str) -> list[tuple["NameAddr", int]]:
        """Each of the comma-separated addresses, and where in `text` its URI begins.

        Raises MessageError.
        """
        addresses = []
        at, more = 0, True
        while more:
            found = _ELEMENT.match(text, at)
            if found is None:
                raise MessageError(f"bad address list {text!r}")
            group = "bare" if found["inside"] is None else "inside"
            addresses.append((_made(found), found.start(group)))
            at, more = found.end(), found["end"] == ","
        return addresses

    @property
    def parsed(self) -> Uri:
        """The address taken apart. Raises MessageError."""
        return Uri.parse(self.uri)

    def param(self, name: str) -> str | None:
        """Value of a header parameter; "" for a flag, None if absent."""
        for own, value in self.pairs:
            if own == name or wire.lower(own) == name:
                return "" if value is None else unquote(value)
        return None

    @property
    def pairs(self) -> tuple[tuple[str, str | None], ...]:
        """Name and value of each header parameter as written; the value of a flag is None."""
        return _pairs(self.params) if self.params else ()

    @property
    def tag(self) -> str | None:
        """The tag parameter; None where absent or empty. Of two the last counts, as in Kamailio."""
        if not self.params:
            return None
        tags = [value for name, value in _pairs(self.params) if wire.lower(name) == "tag"]
        return (tags[-1] or "").strip('"') or None if tags else None

    def __str__(self) -> str:
        params = f";{self.params}" if self.params else ""
        if self.bare:
            return f"{self.uri}{params}"
        gap = " " if self.display else ""
        return f"{self.display}{gap}<{self.uri}>{params}"


def tag_of(text: str) -> str | None:
    """The tag of the single address written in `text`. Raises MessageError."""
    plain = PLAIN.match(text)
    if plain is None:
        return NameAddr.parse(text).tag
    params = plain[2]
    if not params:
        return None
    if params.startswith(";tag=") and params.count(";") == 1:
        return params[5:]
    return NameAddr("", "", params[1:]).tag


@lru_cache(maxsize=4096)
def _pairs(params: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((found[1], found[2]) for found in _PARAM.finditer(params))


def _made(found: re.Match[str]) -> NameAddr:
    inside = found["inside"]
    params = found["params"].lstrip(" \t\r\n")[1:]
    if inside is None:
        return NameAddr("", found["bare"], params, bare=True)
    return NameAddr(found["display"], inside, params)
