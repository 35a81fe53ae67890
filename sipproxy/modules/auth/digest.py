"""Digest responses: H(A1), H(A2) and what a client makes of them (RFC 7616 section 3.4)."""

import hashlib
from collections.abc import Callable
from functools import partial

from sipproxy import text as wire
from sipproxy.sip.credentials import Credentials

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-512-256": partial(hashlib.new, "sha512_256"),
}


def is_auth_int(qop: str | None) -> bool:
    """Whether the response protects the body too."""
    return bool(qop) and wire.lower(qop or "").strip() == "auth-int"


class Digest:
    """One algorithm, by its name in a challenge; raises ValueError for an unknown one.

    A client that answers with MD5-sess is checked as if it had said MD5, as Kamailio does it.
    """

    __slots__ = ("_hash", "length", "name")

    def __init__(self, name: str) -> None:
        try:
            self._hash = _HASHES[name]
            self.length = 2 * self._hash(b"").digest_size
        except (KeyError, ValueError):
            raise ValueError(f'unknown algorithm "{name}": {", ".join(_HASHES)} exist') from None
        self.name = name

    def hex(self, data: bytes) -> str:
        """The hash in lower case hexadecimal digits."""
        return self._hash(data).hexdigest()

    def ha1(self, username: str, realm: str, password: str) -> str:
        """H(A1) of a user, in hexadecimal digits."""
        return self._hash(wire.encode(f"{username}:{realm}:{password}")).hexdigest()

    def response(self, ha1: str, found: Credentials, method: str, body: bytes) -> str:
        """What a client that knows `ha1` answers; an empty `method` makes the server's rspauth."""
        asked = f"{method}:{found.uri or ''}"
        qop = found.qop
        if qop:
            if is_auth_int(qop):
                asked = f"{asked}:{self.hex(body)}"
            middle = f"{found.nonce}:{found.nc or ''}:{found.cnonce or ''}:{qop}"
        else:
            middle = found.nonce or ""
        ha2 = self._hash(wire.encode(asked)).hexdigest()
        # As many digits of H(A1) as the algorithm has: what follows them is not read.
        answer = f"{ha1[: self.length]}:{middle}:{ha2}"
        return self._hash(wire.encode(answer)).hexdigest()
