"""Phones and attackers: clients that register, against a proxy under test or a server on UDP.

A :class:`Line` is where one sender sits; a :class:`Caller` sends from it and answers challenges. A
phone is a caller with one password; an attacker has many, and goes on whatever it is answered.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from sipproxy.testing.digest import Challenge
from sipproxy.testing.messages import Messages
from sipproxy.testing.proxy import ProxyUnderTest


class Line(Protocol):
    """One address and port to send from."""

    @property
    def source(self) -> str:
        """`host:port`, an IPv6 host in brackets."""

    def ask(self, request: bytes) -> bytes:
        """The last answer to a request, empty for none."""


class DirectLine:
    """A line to a proxy under test, without a network."""

    def __init__(self, proxy: ProxyUnderTest, host: str, port: int = 5060) -> None:
        self.source = _source(host, port)
        self._proxy = proxy

    def ask(self, request: bytes) -> bytes:
        """The last reply that the proxy sent while it had this request in hand."""
        replies = [sent.raw for sent in self._proxy.feed(request, source=self.source).sent]
        return replies[-1] if replies else b""


class UdpLine:
    """A line to a server on UDP, from a port of its own; close it, or use it as a context."""

    def __init__(self, server: tuple[str, int], host: str, timeout: float = 2.0) -> None:
        """`host` is the address to send from; `timeout` the seconds to wait for an answer."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect(server)
        self._socket.settimeout(timeout)
        self.source = _source(*self._socket.getsockname()[:2])

    def ask(self, request: bytes) -> bytes:
        """The first datagram that comes back."""
        self._socket.send(request)
        try:
            return self._socket.recv(65535)
        except TimeoutError:
            return b""

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def __enter__(self) -> UdpLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a caller writes its credentials."""

    qop: bool = True
    """Whether it answers as RFC 2617 says when it is asked to."""
    decoy: str = ""
    """The realm of credentials in front of the true ones, with another name in each request."""
    method: str = "REGISTER"


PLAIN = Manner()


class Caller:
    """Sends requests of one user after another from one line, and keeps the last challenge."""

    def __init__(self, line: Line, messages: Messages, manner: Manner = PLAIN) -> None:
        self.line = line
        self.manner = manner
        self.challenge: Challenge | None = None
        self._messages = messages
        self._answered = 0
        self._requests = 0

    def register(self, user: str, password: str) -> int:
        """What a phone does: ask, and answer the challenge, or a new one when its nonce is old.

        The last status, 0 for no answer.
        """
        status, fresh = 0, False
        while not fresh:
            fresh = self.challenge is not None and self._answered == 0
            status = self._ask(user, self._credentials(user, password))
            if status not in (401, 407):
                break
        return status

    def guess(self, user: str, password: str, name: str = "") -> int:
        """One request with credentials, whatever was answered before; its status.

        Asks for a challenge first when it has none. `name` is the user of the credentials where
        From and To say another.
        """
        if self.challenge is None:
            self._ask(user, "")
        return self._ask(user, self._credentials(name or user, password))

    def guesses(self, pairs: Iterable[tuple[str, str]]) -> list[int]:
        """The statuses of guesses of (user, password), one after the other."""
        return [self.guess(user, password) for user, password in pairs]

    def _credentials(self, user: str, password: str) -> str:
        if self.challenge is None:
            return ""
        self._answered += 1
        method, uri = self.manner.method, f"sip:{self._messages.domain}"
        qop, count = self.manner.qop, self._answered
        true = self.challenge.answer(user, password, method=method, uri=uri, qop=qop, count=count)
        if not self.manner.decoy:
            return true
        other = replace(self.challenge, realm=self.manner.decoy)
        decoy = other.answer(f"decoy{self._requests}", password, method=method, uri=uri)
        return f"{decoy}\n{true}"

    def _ask(self, user: str, headers: str) -> int:
        self._requests += 1
        source, method = self.line.source, self.manner.method
        if method == "REGISTER":
            request = self._messages.register(user, source=source, headers=headers)
        else:
            uri = f"sip:{self._messages.domain}"
            request = self._messages.request(method, uri, user=user, source=source, headers=headers)
        answer = self.line.ask(request)
        if fresh := Challenge.of(answer):
            self.challenge, self._answered = fresh, 0
        return int(answer[8:11] or 0)


def _source(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
