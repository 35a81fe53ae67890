"""SIP, SIPS, TEL and URN addresses (RFC 3261 section 19.1, RFC 3966, RFC 8141).

What is accepted follows Kamailio's core/parser/parse_uri.c: the first `@` ends the user part, and a
host without a user before it is not looked into.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.params import Params

_HOST_PORT = re.compile(
    r"(?P<host>\[[^\[\]&@;?]*\]|[^\[\]:;?&@][^:;?&\[\]]*)"
    r"(?::(?P<port>[0-9]{0,5}))?(?:;(?P<params>[^?]*))?(?:\?(?P<headers>.*))?\Z",
    re.DOTALL | re.ASCII,
)
_HOST_CHARS = re.compile(r"(?:\[.*\]|[A-Za-z0-9][A-Za-z0-9.-]*)\Z", re.DOTALL)
_USER = re.compile(r"(?P<user>[^:\[\]][^:]*)(?::(?P<password>[^:;?\[\]]*))?\Z", re.DOTALL)
_HALF_MADDR = re.compile(r"(?:^|;)ma(?:d(?:d(?:r=?)?)?)?\Z", re.IGNORECASE | re.ASCII)
"""A parameter that ends a URI before it is `maddr=value`; Kamailio 5.6 refuses the URI."""
_SCHEMES = frozenset({"sip", "sips", "tel", "urn"})


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. `host` keeps the brackets of IPv6; `port` is None where none is written.

    `user`, `password` are None where absent. `params` and `headers` are text without their leading
    `;` and `?`. Of a tel URI `user` is the number and `host` is empty; of a URN `user` is the
    namespace and `host` the rest.
    """

    scheme: str
    user: str | None
    password: str | None
    host: str
    port: int | None = None
    params: str = ""
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """The address written in `text`. Raises MessageError."""
        return _parse(text)

    def param(self, name: str) -> str | None:
        """Value of a URI parameter; "" for a flag, None if absent or the list is malformed."""
        if not self.params:
            return None
        try:
            return Params.parse(self.params).get(name)
        except MessageError:
            return None

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case."""
        value = self.param("transport")
        return None if value is None else wire.lower(value)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{self._tail()}"
        if self.scheme == "urn" and self.user is not None:
            return f"urn:{self.user}:{self.host}{self._tail()}"
        user = ""
        if self.user is not None:
            secret = "" if self.password is None else f":{self.password}"
            user = f"{self.user}{secret}@"
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}:{user}{self.host}{port}{self._tail()}"

    def _tail(self) -> str:
        params = f";{self.params}" if self.params else ""
        return f"{params}?{self.headers}" if self.headers else params


@lru_cache(maxsize=8192)
def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    scheme = wire.lower(scheme)
    if not colon or scheme not in _SCHEMES or not rest:
        raise MessageError(f"not a SIP, TEL or URN address: {text!r}")
    if scheme == "urn":
        namespace, _, specific = rest.partition(":")
        return Uri("urn", namespace, None, specific)
    user: str | None = None
    password: str | None = None
    before, at, after = rest.partition("@")
    if at:
        who = _USER.match(before)
        if who is None:
            raise MessageError(f"bad user part in {text!r}")
        user, password, rest = who["user"], who["password"], after
    where = _HOST_PORT.match(rest)
    if where is None or (at and ("@" in rest or not _HOST_CHARS.match(where["host"]))):
        raise MessageError(f"bad host in {text!r}")
    port = int(where["port"]) if where["port"] else None
    if port is not None and port > 65535:
        raise MessageError(f"bad port in {text!r}")
    host, params, headers = where["host"], where["params"] or "", where["headers"] or ""
    if where["headers"] is None and _HALF_MADDR.search(params):
        raise MessageError(f"bad parameters in {text!r}")
    if scheme == "tel" and user is None:
        return Uri("tel", host, None, "", port, params, headers)
    return Uri(scheme, user, password, host, port, params, headers)


def unescape(text: str) -> str:
    """A text without its %xx, whatever bytes they stand for. Raises MessageError."""
    head, *rest = text.split("%")
    pieces = [wire.encode(head)]
    for piece in rest:
        try:
            if len(piece) < 2:
                raise ValueError
            pieces += bytes.fromhex(piece[:2]), wire.encode(piece[2:])
        except ValueError:
            raise MessageError(f"bad escape in {text!r}") from None
    return wire.decode(b"".join(pieces))
