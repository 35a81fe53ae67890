"""Digest credentials of Authorization and Proxy-Authorization (RFC 7616 section 3.4)."""

import re
from dataclasses import dataclass

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.params import LWS

_SCHEME = re.compile(rf"{LWS}(?P<scheme>[^\s,]+)[\s,]{LWS}")
# A quoted value ends at the next quote: escapes are not known (core/parser/digest).
_FIELD = re.compile(
    rf"(?P<name>[^\s=,]+){LWS}={LWS}(?:\"(?P<quoted>[^\"]*)\"|(?P<token>[^\s,\"][^\s,]*))"
    rf"[^,]*(?:,{LWS}|\Z)",
    re.DOTALL,
)
_NAMES = frozenset(
    ["username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "qop", "nc", "opaque"],
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Digest credentials, values without their quotes; what was not sent is None."""

    username: str | None = None
    realm: str | None = None
    nonce: str | None = None
    uri: str | None = None
    response: str | None = None
    algorithm: str | None = None
    cnonce: str | None = None
    qop: str | None = None
    nc: str | None = None
    opaque: str | None = None
    scheme: str = "Digest"

    @classmethod
    def parse(cls, text: str) -> "Credentials":
        """The credentials in a header value.

        Raises MessageError: for another scheme (`reason` says so), for malformed fields.
        """
        start = _SCHEME.match(text)
        if start is None or wire.lower(start["scheme"]) != "digest":
            raise MessageError("not Digest credentials")
        fields: dict[str, str] = {}
        at, end = start.end(), len(text.rstrip())
        while at < end or not fields:
            found = _FIELD.match(text, at)
            if found is None:
                raise MessageError(f"bad digest credentials near {text[at : at + 20]!r}")
            name = wire.lower(found["name"])
            if name in _NAMES:
                quoted = found["quoted"]
                fields[name] = found["token"] if quoted is None else quoted
            at = found.end()
        return cls(scheme=start["scheme"], **fields)

    @property
    def user(self) -> str:
        """User part of the username: `alice` of `alice`, `alice@example.com`, `sip:alice@...`."""
        name = (self.username or "").partition("@")[0]
        return name.partition(":")[2] if ":" in name else name

    @property
    def domain(self) -> str:
        """Domain part of the username, "" where it has none."""
        return (self.username or "").partition("@")[2]

    def __str__(self) -> str:
        bare = ("algorithm", "qop", "nc")
        pairs = [(name, getattr(self, name)) for name in self.__slots__ if name != "scheme"]
        written = [
            f"{name}={value}" if name in bare else f'{name}="{value}"'
            for name, value in pairs
            if value is not None
        ]
        return f"{self.scheme} {', '.join(written)}"
