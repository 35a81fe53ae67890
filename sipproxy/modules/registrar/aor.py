"""The address-of-record that a URI means (Kamailio registrar/common.c)."""

import re
from dataclasses import dataclass

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.modules.registrar.errors import AOR_LEN, AOR_PARSE, UNESCAPE, Refused
from sipproxy.sip.uri import Uri

_LONGEST, _LONGEST_USER, _LONGEST_HOST = 256, 64, 128
_PLAIN = re.compile(r"sips?:([A-Za-z0-9_.+-]{1,64})@([A-Za-z0-9][A-Za-z0-9.-]{0,127})\Z", re.ASCII)
"""The usual address, of which nothing else need be known."""
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})?")


@dataclass(frozen=True, slots=True)
class AorRules:
    """How an address-of-record is written: with its domain or not, which part keeps its case."""

    use_domain: bool = False
    case_sensitive: bool = False
    realm_prefix: str = ""

    def extract(self, text: str) -> tuple[str, str]:
        """The address-of-record of a URI, and the URI's host. Raises Refused."""
        plain = _PLAIN.match(text)
        if plain:
            user, host = plain[1], plain[2]
        else:
            user, host = _taken_apart(text)
        if not self.use_domain:
            return user if self.case_sensitive and user else wire.lower(user), host
        prefix = self.realm_prefix
        domain = host.removeprefix(prefix) if prefix and prefix != host else host
        if not user:
            return wire.lower(domain), host
        kept = user if self.case_sensitive else wire.lower(user)
        return f"{kept}@{wire.lower(domain)}", host


def is_plain(text: str) -> bool:
    """Whether a URI is of the usual form, `sip:user@host`."""
    return _PLAIN.match(text) is not None


def _taken_apart(text: str) -> tuple[str, str]:
    """User, without escapes, and host of a URI. Raises Refused."""
    try:
        uri = Uri.parse(text)
    except MessageError:
        raise Refused(AOR_PARSE, f"failed to parse AoR [{text}]") from None
    user, host = uri.user or "", uri.host
    length, host_length = wire.byte_length(user), wire.byte_length(host)
    if length + host_length >= _LONGEST or length > _LONGEST_USER or host_length > _LONGEST_HOST:
        raise Refused(AOR_LEN, "Address Of Record too long")
    return _unescape(user) if "%" in user else user, host


def _unescape(user: str) -> str:
    """Without %xx, which may stand for printable ASCII only. Raises Refused."""

    def plain(found: re.Match[str]) -> str:
        code = int(found[1] or "0", 16)
        if not 32 <= code <= 126:
            raise Refused(UNESCAPE, "failed to unescape username")
        return chr(code)

    return _ESCAPED.sub(plain, user)
