"""A proxy that reaches for the world outside as a server does, on a virtual clock."""

from typing import Any

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.log import LogList
from sipproxy.core.sockets import ListenSocket
from sipproxy.modules.htable import Htable
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.testing import ProxyUnderTest

START = 1_000_000_000.0


class Served:
    """A proxy as a server opens it, on a virtual clock."""

    def __init__(self, text: str, compat: str = "") -> None:
        self.clock = VirtualClock(START)
        self.log = LogList()
        self.proxy = Proxy(
            load_text(text, file="test.cfg", compat=compat),
            clock=self.clock,
            chance=Chance(1),
            log=self.log,
            sockets=[ListenSocket("udp", "127.0.0.1", 5060)],
            opens=True,
        )
        self.host = self.proxy.host

    def open(self) -> "Served":
        self.proxy.open()
        return self

    @property
    def module(self) -> Htable:
        module = self.host.modules["htable"]
        assert isinstance(module, Htable)
        return module

    def items(self, name: str = "t") -> dict[str, int | str]:
        return {key: cell[0] for key, cell in self.module.tables[name].store.items()}

    def write(self, text: str, value: int | str | None) -> None:
        self.host.pv(text).write(self.host.outside(), value)

    def rpc(self, method: str, *args: str) -> Any:
        return ProxyUnderTest.rpc(self, method, *args)  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while (due := self.proxy.next_deadline) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self.proxy.expire(due)
            self.proxy.settle()
        self.clock.set(end)

    def said(self, text: str) -> bool:
        return any(text in line for _, _, line in self.log.records)
