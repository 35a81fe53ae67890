"""Digest credentials of Authorization and Proxy-Authorization (RFC 7616 section 3.4)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sipproxy import text as wire
from sipproxy.errors import MessageError

_SCHEME = re.compile(r"[ \t\r\n]*(?P<scheme>[Dd][Ii][Gg][Ee][Ss][Tt])[ \t\r\n,][ \t\r\n]*")
# As core/parser/digest reads them: a name is all up to the next `=`, a quoted value ends at the
# next quote (escapes are not known), and what follows a value up to the comma does not count.
_FIELD = re.compile(
    r"([^=]*)=[ \t\r\n]*(?:\"([^\"]*)\"|([^ \t\r\n,\"][^ \t\r\n,]*))[^,]*(?:(,)[ \t\r\n]*)?"
)
_BLANKS = " \t\r\n"
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
        return _parse(text)

    @property
    def user(self) -> str:
        """User part of the username: `alice` of `alice`, `alice@example.com`, `sip:alice@...`."""
        whole = self.username or ""
        if len(whole) <= 2 and wire.byte_length(whole) <= 2:
            return whole
        name = whole.partition("@")[0]
        return name.partition(":")[2] if ":" in name else name

    @property
    def domain(self) -> str:
        """Domain part of the username, "" where it has none."""
        whole = self.username or ""
        return whole.partition("@")[2] if wire.byte_length(whole) > 2 else ""

    def __str__(self) -> str:
        bare = ("algorithm", "qop", "nc")
        pairs = [(name, getattr(self, name)) for name in self.__slots__ if name != "scheme"]
        written = [
            f"{name}={value}" if name in bare else f'{name}="{value}"'
            for name, value in pairs
            if value is not None
        ]
        return f"{self.scheme} {', '.join(written)}"


@lru_cache(maxsize=256)
def _parse(text: str) -> Credentials:
    start = _SCHEME.match(text)
    if start is None:
        raise MessageError("not Digest credentials")
    fields: dict[str, str] = {}
    at = start.end()
    while True:
        found = _FIELD.match(text, at)
        if found is None:
            raise MessageError(f"bad digest credentials near {text[at : at + 20]!r}")
        name, quoted, token, comma = found.groups()
        if name not in _NAMES:
            name = wire.lower(name.rstrip(_BLANKS))
        if name in _NAMES:
            fields[name] = token if quoted is None else quoted
        if comma is None:
            break
        at = found.end()
    return Credentials(scheme=start["scheme"], **fields)
