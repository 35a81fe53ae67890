"""The whole proxy as one object without sockets or clocks.

Datagrams come in by :meth:`Proxy.receive`, time by :meth:`Proxy.expire`; what is to be sent stands
in `outbox`, when to come back in `next_deadline`. A UDP server, a replay on a virtual clock and a
test are three shells around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from sipproxy import __version__
from sipproxy.clock import Chance, Clock
from sipproxy.core.context import DROP, Context
from sipproxy.core.dns.locate import Choices, Locator
from sipproxy.core.flow import Flow, Outgoing, Received
from sipproxy.core.forward import forward_reply
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import DEBUG, WARN, LogSink, report
from sipproxy.core.module import Module
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.core.waiting import Wait
from sipproxy.db.registry import Databases
from sipproxy.errors import CfgError, HeaderError, MessageError, Problem
from sipproxy.loader import Loader
from sipproxy.program import Program
from sipproxy.running import Runner
from sipproxy.script.compile import Compiled, compile_config
from sipproxy.script.settings import without_effect
from sipproxy.sip.foreign import ForeignRequest
from sipproxy.sip.message import Message
from sipproxy.standins import StandIns

_RECEIVED = "event_route[core:msg-received]"
_PRE_ROUTING = "event_route[core:pre-routing]"
_WORKER_INIT = "core:worker-one-init"
SERVER = f"sipproxy ({__version__})"


NO_MODULES: Mapping[str, type[Module]] = MappingProxyType({})


class Proxy:
    """A program at work. Raises CfgError when the cfg names what does not exist.

    `modules` are found before installed ones, by name: a test's stand-ins. `arrange` may change
    the host when the modules are loaded and no route is compiled yet: a test's stubs. With
    `read_only` no database is written, and `stand_ins` answer for what is not there: a replay.
    `opens` announces that :meth:`open` comes next.

    With `previous`, the proxy of the cfg before a reload, it shares what routes are compiled with,
    and serves in its place from :meth:`take_over` on; until then it may be made in another thread.
    """

    def __init__(
        self,
        program: Program,
        *,
        clock: Clock,
        chance: Chance,
        log: LogSink,
        sockets: Sequence[ListenSocket] | None = None,
        modules: Mapping[str, type[Module]] = NO_MODULES,
        arrange: Callable[[Host], None] = lambda host: None,
        read_only: bool = False,
        stand_ins: StandIns | None = None,
        opens: bool = False,
        previous: Proxy | None = None,
    ) -> None:
        self.program = program
        self._follows = previous is not None
        self.host: Host = Host(clock, chance, log, previous.host if previous else None)
        host, settings = self.host, program.settings
        host.opens = opens
        host.databases = Databases(host.offload, host.modules, overlay=read_only)
        _settle(host, program, settings.sockets() if sockets is None else sockets)
        if previous is None:
            host.names.configure(settings)
        host.run_json = self._run_json
        host.load(Core)
        loader = Loader(host, modules, stand_ins)
        if stand_ins is not None:
            host.databases.stands_in = stand_ins.database
        loader.load(program.config)
        if previous is not None:
            loader.inherit(program.config, previous.host.modules)
        arrange(host)
        self.problems: list[Problem] = [
            *without_effect(program.config),
            *loader.problems,
            *loader.remarks(program.config),
        ]
        self.compiled = self._compile()
        routes = self.compiled.routes
        self._request = routes.get("request_route")
        self._reply = routes.get("reply_route")
        self._received = routes.get(_RECEIVED) if settings.received_route_mode else None
        self._pre_routing = routes.get(_PRE_ROUTING)
        self._accept_aliases = bool(settings.tcp_accept_aliases)
        self._runner = Runner(host, program, self.compiled)
        loader.ready(program.config)
        if not (opens or self._follows):
            self._begin()
        self._runner.drain()

    def _compile(self) -> Compiled:
        """The routes; raises CfgError with what was told before, too."""
        config, most_loops = self.program.config, self.program.settings.max_while_loops
        try:
            compiled = compile_config(config, self.host, most_loops)
        except CfgError as error:
            raise CfgError([*self.problems, *error.problems]) from None
        self.problems += compiled.problems
        return compiled

    # -- the shells' side

    @property
    def last(self) -> Context | None:
        """The context of the latest run of a route; None between messages."""
        return self._runner.last

    @last.setter
    def last(self, ctx: Context | None) -> None:
        self._runner.last = ctx

    @property
    def outbox(self) -> list[Outgoing]:
        """Rows to be sent, oldest first; whoever sends them empties the list."""
        return self.host.outbox

    @property
    def next_deadline(self) -> float | None:
        """When :meth:`expire` wants to be called next; None when nothing is pending."""
        return self.host.timers.next_deadline()

    def open(self) -> None:
        """Let the modules reach for the world outside; raises ModuleError, and CfgError."""
        for module in self.host.modules.values():
            module.open()
        if not self._follows:
            self._begin()
        self._runner.drain()

    def _begin(self) -> None:
        """Run event_route[core:worker-one-init]; raises CfgError where it ended in drop."""
        ran = self.run_event(_WORKER_INIT, None)
        if ran is not None and ran.end & DROP:
            span = self.compiled.routes[f"event_route[{_WORKER_INIT}]"].span
            message = f"event_route[{_WORKER_INIT}] ended in drop, at {ran.left_at}"
            raise CfgError([Problem(span, message)])

    def close(self) -> None:
        """Stop: the modules save what they save at shutdown."""
        for module in reversed(self.host.modules.values()):
            module.close()
        self.settle()
        self.host.databases.close()

    def take_over(self, previous: Proxy) -> None:
        """Serve in the place of another; raises ModuleError where that cannot be.

        The other one then has only its transactions, and its databases until they are over.
        """
        before = previous.host.modules
        pairs = [(one, before[name]) for name, one in self.host.modules.items() if name in before]
        for module, its_previous in pairs:
            module.rehearse(its_previous)
        for module, its_previous in pairs:
            module.take_over(its_previous)
        previous.host.timers.end_recurring()
        self.host.names.configure(self.program.settings)
        self.host.statistics.settled_in()
        self._runner.drain()

    def claims(self, msg: Message) -> bool:
        """Whether a message belongs to one of its transactions."""
        return any(claims(msg) for claims in self.host.claims)

    @property
    def is_over(self) -> bool:
        """Whether one that no longer serves has nothing left to do."""
        return not (self.host.timers or self.host.offload or self._runner.parked)

    def leave(self) -> None:
        """Let go after the last transaction; nothing is saved, the newer one has it all.

        It is taken apart, so that its memory comes back without the collector's help.
        """
        for module in reversed(self.host.modules.values()):
            module.leave()
        self.host.databases.close()
        self.last = None
        for route in self.compiled.routes.values():
            route.call.__globals__.clear()
        for module in self.host.modules.values():
            vars(module).clear()
        vars(self.host).clear()

    def deliver(self) -> None:
        """Go on with the routes whose answers (of a database) came back from a thread."""
        self.host.offload.deliver()

    def settle(self) -> None:
        """Block until every route that waits for a thread has its answer: time stands still."""
        self.host.offload.settle()

    def expire(self, now: float) -> None:
        """Run every timer due at or before `now`, each at its own instant."""
        if self.host.timers.expire(now):
            self._runner.drain()

    def receive(self, data: bytes, flow: Flow, now: float) -> bool:
        """Take one datagram (or one framed message of a stream); False if it is no message."""
        if self._received is not None:
            self._show_first(data, flow)
            return True
        return self._take(data, flow, now)

    def _show_first(self, data: bytes, flow: Flow) -> None:
        """Let event_route[core:msg-received] change it or drop it (Kamailio core/receive.c)."""
        assert self._received is not None
        self.last = None
        ctx = self.host.outside()
        ctx.record = received = Received(data, flow)

        def go_on(ctx: Context, code: int) -> None:
            if code >= 0 and not ctx.end & DROP:
                self._take(received.data, flow, self.host.now())

        self._runner.run(self._received, ctx, go_on)

    def _take(self, data: bytes, flow: Flow, now: float) -> bool:
        host = self.host
        try:
            msg = Message.parse(data, source=flow.remote, dest=flow.local, proto=flow.proto)
        except MessageError as error:
            msg, refused = None, error
        if msg is None:  # outside of the handler: what goes wrong from here on has another cause
            return self._take_foreign(data, flow, now, refused)
        self.last = ctx = Context(msg, flow, now, host, "request" if msg.is_request else "reply")
        if self._pre_routing is None:
            self._serve(ctx)
        else:
            ctx.kind = "request"  # of a reply too, as Kamailio sees it
            self._runner.run(self._pre_routing, ctx, self._pre_routed, is_last=False)
        if host.posted:
            self._runner.drain()
        return True

    def _take_foreign(self, data: bytes, flow: Flow, now: float, refused: MessageError) -> bool:
        """Give a request of another protocol to whoever serves that; False for what is none.

        Without anybody it is dropped, and its connection stays (Kamailio core/nonsip_hooks.c).
        """
        host = self.host
        try:
            msg = ForeignRequest.parse(data, source=flow.remote, dest=flow.local, proto=flow.proto)
        except MessageError:
            msg = None
        if msg is None:
            self._refuse(data, refused)
            return False
        host.counters["core.foreign_requests"] += 1
        self.last = ctx = Context(msg, flow, now, host, "event")
        any(take(ctx) for take in host.foreign_takers)
        if host.posted:
            self._runner.drain()
        return True

    def _pre_routed(self, ctx: Context, code: int) -> None:
        """Go on with a message that event_route[core:pre-routing] did not drop, whatever its code.

        What the route did to the message stays (Kamailio core/receive.c).
        """
        if ctx.end & DROP:
            ctx.finish()
            return
        ctx.end = ctx.rc = 0
        ctx.left_at = ""
        ctx.kind = "request" if ctx.msg.is_request else "reply"
        self._serve(ctx)

    def _serve(self, ctx: Context) -> None:
        """Count a message and give it to its route."""
        host, msg, flow = self.host, ctx.msg, ctx.flow
        if flow.connection and self._accept_aliases and msg.via.param("alias") is not None:
            host.streams.alias(flow, msg.via.port or 5060)
        host.traffic.count(msg)
        if not msg.is_request:
            self._take_reply(ctx)
        elif self._request is None:
            host.counters["core.no_route"] += 1
        elif self._wanted(ctx):
            self._runner.run(self._request, ctx)
        else:
            host.traffic.events["drop_requests"] += 1

    def _wanted(self, ctx: Context) -> bool:
        """Whether all filters let a request through to the script."""
        for wanted in self.host.request_filters:  # noqa: SIM110 - a generator costs more
            if not wanted(ctx):
                return False
        return True

    def _run_json(self, document: str, pretty: bool) -> Wait:
        """Run a command that a route asks for; a server offers those of the core besides."""
        from sipproxy.rpc.commands import commands_of  # few cfgs do that

        commands_of(self.host)
        return self.host.run_json(document, pretty)

    def closed(self, flow: Flow) -> None:
        """A connection is gone."""
        self.host.counters["core.connections_closed"] += 1

    def send_failed(self, row: Outgoing) -> None:
        """A row of the outbox could not be sent."""
        self.host.counters["core.send_failed"] += 1

    # -- messages

    def _refuse(self, data: bytes, error: MessageError) -> None:
        """What is no message is counted and dropped, as Kamailio drops it."""
        if not data.strip(b"\r\n\0 \t"):
            self.host.counters["core.keepalives"] += 1
            self.last = None
            return
        self.host.counters["core.bad_messages"] += 1
        if isinstance(error, HeaderError):
            kind = "replies" if data.startswith(b"SIP/2.0 ") else "requests"
            self.host.traffic.events[f"err_{kind}" if error.missing else "bad_msg_hdr"] += 1
        self.last = None
        report(self.host.log, DEBUG, "core", f"message dropped: {error.reason}")

    def _take_reply(self, ctx: Context) -> None:
        if self._reply is None:
            self._after_reply(ctx, 1)
        else:
            self._runner.run(self._reply, ctx, self._after_reply)

    def _after_reply(self, ctx: Context, code: int) -> None:
        """A reply goes to its transaction, or on by its Vias, unless the script dropped it.

        A script that returned 0 dropped it too, and so did one that ended in a failure.
        """
        if code < 0:
            report(self.host.log, WARN, "core", "error while trying onreply script")
        elif not code or ctx.end & DROP:
            self.host.traffic.events["drop_replies"] += 1
        elif not any(take(ctx) for take in self.host.reply_takers):
            forward_reply(ctx)

    # -- routes

    def run_route(self, key: str, ctx: Context) -> None:
        """Run one block (`route[AUTH]`, `reply_route`) and what it posts; raises KeyError."""
        self.last = ctx
        self._runner.run(self.compiled.routes[key], ctx)
        self._runner.drain()

    def run_event(self, name: str, record: object) -> Context | None:
        """Run an event route, if the cfg has it, on a faked message or the one it is about."""
        return self._runner.run_event(name, record)


def _settle(host: Host, program: Program, sockets: Sequence[ListenSocket]) -> None:
    """Let a host be as the cfg says, before any module is loaded."""
    settings = program.settings
    host.settings = settings
    host.compat = program.compat
    host.cfg_file = program.file
    host.flags = dict(settings.flags)
    host.unknown_is_avp = program.config.flavour != "KAMAILIO"
    host.server_text = _server_text(settings.server_header, settings.server_signature)
    host.own = OwnAddresses(sockets, settings.alias)
    host.databases.version_table = str(settings.version_table)
    ipv6 = any(":" in one.address for one in sockets)
    host.locator = Locator(host.names, host.chance, Choices.of(settings, ipv6=ipv6))


def _server_text(header: str, signature: int) -> str:
    """The value of our Server header: the cfg's `server_header`, ours, or none."""
    if not signature:
        return ""
    name, _, value = header.partition(":")
    return (value if value else name).strip() or SERVER
