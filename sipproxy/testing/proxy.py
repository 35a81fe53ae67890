"""A proxy under test: fed bytes, it tells what it sent, logged and where the script ended."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterable, Mapping
from inspect import iscoroutine
from types import MappingProxyType
from typing import Any

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.module import Module
from sipproxy.core.sockets import ListenSocket
from sipproxy.generations import Generations
from sipproxy.program import NO_OVERRIDES, Program, load_file, load_text
from sipproxy.proxy import NO_MODULES, Proxy
from sipproxy.replay.me import sockets_for
from sipproxy.sip.foreign import HttpReply
from sipproxy.sip.message import Message
from sipproxy.testing.captured import Answers, Captured, address_of, both, stand_ins
from sipproxy.testing.messages import Datagram
from sipproxy.testing.names import Peers, Zone
from sipproxy.testing.run import Log, Run, Sent
from sipproxy.testing.stubs import Stub, Stubs

LOCAL = ("127.0.0.1", 5060)

START = 1_000_000_000.0
"""The Unix time at which a proxy under test starts."""

Defines = Mapping[str, str | None] | Collection[str]
"""Names defined as if by `-A`: with values, or a set of names without."""
NO_STUBS: Mapping[str, Stub] = MappingProxyType({})


class ProxyUnderTest:
    """A proxy without sockets, on a virtual clock, with seeded ids."""

    def __init__(
        self,
        program: Program,
        *,
        start: float = START,
        modules: Mapping[str, type[Module]] = NO_MODULES,
        stubs: Mapping[str, Stub] = NO_STUBS,
        us: Collection[str] = (),
    ) -> None:
        """`modules` stand in for modules of their names, `stubs` for functions of the cfg.

        `us` are the addresses (`host:port`) that the proxy has in a capture. With them it is as in
        a replay: it has these beside those of the cfg, no database is written, and what the cfg
        asks for and is not there answers -1, or nothing.
        """
        self._stubs = Stubs(stubs)
        self._stand_ins = stand_ins(stubs) if us else None
        self._modules = modules
        self._chance = Chance(1)
        self.clock = VirtualClock(start)
        self.log = LogList()
        sockets = program.settings.sockets()
        if us:
            sockets = sockets_for([address_of(text) for text in us], sockets, both)
        self._sockets = sockets or [
            ListenSocket(proto, *LOCAL) for proto in program.settings.protos
        ]
        self.local = self._sockets[0].local
        self._generations = Generations(self._make(program))
        self.names = Zone(self.host)
        """The DNS: nothing is known before a test adds it."""
        self._peers = self.host.streams = Peers()

    def _make(self, program: Program, previous: Proxy | None = None) -> Proxy:
        return Proxy(
            program,
            clock=self.clock,
            chance=self._chance,
            log=self.log,
            sockets=self._sockets,
            modules=self._modules,
            arrange=self._stubs.install,
            previous=previous,
            read_only=self._stand_ins is not None,
            stand_ins=self._stand_ins,
        )

    @property
    def proxy(self) -> Proxy:
        """The proxy that serves: another one after a reload."""
        return self._generations.current

    @property
    def host(self) -> Host:
        """The inside of the proxy that serves."""
        return self.proxy.host

    def reload(self, text: str, *, file: str = "test.cfg", compat: str = "") -> Run:
        """Serve by another cfg from now on, as a server does after SIGHUP.

        Raises CfgError and ModuleError; then all is as it was.
        """
        self.log.records.clear()
        program = load_text(text, file=file, compat=compat)
        self._generations.take_over(self._make(program, self.proxy))
        return self._run(None)

    @property
    def calls(self) -> dict[str, list[tuple[str, ...]]]:
        """Arguments of the calls of each stub, oldest first."""
        return self._stubs.calls

    @property
    def sht(self) -> Tables:
        """The htables: `proxy.sht["ipban"]["10.0.0.1"]`."""
        return Tables(self)

    def feed(self, data: bytes, *, source: str = "", local: tuple[str, int] | None = None) -> Run:
        """One datagram; from `source` (`host:port`), else from where its builder says.

        From `tcp:host:port` it is a message on that peer's connection.
        """
        self.log.records.clear()
        self._generations.receive(data, self._flow(data, source, local), self.clock.now())
        self._generations.settle()
        return self._run(self._generations.last)

    def delay_databases(self, seconds: float) -> None:
        """From now on a database answers a route only when that much (virtual) time has passed."""
        self.host.databases.delay(lambda: self.host.sleep(seconds))

    def run_route(
        self, name: str, data: bytes, *, source: str = "", local: tuple[str, int] | None = None
    ) -> Run:
        """One route alone: `AUTH` is `route[AUTH]`; else a block's whole name, `reply_route`,
        `onreply_route[ONE]`. Raises KeyError when the cfg has none of that name.
        """
        flow = self._flow(data, source, local)
        message = Message.parse(data, source=flow.remote, dest=flow.local, proto=flow.proto)
        routes = self.proxy.compiled.routes
        key = f"route[{name}]" if f"route[{name}]" in routes else name
        if key not in routes:
            raise KeyError(f'no route "{name}"; the cfg has {", ".join(routes)}')
        kind = routes[key].kind
        kinds = {"route": "request", "event_route": "event"}
        word = kinds.get(kind, kind.removesuffix("_route"))
        self.log.records.clear()
        context = Context(message, flow, self.clock.now(), self.host, word)
        self.proxy.run_route(key, context)
        self.proxy.settle()
        return self._run(context)

    def _flow(self, data: bytes, source: str, local: tuple[str, int] | None) -> Flow:
        source = source or getattr(data, "source", Datagram.source)
        proto = "tcp" if source.startswith("tcp:") else "udp"
        host, _, port = source.removeprefix("tcp:").rpartition(":")
        peer = host.strip("[]"), int(port)
        number = self._peers.number(peer) if proto == "tcp" else 0
        return Flow(proto, local or self.local, peer, number)

    def advance(self, seconds: float) -> Run:
        """Let time pass; timers fire at their own instants."""
        return self._advance(self.clock.now() + seconds)

    def play(self, messages: Iterable[Captured]) -> Run:
        """Feed messages of a capture, each at its own time; the Run of the last one.

        Their credentials are taken for what the messages say.
        """
        judge = Answers()
        auth: Any = self.host.modules.get("auth")
        if auth is not None:
            auth.judge = judge
        run = Run()
        for message in messages:
            self._advance(max(message.time, self.clock.now()))
            judge.turn_to(message)
            to = address_of(message.to) if message.to else None
            run = self.feed(message.data, source=message.source, local=to)
        return run

    def _advance(self, end: float) -> Run:
        self.log.records.clear()
        while (due := self._generations.next_deadline) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self._generations.expire(due)
            self._generations.settle()
        self.clock.set(end)
        return self._run(None)

    def _run(self, context: Context | None) -> Run:
        rows = list(self.proxy.outbox)
        self.proxy.outbox.clear()
        # A row without bytes only closes its connection.
        sent = [Sent(_sent(data, flow), flow) for data, flow in rows if data]
        return Run(sent, Log(text for _, _, text in self.log.records), context)

    def rpc(self, method: str, *args: int | str) -> Any:
        """Call an RPC command's handler with arguments of the right types.

        One that waits for a database is waited for, in no (virtual) time.
        """
        answer = self.host.rpcs[method].handler(*args)
        if not iscoroutine(answer):
            return answer
        told: list[Any] = []
        self.host.begin(_outcome(answer, told), lambda: None)
        self.proxy.settle()
        if isinstance(told[0], Exception):
            raise told[0]
        return told[0]


def _sent(data: bytes, flow: Flow) -> Message:
    """What was sent, read again: a message of SIP, or an answer to HTTP."""
    kind = HttpReply if data[:5].upper() == b"HTTP/" else Message
    return kind.parse(data, source=flow.local, dest=flow.remote)


async def _outcome(work: Coroutine[Any, Any, object], told: list[Any]) -> None:
    """Put what the work gives or raises into the list."""
    try:
        told.append(await work)
    except Exception as error:
        told.append(error)


class Tables:
    """The htables of a proxy under test, by name."""

    def __init__(self, proxy: ProxyUnderTest) -> None:
        self._proxy = proxy

    def __getitem__(self, table: str) -> Cells:
        module = self._proxy.host.modules["htable"]
        tables: Mapping[str, Any] = vars(module)["tables"]
        if table not in tables:
            raise KeyError(f'no htable "{table}"; the cfg has {", ".join(tables)}')
        return Cells(self._proxy, table, tables[table])


class Cells:
    """One htable: `cells[key]` is what `$sht(table=>key)` is, an initval included."""

    def __init__(self, proxy: ProxyUnderTest, name: str, table: Any) -> None:
        self._proxy = proxy
        self._name = name
        self._table = table

    def __getitem__(self, key: str) -> int | str | None:
        return self._access(key).read(self._proxy.host.outside())

    def __setitem__(self, key: str, value: int | str | None) -> None:
        self._access(key).write(self._proxy.host.outside(), value)

    def _access(self, key: str) -> PvAccess:
        return self._proxy.host.pv(f"$sht({self._name}=>{key})")

    def __contains__(self, key: str) -> bool:
        return self._table.get(key, self._proxy.clock.now()) is not None

    def items(self) -> list[tuple[str, int | str]]:
        """(key, value) of every item that has not expired, in order of the keys."""
        now = self._proxy.clock.now()
        living = {key: self._table.get(key, now) for key, _ in self._table.store.items()}
        return sorted((key, cell[0]) for key, cell in living.items() if cell is not None)

    def __len__(self) -> int:
        return len(self.items())


def load_cfg(
    path: str,
    *,
    defines: Defines = (),
    compat: str = "",
    modules: Mapping[str, type[Module]] = NO_MODULES,
    stubs: Mapping[str, Stub] = NO_STUBS,
    overrides: Mapping[str, str] = NO_OVERRIDES,
    start: float = START,
    us: Collection[str] = (),
) -> ProxyUnderTest:
    """A proxy under test from a cfg file; raises CfgError.

    `overrides` are defines in place of the cfg's own; `start` is the Unix time at which it starts.
    """
    program = load_file(path, defines=_defines(defines), compat=compat, overrides=overrides)
    return ProxyUnderTest(program, start=start, modules=modules, stubs=stubs, us=us)


def load_cfg_text(
    text: str,
    *,
    file: str = "test.cfg",
    defines: Defines = (),
    compat: str = "",
    modules: Mapping[str, type[Module]] = NO_MODULES,
    stubs: Mapping[str, Stub] = NO_STUBS,
) -> ProxyUnderTest:
    """A proxy under test from the text of a cfg; raises CfgError."""
    program = load_text(text, file=file, defines=_defines(defines), compat=compat)
    return ProxyUnderTest(program, modules=modules, stubs=stubs)


def _defines(given: Defines) -> Mapping[str, str | None]:
    return given if isinstance(given, Mapping) else dict.fromkeys(given)
