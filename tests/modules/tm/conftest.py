"""What the tests of tm share: proxies with its modules, and a way to say what happens."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.testing import load_cfg_text, request, response
from sipproxy.testing.proxy import ProxyUnderTest

MODULES = ("tm", "tmx", "sl", "pv", "corex", "textops", "siputils", "cfgutils", "xlog", "async")


class Call:
    """A proxy with a client at 127.0.0.1:5080 and whoever it relays to."""

    def __init__(self, proxy: ProxyUnderTest) -> None:
        self.proxy = proxy
        self.tm: Any = proxy.host.modules["tm"]
        self.log: list[str] = []
        self.requests: list[bytes] = []
        self.replies: list[bytes] = []

    def send(self, method: str, user: str = "bob", number: int = 1, **more: Any) -> list[str]:
        """A request from the client; what it caused, one line each."""
        uri = more.pop("uri", f"sip:{user}@127.0.0.1:5090")
        return self.feed(request(method, uri, number=number, **more))

    def answer(self, status: int, which: int = -1, **more: Any) -> list[str]:
        """A reply to one of the requests that the proxy sent."""
        more.setdefault("source", "127.0.0.1:5090")
        return self.feed(response(self.requests[which], status, "Any", **more))

    def feed(self, data: bytes) -> list[str]:
        return self._take(self.proxy.feed(data))

    def wait(self, seconds: float) -> list[str]:
        """Let time pass."""
        return self._take(self.proxy.advance(seconds))

    def _take(self, run: Any) -> list[str]:
        self.log += [line.rstrip("\n") for line in run.log]
        for sent in run.sent:
            (self.replies if sent.status else self.requests).append(sent.raw)
        return [
            str(sent.status) if sent.status else f"{sent.message.method} {sent.message.ruri}"
            for sent in run.sent
        ]

    @property
    def only(self) -> Any:
        """The one transaction there is."""
        (found,) = self.tm.known.all()
        return found


@pytest.fixture
def call() -> Callable[..., Call]:
    """Makes a call through a request_route and further blocks or parameters."""

    def make(route: str = "t_relay();", more: str = "", params: str = "") -> Call:
        loads = "".join(f'loadmodule "{name}.so"\n' for name in MODULES)
        text = f"{loads}{params}\nrequest_route {{\n{route}\n}}\n{more}"
        return Call(load_cfg_text(text))

    return make
