"""A proxy under test: fed bytes, it tells what it sent, logged and where the script ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.log import LogList
from sipproxy.core.module import Module
from sipproxy.core.sockets import ListenSocket
from sipproxy.program import Program, load_file, load_text
from sipproxy.proxy import NO_MODULES, Proxy
from sipproxy.sip.message import Message

LOCAL = ("127.0.0.1", 5060)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message the proxy sent, parsed, and where to."""

    message: Message
    flow: Flow

    @property
    def status(self) -> int:
        """The status of a reply, 0 for a request."""
        return self.message.status

    @property
    def raw(self) -> bytes:
        """The bytes as they left."""
        return self.message.raw


@dataclass(slots=True)
class Run:
    """What came of one message (or of the passing of time)."""

    sent: list[Sent] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Lines written by the script and the modules, without level and prefix."""
    context: Context | None = None

    @property
    def left_at(self) -> str:
        """`file:line` of the exit, drop or return that ended the script; empty if none did."""
        return self.context.left_at if self.context else ""

    @property
    def exited(self) -> bool:
        """Whether the script ended by exit, drop, or a function that returned 0."""
        return bool(self.context and self.context.end)

    @property
    def statuses(self) -> list[int]:
        """Statuses of the replies sent."""
        return [s.status for s in self.sent if s.status]


class ProxyUnderTest:
    """A proxy without sockets, on a virtual clock, with seeded ids."""

    def __init__(
        self,
        program: Program,
        *,
        start: float = 1_000_000_000.0,
        modules: Mapping[str, type[Module]] = NO_MODULES,
    ) -> None:
        self.clock = VirtualClock(start)
        self.log = LogList()
        sockets = program.settings.sockets() or [ListenSocket("udp", *LOCAL)]
        self.local = sockets[0].local
        self.proxy = Proxy(
            program,
            clock=self.clock,
            chance=Chance(1),
            log=self.log,
            sockets=sockets,
            modules=modules,
        )
        self.host = self.proxy.host

    @property
    def sht(self) -> "Tables":
        """The htables: `proxy.sht["ipban"]["10.0.0.1"]`."""
        return Tables(self)

    def feed(
        self, data: bytes, *, source: str = "127.0.0.1:5080", local: tuple[str, int] | None = None
    ) -> Run:
        """One datagram from `source` (`host:port`)."""
        host, _, port = source.rpartition(":")
        flow = Flow("udp", local or self.local, (host.strip("[]"), int(port)))
        self.log.records.clear()
        self.proxy.receive(data, flow, self.clock.now())
        return self._run(self.proxy.last)

    def advance(self, seconds: float) -> Run:
        """Let time pass; timers fire at their own instants."""
        end = self.clock.now() + seconds
        self.log.records.clear()
        while (due := self.proxy.next_deadline) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self.proxy.expire(due)
        self.clock.set(end)
        return self._run(None)

    def _run(self, context: Context | None) -> Run:
        rows = list(self.proxy.outbox)
        self.proxy.outbox.clear()
        sent = [
            Sent(Message.parse(data, source=flow.local, dest=flow.remote), flow)
            for data, flow in rows
        ]
        return Run(sent, [text for _, _, text in self.log.records], context)

    def rpc(self, method: str, *args: int | str) -> Any:
        """Call an RPC command's handler with arguments of the right types."""
        return self.host.rpcs[method].handler(*args)


class Tables:
    """The htables of a proxy under test, by name."""

    def __init__(self, proxy: ProxyUnderTest) -> None:
        self._proxy = proxy

    def __getitem__(self, table: str) -> "Cells":
        return Cells(self._proxy, table)


class Cells:
    """One htable: reading as `$sht(table=>key)` does, setting likewise."""

    def __init__(self, proxy: ProxyUnderTest, table: str) -> None:
        self._proxy = proxy
        self._table = table

    def __getitem__(self, key: str) -> int | str | None:
        return self._proxy.host.pv(f"$sht({self._table}=>{key})").read(self._proxy.host.outside())

    def __setitem__(self, key: str, value: int | str | None) -> None:
        access = self._proxy.host.pv(f"$sht({self._table}=>{key})")
        access.write(self._proxy.host.outside(), value)

    def __contains__(self, key: str) -> bool:
        return self[key] is not None


def load_cfg(
    path: str, *, defines: Mapping[str, str | None] | None = None, compat: str = ""
) -> ProxyUnderTest:
    """A proxy under test from a cfg file; raises CfgError."""
    return ProxyUnderTest(load_file(path, defines=defines or {}, compat=compat))


def load_cfg_text(
    text: str,
    *,
    file: str = "test.cfg",
    defines: Mapping[str, str | None] | None = None,
    compat: str = "",
    modules: Mapping[str, type[Module]] = NO_MODULES,
) -> ProxyUnderTest:
    """A proxy under test from the text of a cfg; raises CfgError.

    `modules` stand in for modules of their names.
    """
    program = load_text(text, file=file, defines=defines or {}, compat=compat)
    return ProxyUnderTest(program, modules=modules)
