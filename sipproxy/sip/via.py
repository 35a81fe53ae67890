"""One Via value: `SIP/2.0/UDP host:port;branch=...` (RFC 3261 section 20.42, RFC 3581).

What is accepted follows Kamailio's core/parser/parse_via.c.
"""

import re
from typing import NamedTuple

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.params import LWS, unquote

# A quoted value knows no escapes and no comma, and may lack its end; a parenthesis is a letter.
_PARAM_TAIL = rf"(?:{LWS}={LWS}(?P<value>\"[^\",]*(?:\"|\Z)|[^\s;,=\"]*))?"
_PARAM = re.compile(rf"{LWS};{LWS}(?P<name>[^\s;,=\"]+){_PARAM_TAIL}", re.DOTALL | re.ASCII)
_PARAMS = rf"(?:{LWS};{LWS}[^\s;,=\"]+{_PARAM_TAIL.replace('?P<value>', '?:')})*"
_VIA = re.compile(
    rf"{LWS}(?P<protocol>SIP{LWS}/{LWS}2\.0){LWS}/{LWS}(?P<transport>[^\s/,;]+)"
    rf"[ \t\r\n]+(?P<host>\[[^\s\[\];,\0]+\]|[^\s:;,()\"\[\]\0]+)"
    rf"(?:{LWS}:{LWS}(?P<port>[0-9]{{1,5}}))?"
    rf"(?P<params>{_PARAMS}){LWS}(?:\((?P<comment>(?:[^()]|\([^()]*\))*)\){LWS})?"
    rf"(?P<end>(?:,{LWS})+|\Z)",
    re.DOTALL | re.ASCII | re.IGNORECASE,
)
_PLAIN_VALUE = r"[\w.:+~-]+"
_PLAIN = (
    r" *SIP/2\.0/([A-Za-z]+) ([\w.-]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3}))?"
    rf"((?:;(?:rport(?:=\d+)?|received={_PLAIN_VALUE}))*(?:;branch=({_PLAIN_VALUE})"
    rf"(?:;(?:rport(?:=\d+)?|(?:branch|received)={_PLAIN_VALUE}))*)?)"
)
PLAIN = re.compile(rf"{_PLAIN}\Z", re.ASCII)
"""One hop as nearly all are written: transport (1), host (2), port (3), parameters (4), of them
the first branch (5)."""
PLAIN_ROW = re.compile(rf"\r\nVia:{_PLAIN}(?=\r\n)", re.ASCII)
"""The same as the whole of a row, from the end of the row before it."""
_WITH_VALUE = frozenset({"branch", "received", "maddr", "ttl", "i"})
_WITHOUT_VALUE = frozenset({"alias", "hidden"})


class Via(NamedTuple):
    """One hop. `host` is the sent-by host with the brackets of IPv6, `port` None if absent or 0.

    `params` is the parameter list without its leading semicolon.
    """

    protocol: str
    transport: str
    host: str
    port: int | None = None
    params: str = ""
    comment: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Via":
        """The single hop written in `text`. Raises MessageError."""
        hops = cls.parse_list(text)
        if len(hops) != 1:
            raise MessageError(f"more than one Via in {text!r}")
        return hops[0]

    @classmethod
    def parse_list(cls, text: str) -> list["Via"]:
        """All hops of one header value, in order. Raises MessageError."""
        plain = PLAIN.match(text)
        return [of_plain(plain)] if plain else [place.via for place in places(text)]

    def param(self, name: str) -> str | None:
        """Value of a parameter; "" for a flag, None if absent."""
        for param in _PARAM.finditer(f";{self.params}"):
            if wire.lower(param["name"]) == name:
                return "" if param["value"] is None else unquote(param["value"])
        return None

    @property
    def branch(self) -> str | None:
        """The branch parameter."""
        return self.param("branch")

    @property
    def received(self) -> str | None:
        """The received parameter, as written (IPv6 with or without brackets)."""
        return self.param("received")

    @property
    def rport(self) -> str | None:
        """The rport parameter; "" when it stands without a value."""
        return self.param("rport")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        params = f";{self.params}" if self.params else ""
        comment = "" if self.comment is None else f" ({self.comment})"
        return f"{self.protocol}/{self.transport} {self.host}{port}{params}{comment}"


class _PlainVia(Via):
    """What :data:`PLAIN` reads: names in lower case, no blanks, no quotes."""

    __slots__ = ()

    def param(self, name: str) -> str | None:
        return plain_param(self.params, name)


def of_plain(found: re.Match[str]) -> Via:
    """The hop that a match of :data:`PLAIN` is."""
    transport, host, port, params, _ = found.groups()
    return _PlainVia("SIP/2.0", transport, host, int(port) if port else None, params[1:])


def plain_param(params: str, name: str) -> str | None:
    """Value of a parameter in a list of :data:`PLAIN`; "" for a flag, None if absent."""
    _, _, rest = f";{params};".partition(f";{name}")
    if rest[:1] == "=":
        return rest[1:].partition(";")[0]
    return "" if rest[:1] == ";" else None


class Place(NamedTuple):
    """Where one hop stands in a header value: `start` to `end` covers a comma that follows.

    `params_at` is where a parameter may be inserted before all others; `spans` gives start and end
    of `;received...` and `;rport...` where present, semicolon included.
    """

    via: Via
    start: int
    end: int
    params_at: int
    spans: dict[str, tuple[int, int]]


def places(value: str) -> list[Place]:
    """All hops of one header value with their places in it. Raises MessageError."""
    found_places = []
    at, more = 0, True
    while more:
        found = _VIA.match(value, at)
        if found is None:
            raise MessageError(f"bad Via {value!r}")
        found_places.append(_place(value, found))
        at, more = found.end(), found["end"] != ""
    return found_places


def _place(value: str, found: re.Match[str]) -> Place:
    spans = {}
    params_at, params_end = found.span("params")
    for param in _PARAM.finditer(value, params_at, params_end):
        name, content = wire.lower(param["name"]), param["value"]
        empty = content is None or (content == "" and param.end() == params_end)
        if (name in _WITH_VALUE and empty) or (name in _WITHOUT_VALUE and content is not None):
            raise MessageError(f"bad Via parameter {name!r}")
        if name in ("received", "rport"):
            # Kamailio counts the blanks behind a flag to it, not those behind a value.
            rest = value[param.end() :] if content is None else ""
            blanks = len(rest) - len(rest.lstrip(" \t"))
            spans[name] = (value.index(";", param.start()), param.end() + blanks)
    if params_end > params_at:
        params_at = value.index(";", params_at)
    via = Via(
        "".join(found["protocol"].split()),
        found["transport"],
        found["host"],
        int(found["port"]) % 65536 or None if found["port"] else None,
        value[params_at + 1 : params_end],
        found["comment"],
    )
    return Place(via, found.start(), found.end(), params_at, spans)
