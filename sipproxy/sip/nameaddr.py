"""name-addr and addr-spec: From, To, Contact, Route (RFC 3261 section 20.10).

What is accepted follows Kamailio's core/parser/parse_addr_spec.c.
"""

import re
from dataclasses import dataclass

from sipproxy.errors import MessageError
from sipproxy.sip.params import LWS, QUOTED, Params
from sipproxy.sip.uri import Uri

_PARAM_VALUE = rf"(?:{QUOTED}|[^\s;,\"]*)"
_PARAMS = rf"(?:{LWS};{LWS}[^\s;,=\"]+{LWS}(?:={LWS}{_PARAM_VALUE})?)*"
#: `comma` is what may stand inside an unquoted display name or a bare address: To and From hold
#: one value, so a comma ends nothing there.
_ADDRESS = (
    rf"{LWS}(?:(?P<display>{QUOTED}|[^<>\"\\;{{comma}}]*?){LWS}<{LWS}(?P<inside>[^<>\"\s][^<>\"]*)>"
    rf"|(?P<bare>[^<>\"\\;\s{{comma}}][^<>\"\\;\s{{comma}}]*))"
    rf"(?P<params>{_PARAMS}){LWS}"
)
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
        addresses = []
        at, more = 0, True
        while more:
            found = _ELEMENT.match(text, at)
            if found is None:
                raise MessageError(f"bad address list {text!r}")
            addresses.append(_made(found))
            at, more = found.end(), found["end"] == ","
        return addresses

    @property
    def parsed(self) -> Uri:
        """The address taken apart. Raises MessageError."""
        return Uri.parse(self.uri)

    def param(self, name: str) -> str | None:
        """Value of a header parameter; "" for a flag, None if absent."""
        return Params.parse(self.params).get(name) if self.params else None

    @property
    def tag(self) -> str | None:
        """The tag parameter; None where absent or empty."""
        return (self.param("tag") or None) if self.params else None

    def __str__(self) -> str:
        params = f";{self.params}" if self.params else ""
        if self.bare:
            return f"{self.uri}{params}"
        gap = " " if self.display else ""
        return f"{self.display}{gap}<{self.uri}>{params}"


def _made(found: re.Match[str]) -> NameAddr:
    inside = found["inside"]
    params = found["params"].lstrip(" \t\r\n")[1:]
    if inside is None:
        return NameAddr("", found["bare"], params, bare=True)
    return NameAddr(found["display"], inside.rstrip(" \t"), params)
