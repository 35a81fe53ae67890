"""The client's side of digest authentication (RFC 2617, RFC 7616): a challenge, and its answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sipproxy.text import decode, encode

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 401 or 407 asks for."""

    realm: str
    nonce: str
    qop: str = ""
    """`auth`, `auth-int`, a list of them, or empty."""
    algorithm: str = "MD5"
    stale: bool = False
    proxy: bool = False
    """Whether it came in Proxy-Authenticate and is answered in Proxy-Authorization."""

    @classmethod
    def of(cls, reply: bytes) -> Challenge | None:
        """The first challenge in a reply, None when there is none."""
        for line in decode(reply).partition("\r\n\r\n")[0].split("\r\n")[1:]:
            name, _, value = line.partition(":")
            kind = name.strip().lower()
            if kind in ("www-authenticate", "proxy-authenticate"):
                given = parameters(value)
                return cls(
                    realm=given.get("realm", ""),
                    nonce=given.get("nonce", ""),
                    qop=given.get("qop", ""),
                    algorithm=given.get("algorithm", "MD5"),
                    stale=given.get("stale", "").lower() == "true",
                    proxy=kind.startswith("proxy"),
                )
        return None

    def answer(
        self, user: str, password: str, *, method: str, uri: str, qop: bool = True, count: int = 1
    ) -> str:
        """The header line that answers it.

        With `qop` False as RFC 2069 has it, whatever was asked for. `count` is the number of times
        that this nonce was answered (`nc`).
        """
        kind = _HASHES.get(self.algorithm.upper(), "md5")
        secret = _hash(kind, f"{user}:{self.realm}:{password}")
        what = _hash(kind, f"{method}:{uri}")
        fields = {"username": user, "realm": self.realm, "nonce": self.nonce, "uri": uri}
        bare = {"algorithm": self.algorithm}
        if qop and "auth" in re.split(r"[\s,]+", self.qop):
            nc, cnonce = f"{count:08x}", _hash("md5", f"{self.nonce}{user}{count}")[:16]
            joined = f"{secret}:{self.nonce}:{nc}:{cnonce}:auth:{what}"
            fields["cnonce"] = cnonce
            bare |= {"qop": "auth", "nc": nc}
        else:
            joined = f"{secret}:{self.nonce}:{what}"
        fields["response"] = _hash(kind, joined)
        return self.header(fields, bare)

    def header(self, quoted: Mapping[str, str], bare: Mapping[str, str]) -> str:
        """A line of credentials with these parameters."""
        name = "Proxy-Authorization" if self.proxy else "Authorization"
        rows = [f'{key}="{value}"' for key, value in quoted.items()]
        rows += [f"{key}={value}" for key, value in bare.items()]
        return f"{name}: Digest {', '.join(rows)}"


def parameters(value: str) -> dict[str, str]:
    """The parameters of a challenge or of credentials, names in lower case."""
    found = _PARAMETER.findall(value)
    return {name.lower(): quoted or bare for name, quoted, bare in found}


def _hash(kind: str, text: str) -> str:
    return hashlib.new(kind, encode(text), usedforsecurity=False).hexdigest()
