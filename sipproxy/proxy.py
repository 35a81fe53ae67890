"""The whole proxy as one object without sockets or clocks.

Datagrams come in by :meth:`Proxy.receive`, time by :meth:`Proxy.expire`; what is to be sent stands
in `outbox`, when to come back in `next_deadline`. A UDP server, a replay on a virtual clock and a
test are three shells around it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import MappingProxyType

from sipproxy import __version__
from sipproxy.clock import Chance, Clock
from sipproxy.core.context import DROP, Context
from sipproxy.core.flow import Flow, Outgoing
from sipproxy.core.forward import forward_reply
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import DEBUG, ERROR, LogSink, report
from sipproxy.core.module import Module
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.core.waiting import Wait
from sipproxy.db.registry import Databases
from sipproxy.errors import CfgError, MessageError, Problem
from sipproxy.faults import describe_fault
from sipproxy.loader import Loader
from sipproxy.program import Program
from sipproxy.script.compile import Compiled, CompiledRoute, compile_config
from sipproxy.script.settings import without_effect
from sipproxy.sip.build import build_reply, reply_destination
from sipproxy.sip.message import Message

SERVER = f"sipproxy ({__version__})"


NO_MODULES: Mapping[str, type[Module]] = MappingProxyType({})


class Proxy:
    """A program at work. Raises CfgError when the cfg names what does not exist.

    `modules` are found before installed ones, by name: a test's stand-ins. `arrange` may change
    the host when the modules are loaded and no route is compiled yet: a test's stubs. With
    `read_only` no database is written (a replay).

    `last` is the context of the latest run of a route, for shells that tell what happened.
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
    ) -> None:
        self.program = program
        self.host = host = Host(clock, chance, log)
        settings = program.settings
        host.settings = settings
        host.compat = program.compat
        host.flags = dict(settings.flags)
        host.unknown_is_avp = program.config.flavour != "KAMAILIO"
        host.server_text = _server_text(settings.server_header, settings.server_signature)
        host.own = OwnAddresses(settings.sockets() if sockets is None else sockets, settings.alias)
        host.databases = Databases(host.offload, host.modules, overlay=read_only)
        host.load(Core)
        loader = Loader(host, modules)
        loader.load(program.config)
        arrange(host)
        told = [
            *without_effect(program.config),
            *loader.problems,
            *loader.remarks(program.config),
        ]
        try:
            self.compiled: Compiled = compile_config(program.config, host, settings.max_while_loops)
        except CfgError as error:
            raise CfgError([*told, *error.problems]) from None
        self.problems: list[Problem] = [*told, *self.compiled.problems]
        routes = self.compiled.routes
        self._request = routes.get("request_route")
        self._reply = routes.get("reply_route")
        self._routes = routes
        self.last: Context | None = None
        host.has_route = lambda name: f"event_route[{name}]" in routes
        host.run_event = self.run_event
        loader.ready(program.config)
        self._drain()

    # -- the shells' side

    @property
    def outbox(self) -> list[Outgoing]:
        """Rows to be sent, oldest first; whoever sends them empties the list."""
        return self.host.outbox

    @property
    def next_deadline(self) -> float | None:
        """When :meth:`expire` wants to be called next; None when nothing is pending."""
        return self.host.timers.next_deadline()

    def open(self) -> None:
        """Let the modules reach for the world outside; raises ModuleError."""
        for module in self.host.modules.values():
            module.open()

    def close(self) -> None:
        """Stop: the modules save what they save at shutdown."""
        for module in reversed(self.host.modules.values()):
            module.close()
        self.settle()
        self.host.databases.close()

    def deliver(self) -> None:
        """Go on with the routes whose answers (of a database) came back from a thread."""
        self.host.offload.deliver()

    def settle(self) -> None:
        """Block until every route that waits for a thread has its answer: time stands still."""
        self.host.offload.settle()

    def expire(self, now: float) -> None:
        """Run every timer due at or before `now`, each at its own instant."""
        if self.host.timers.expire(now):
            self._drain()

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one datagram (or one framed message of a stream)."""
        host = self.host
        try:
            msg = Message.parse(data, source=flow.remote, dest=flow.local, proto=flow.proto)
        except MessageError as error:
            self._refuse(data, error)
            return
        self.last = ctx = Context(msg, flow, now, host, "request" if msg.is_request else "reply")
        if not msg.is_request:
            self._take_reply(ctx)
        elif self._request is None:
            host.counters["core.no_route"] += 1
        elif msg.method != "ACK" or all(wanted(ctx) for wanted in host.ack_filters):
            self._run(self._request, ctx)
        if host.posted:
            self._drain()

    def closed(self, flow: Flow) -> None:
        """A connection is gone."""

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
        self.last = None
        report(self.host.log, DEBUG, "core", f"message dropped: {error.reason}")

    def _take_reply(self, ctx: Context) -> None:
        if self._reply is None:
            forward_reply(ctx)
        elif self._run(self._reply, ctx):
            self._after_reply(ctx)

    def _after_reply(self, ctx: Context) -> None:
        if not ctx.end & DROP:
            forward_reply(ctx)

    # -- routes

    def run_route(self, key: str, ctx: Context) -> None:
        """Run one block (`route[AUTH]`, `reply_route`) and what it posts; raises KeyError."""
        self.last = ctx
        self._run(self._routes[key], ctx)
        self._drain()

    def run_event(self, name: str, record: object) -> Context | None:
        """Run an event route, if the cfg has it, on a faked message or the one it is about."""
        route = self._routes.get(f"event_route[{name}]")
        if route is None:
            return None
        ctx = self.host.outside()
        ctx.record = record
        if isinstance(record, Message):
            # An event about a message runs on it.
            ctx.msg = record
        self._run(route, ctx)
        return ctx

    def _drain(self) -> None:
        """Run the event routes that were posted, and those that they post."""
        posted = self.host.posted
        while posted:
            self.run_event(*posted.popleft())

    def _run(self, route: CompiledRoute, ctx: Context) -> bool:
        """Run a route; False when it suspended or failed."""
        try:
            if route.suspends:
                return self._resume(route.call(ctx), ctx, None)
            route.call(ctx)
        except Exception as error:  # a fault of ours or of a module ends this message only
            self._fault(ctx, error)
            return False
        self._finish(ctx)
        return True

    def _resume(self, run: Coroutine[Wait, object, int], ctx: Context, value: object) -> bool:
        """Go on with a suspended route; whether it is over."""
        try:
            wait = run.send(value)
        except StopIteration:
            self._finish(ctx)
            return True
        except Exception as error:
            self._fault(ctx, error)
            return False
        bank = vars(self.host.variables) if self.host.variables is not None else {}
        kept = dict(bank)

        def resume() -> None:
            bank.update(kept)
            ctx.now = self.host.now()
            self.last = ctx
            if self._resume(run, ctx, None) and ctx.kind == "reply":
                self._after_reply(ctx)
            self._drain()

        wait.then(resume)
        return False

    def _finish(self, ctx: Context) -> None:
        if ctx.touched("at_end"):
            for done in ctx.at_end:
                done(ctx)

    def _fault(self, ctx: Context, error: Exception) -> None:
        """An exception in a route: logged with its cfg line, counted; 500 if nothing was sent."""
        host = self.host
        host.counters["core.faults"] += 1
        text = describe_fault(error, self.program.config, self.compiled)
        report(host.log, ERROR, "core", text)
        self._finish(ctx)
        if ctx.kind == "request" and ctx.msg.method != "ACK" and not ctx.answered:
            try:
                remote = reply_destination(ctx.msg)
                reply = build_reply(
                    ctx.msg,
                    500,
                    "Server Internal Error",
                    host.chance.token(),
                    server=host.server_text or None,
                )
            except MessageError:
                return
            host.send(reply, Flow(ctx.flow.proto, ctx.flow.local, remote))


def _server_text(header: str, signature: int) -> str:
    """The value of our Server header: the cfg's `server_header`, ours, or none."""
    if not signature:
        return ""
    name, _, value = header.partition(":")
    return (value if value else name).strip() or SERVER
