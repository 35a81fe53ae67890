"""What a proxy's modules and routes live in: the loaded modules, everything they declare, and the
few services a module may use (time, timers, sending, log, events)."""

from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sipproxy.clock import Chance, Clock
from sipproxy.core.access import PvAccess
from sipproxy.core.colors import LineColors
from sipproxy.core.context import Context
from sipproxy.core.declared import (
    FunctionDecl,
    function_decl,
    pvar_decl,
    transform_decl,
)
from sipproxy.core.dns.locate import Choices, Locator
from sipproxy.core.dns.names import Names
from sipproxy.core.flow import Flow, Outgoing
from sipproxy.core.log import LimitedReports, LogSink
from sipproxy.core.module import (
    EventMark,
    FunctionMark,
    MiMark,
    ModParam,
    Module,
    ParamMark,
    PvarMark,
    RpcMark,
    SelectMark,
    TransformMark,
)
from sipproxy.core.offload import Offload
from sipproxy.core.resolve import Resolver
from sipproxy.core.sockets import OwnAddresses
from sipproxy.core.statistics import Statistics, Traffic
from sipproxy.core.streams import NoStreams, Streams
from sipproxy.core.timers import TimerQueue
from sipproxy.core.tracing import Action, Hits, Onlooker
from sipproxy.core.waiting import Wait
from sipproxy.errors import ModuleError
from sipproxy.sip.message import Message


@dataclass(frozen=True, slots=True)
class RpcDecl:
    """An RPC command of a loaded module."""

    mark: RpcMark
    handler: Callable[..., Any]


async def _no_block(key: str, ctx: Context) -> int:
    raise RuntimeError(f"nothing runs {key} here")


def _no_commands(document: str, pretty: bool) -> Wait:
    raise RuntimeError("no commands are served here")


def _no_begin(work: Coroutine[Wait, object, None], done: Callable[[], None]) -> None:
    """Without a runner nothing can wait: the work must be over at once."""
    try:
        work.send(None)
    except StopIteration:
        done()
    else:
        raise RuntimeError("nothing can wait here")


class Given(Resolver):
    """What a host is given by the proxy, its runner, its shell and a module that looks on."""

    databases: Any = None
    """The proxy's db.registry.Databases; given by the proxy."""
    settings: Any = None
    """script.settings.Settings of the cfg."""
    server_text = ""
    """Value of our Server header; empty for none."""
    compat = "5.6"
    opens = False
    """Whether the modules are opened when they are ready: in a server, nowhere else."""
    cfg_file = ""
    """The cfg's path: files that it names without a folder lie beside it."""
    streams: Streams = NoStreams()
    """The connections; given by the shell."""
    processes: Callable[[], list[tuple[int, str]]] = staticmethod(list)
    """The real processes as (pid, description); given by the shell."""
    has_route: Callable[[str], bool] = staticmethod(lambda name: False)
    """Whether an event route of this name (`htable:expired:T`) exists; given by the proxy."""
    has_block: Callable[[str], bool] = staticmethod(lambda key: False)
    """Whether a block of this key (`failure_route[X]`) exists; given by the runner."""
    run_block: Callable[[str, Context], Coroutine[Wait, object, int]] = staticmethod(_no_block)
    """Run a block within another run, for its code; given by the runner."""
    run_json: Callable[[str, bool], Wait] = staticmethod(_no_commands)
    """Run a JSON-RPC document (and whether the answer has line ends): a Wait for (status, reason,
    answer), None for what is no JSON; given by the shell."""
    block: Callable[[str], Any] = staticmethod(lambda key: None)
    """The script.compile.CompiledRoute of a key, None for none; given by the runner."""
    blocks: Mapping[str, Any] = MappingProxyType({})
    """All of them by their keys."""
    begin: Callable[[Coroutine[Wait, object, None], Callable[[], None]], None] = staticmethod(
        _no_begin
    )
    """Do work that may wait, then call what is to be called; given by the runner."""
    trace: Callable[[Context, Action], None] | None = None
    """Told of each action of the cfg before it runs, where a module set it at its start."""
    assigned: Callable[[Context, PvAccess], None] | None = None
    """Told of each variable behind its assignment, where a module set it at its start."""
    onlooker: Onlooker | None = None
    """Told of each statement and each value, where a shell gave it before compiling."""
    hits: Hits | None = None
    """Counts how often each statement of the cfg runs, where a shell gave it before compiling."""
    lets_out: Callable[[Context, bytes, Flow], bool] | None = None
    """Asked before a request is sent on where the cfg has onsend_route; given by the runner."""
    lets_reply_out: Callable[[Context, bytes, Flow], bool] | None = None
    """The same for replies, where the cfg says onsend_route_reply=1."""
    observe_send: Callable[[bytes, Flow], None] | None = None
    """Told of each row of the outbox while the route that sends it is on the stack."""
    variables: object = None
    """The bank of `$var`: its attributes are kept for a run that suspends."""
    run_event: Callable[[str, object], Context | None] = staticmethod(lambda name, record: None)
    """Run an event route now on a faked message and give its context; given by the proxy."""


