"""Servers with the module auth, and a client that answers its challenges."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sipproxy.program import load_text
from sipproxy.testing.proxy import ProxyUnderTest
from sipproxy.testing.run import Run

SECRET = "one secret of both servers, long enough"
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def hashed(algorithm: str, *parts: str) -> str:
    """The hash of the parts with colons between them, in hexadecimal digits."""
    text = ":".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.new(HASHES[algorithm], text).hexdigest()


@dataclass
class Client:
    """Makes credentials (RFC 7616 section 3.4), apart from the code under test."""

    user: str = "alice"
    password: str = "secret"
    realm: str = "example.com"
    method: str = "OPTIONS"
    uri: str = "sip:bob@example.com"
    algorithm: str = "MD5"
    body: str = ""

    def fields(
        self, nonce: str, qop: str = "", nc: str = "00000001", **other: str
    ) -> dict[str, str]:
        """The fields of credentials; `other` replaces what was made of the rest."""
        cnonce = other.get("cnonce", "0a4f113b")
        ha1 = hashed(self.algorithm, self.user, self.realm, self.password)
        asked = [self.method, self.uri]
        if qop == "auth-int":
            asked.append(hashed(self.algorithm, self.body))
        ha2 = hashed(self.algorithm, *asked)
        middle = [nonce, nc, cnonce, qop] if qop else [nonce]
        made = {
            "username": self.user,
            "realm": self.realm,
            "nonce": nonce,
            "uri": self.uri,
            "response": hashed(self.algorithm, ha1, *middle, ha2),
        }
        if qop:
            made |= {"qop": qop, "nc": nc, "cnonce": cnonce}
        return made | other

    def value(self, nonce: str, qop: str = "", nc: str = "00000001", **other: str) -> str:
        """The value of a header with credentials."""
        fields = self.fields(nonce, qop, nc, **other)
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())

    def header(self, nonce: str, qop: str = "", nc: str = "00000001", **other: str) -> str:
        """A whole line of Authorization."""
        return f"Authorization: {self.value(nonce, qop, nc, **other)}\r\n"


@dataclass
class Server:
    """A proxy whose route is one test's, and the requests for it."""

    proxy: ProxyUnderTest
    make: Callable[..., str]
    codes: list[int] = field(default_factory=list)

    def send(
        self, headers: str = "", first: str = "OPTIONS sip:bob@example.com", **more: Any
    ) -> Run:
        """Feed a request."""
        text = self.make(first, headers, **more)
        return self.proxy.feed(text.encode("utf-8", "surrogateescape"), source="10.0.0.9:5070")

    def challenge(self, first: str = "OPTIONS sip:bob@example.com", **more: Any) -> str:
        """The nonce in the reply to a request."""
        reply = self.send(first=first, **more).sent[-1]
        found = re.search(r'nonce="([^"]+)"', reply.message.head)
        assert found is not None
        return found[1]


CFG = """#!KAMAILIO
debug=3
listen=udp:10.0.0.1:5060
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "auth.so"
"""
CHECK = """
    if (!pv_www_authenticate("example.com", "secret", "0")) {
        $var(rc) = $rc;
        xlog("code $var(rc)\\n");
        www_challenge("example.com", "1");
        exit;
    }
    xlog("code $rc\\n");
    sl_send_reply("200", "OK");
"""


@pytest.fixture
def client() -> Client:
    """Alice with the right password."""
    return Client()


@pytest.fixture(scope="session")
def another() -> type[Client]:
    """Makes clients."""
    return Client


@pytest.fixture
def serve(request_text: Any) -> Callable[..., Server]:
    """Makes a server: a route's text (else: check, or challenge), then parameters of auth."""

    def make(route: str = CHECK, *, start: float = 1e9, compat: str = "", **params: Any) -> Server:
        params.setdefault("secret", SECRET)
        set_ = "".join(
            f'modparam("auth", "{name}", {json.dumps(value)})\n'
            for name, value in params.items()
            if value is not None
        )
        first, _, rest = CFG.partition("\n")
        line = f"#!sipproxy compat={compat}\n" if compat else ""
        text = f"{first}\n{line}{rest}{set_}request_route {{ {route} }}\n"
        return Server(ProxyUnderTest(load_text(text), start=start), request_text)

    return make