class Host(Given):
    """One proxy's inside. Modules get it as `self.host`, routes as `ctx.host`."""

    def __init__(
        self, clock: Clock, chance: Chance, log: LogSink, previous: "Host | None" = None
    ) -> None:
        """`previous` is that of the cfg before a reload: what belongs to the server goes on."""
        super().__init__()
        self.clock = clock
        self.chance = chance
        self.log = log
        self.line_colors = LineColors()
        """Colours of the log on a terminal."""
        self.timers = TimerQueue()
        self._limited = LimitedReports(log, self.timers)
        self.offload = Offload(self.timers, clock)
        """How the results of threads come back."""
        self.outbox: list[Outgoing] = previous.outbox if previous else []
        self.posted: deque[tuple[str, object]] = deque()
        self.counters: Counter[str] = previous.counters if previous else Counter()
        self.traffic: Traffic = previous.traffic if previous else Traffic()
        self.statistics: Statistics = Statistics(previous.statistics if previous else None)
        self.own = OwnAddresses()
        self.modules: dict[str, Module] = {}
        self.functions: dict[str, list[FunctionDecl]] = {}
        self.rpcs: dict[str, RpcDecl] = {}
        self.mi: dict[str, Callable[..., Any]] = {}
        """Handlers of Kamailio 3's commands, under compat 3.0."""
        self.events: dict[str, EventMark] = {}
        self.flags: dict[str, int] = {}
        self.request_filters: list[Callable[[Context], bool]] = []
        """Asked with the context of every request; False keeps it from the script."""
        self.foreign_takers: list[Callable[[Context], bool]] = []
        """Offered each request that is not SIP, a sip.foreign.ForeignRequest, until one is True."""
        self.reply_takers: list[Callable[[Context], bool]] = []
        """Offered each reply after reply_route; True keeps it from stateless forwarding."""
        self.claims: list[Callable[[Message], bool]] = []
        """Asked after a reload whether a message belongs to a transaction of the cfg before."""
        self.names: Names = previous.names if previous else Names(clock)
        """What is known of the DNS."""
        self.locator = Locator(self.names, chance, Choices())
        """Where a request goes whose target is a name."""
        self.on_wait: list[Callable[[Context], None]] = []
        """Told when a route begins to wait."""
        if previous is not None:
            self.streams = previous.streams
            self.processes = previous.processes
            self.offload.wake = previous.offload.wake

    def load(self, kind: type[Module]) -> Module:
        """Make an instance of a module and take in what it declares; raises TypeError."""
        module = kind(self)
        self.modules[kind.name] = module
        for attribute, mark, _ in kind.declarations():
            self._take(module, attribute, mark)
        return module

    def _take(self, module: Module, attribute: str, mark: object) -> None:
        match mark:
            case FunctionMark() if mark.since <= self.compat:
                declared = function_decl(module.name, mark, getattr(module, attribute))
                self.functions.setdefault(mark.name, []).append(declared)
            case PvarMark():
                write = getattr(module, mark.setter.__name__) if mark.setter else None
                method = getattr(module, attribute)
                self.pvars[mark.name] = pvar_decl(module.name, mark, method, write)
            case TransformMark():
                method = getattr(module, attribute)
                self.transforms[mark.name] = transform_decl(module.name, mark, method)
            case SelectMark():
                self.selects[mark.name] = getattr(module, attribute)
            case RpcMark():
                self.rpcs[mark.name] = RpcDecl(mark, getattr(module, attribute))
            case MiMark() if self.compat == "3.0":
                self.mi[mark.name] = getattr(module, attribute)
            case EventMark():
                self.events[mark.name] = mark

    def bind(self, name: str) -> Module:
        """Another loaded module, by name; raises ModuleError when the cfg did not load it."""
        try:
            return self.modules[name]
        except KeyError:
            raise ModuleError(f'the module "{name}" must be loaded first') from None

    def post(self, event: str, record: object) -> None:
        """Run an event route after the present route, with nothing held."""
        if self.has_route(event):
            self.posted.append((event, record))

    def send(self, data: bytes, flow: Flow) -> None:
        """Put a datagram or stream piece into the outbox."""
        self.outbox.append((data, flow))
        if self.observe_send is not None:
            self.observe_send(data, flow)

    def sleep(self, seconds: float) -> Wait:
        """`await host.sleep(1.5)`: the route goes on after that time."""
        wait = Wait()
        self.timers.after(self.clock.now(), seconds, wait.finish)
        return wait

    def database(self, url: str) -> Any:
        """The db.database.Database of a Kamailio URL, not connected yet; raises ModuleError."""
        return self.databases.get(url)

    def report_limited(self, level: int, origin: str, text: str, kind: str = "") -> None:
        """Write a line of which a flood may bring many: see core.log.LimitedReports."""
        self._limited.report(self.clock.now(), level, origin, text, kind)

    def outside(self) -> Context:
        """A context for work that no message caused (event routes, modparamx): a faked OPTIONS."""
        flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5060))
        msg = Message.parse(FAKED, source=flow.remote, dest=flow.local)
        return Context(msg, flow, self.clock.now(), self, "event")

    def now(self) -> float:
        """Unix time in seconds, for code that runs outside a route."""
        return self.clock.now()


FAKED = (
    b"OPTIONS sip:you@kamailio.org SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1\r\n"
    b"From: <sip:you@kamailio.org>;tag=123\r\n"
    b"To: <sip:you@kamailio.org>\r\n"
    b"Call-ID: 123\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
"""The message that event routes see (Kamailio core/fmsg.c)."""


def params_of(kind: type[Module]) -> Iterator[tuple[str, str, ModParam | ParamMark]]:
    """(parameter, attribute, declaration) of each modparam of a module class."""
    for attribute, mark, _ in kind.declarations():
        if isinstance(mark, ModParam | ParamMark):
            yield mark.name, attribute, mark
