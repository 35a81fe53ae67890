"""Running routes: started, parked while they wait, resumed, ended, and what a fault in one does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from sipproxy.core.context import DROP, Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.log import ERROR, report
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.waiting import Wait
from sipproxy.errors import MessageError
from sipproxy.faults import describe_fault
from sipproxy.program import Program
from sipproxy.script.compile import Compiled, CompiledRoute
from sipproxy.sip.build import build_reply, reply_destination
from sipproxy.sip.message import Message

Ended = Callable[[Context, int], None]
"""Called with the route's return code when a route is over that did not fail."""


class Runner:
    """The routes of one program at work in its host.

    `last` is the context of the latest run, for shells that tell what happened.
    """

    def __init__(self, host: Host, program: Program, compiled: Compiled) -> None:
        self._host = host
        self._program = program
        self._compiled = compiled
        self._routes: Mapping[str, CompiledRoute] = compiled.routes
        self.last: Context | None = None
        self.parked = 0
        """Runs that wait."""
        host.has_route = lambda name: f"event_route[{name}]" in self._routes
        host.has_block = lambda key: key in self._routes
        host.run_event = self.run_event
        host.run_block = self.run_block
        host.block = self._routes.get
        host.blocks = self._routes
        host.begin = self.begin
        self._onsend = self._routes.get("onsend_route")
        if self._onsend is not None:
            host.lets_out = self._lets_out
            if getattr(host.settings, "onsend_route_reply", 0):
                host.lets_reply_out = self._lets_reply_out

    def run(
        self,
        route: CompiledRoute,
        ctx: Context,
        ended: Ended | None = None,
        *,
        is_last: bool = True,
    ) -> None:
        """Run a route to its end or to where it waits; another follows where it is not the last."""
        try:
            if route.suspends:
                self._resume(route.call(ctx), ctx, ended, is_last)
                return
            code = route.call(ctx)
        except Exception as error:  # a fault of ours or of a module ends this message only
            self._fault(ctx, error)
            return
        self._end(ctx, code, ended, is_last)

    def run_event(self, name: str, record: object) -> Context | None:
        """Run an event route, if the cfg has it, on a faked message or the one it is about."""
        route = self._routes.get(f"event_route[{name}]")
        if route is None:
            return None
        ctx = self._host.outside()
        ctx.record = record
        if isinstance(record, Message):
            # An event about a message runs on it.
            ctx.msg = record
        self.run(route, ctx)
        return ctx

    async def run_block(self, key: str, ctx: Context) -> int:
        """Run a block inside another run (a branch route, a failure route) and give its code.

        Where there is none, an error line. A fault in it is reported, and is as its end, with
        code 1, to whoever called it.
        """
        route = self._routes.get(key)
        if route is None:
            report(self._host.log, ERROR, "core", f"there is no {key}")
            return 1
        try:
            code: int = await route.call(ctx) if route.suspends else route.call(ctx)
        except Exception as error:
            self._tell(error)
            return 1
        return code

    def _lets_out(self, ctx: Context, data: bytes, flow: Flow) -> bool:
        """Run onsend_route on what is about to leave; False where it is not to (core/onsend.c)."""
        route = self._onsend
        assert route is not None
        kept = ctx.kind, ctx.record, ctx.end, ctx.rc, ctx.depth
        ctx.kind, ctx.record = "onsend", (data, flow)
        ctx.end = ctx.rc = ctx.depth = 0
        try:
            route.call(ctx)
            return not ctx.end & DROP
        except Exception as error:
            self._tell(error)
            return True
        finally:
            ctx.kind, ctx.record, ctx.end, ctx.rc, ctx.depth = kept

    def _lets_reply_out(self, ctx: Context, data: bytes, flow: Flow) -> bool:
        if self._lets_out(ctx, data, flow):
            return True
        host, port = flow.remote
        text = f"reply to {host}:{port}({PROTO_NUMBER[flow.proto]}) dropped (onsend_route)"
        report(self._host.log, ERROR, "core", text)
        return False

    def begin(self, work: Coroutine[Wait, object, None], done: Callable[[], None]) -> None:
        """Do a module's work that may run routes and wait; `done` is called when it is over."""
        try:
            wait = work.send(None)
        except StopIteration:
            done()
        except Exception as error:
            self._tell(error)
            done()
        else:
            self._park(wait, None, lambda: self.begin(work, done))

    def drain(self) -> None:
        """Run the event routes that were posted, and those that they post."""
        posted = self._host.posted
        while posted:
            self.run_event(*posted.popleft())

    def _resume(
        self,
        run: Coroutine[Wait, object, int],
        ctx: Context,
        ended: Ended | None,
        is_last: bool,
    ) -> None:
        try:
            wait = run.send(None)
        except StopIteration as stop:
            self._end(ctx, stop.value, ended, is_last)
        except Exception as error:
            self._fault(ctx, error)
        else:
            for watch in self._host.on_wait:
                watch(ctx)
            self._park(wait, ctx, lambda: self._resume(run, ctx, ended, is_last))

    def _park(self, wait: Wait, ctx: Context | None, go_on: Callable[[], None]) -> None:
        """Have a run go on when its Wait is finished, with its own `$var`."""
        variables: Any = self._host.variables
        bank = vars(variables) if variables is not None else {}
        kept = dict(bank)
        self.parked += 1

        def resume() -> None:
            self.parked -= 1
            bank.update(kept)
            if ctx is not None:
                ctx.now = self._host.now()
                self.last = ctx
            go_on()
            self.drain()

        wait.then(resume)

    def _end(self, ctx: Context, code: int, ended: Ended | None, is_last: bool) -> None:
        if is_last:
            ctx.finish()
        if ended is not None:
            ended(ctx, code)

    def _tell(self, error: Exception) -> None:
        """Count an exception and log it with its cfg line."""
        self._host.counters["core.faults"] += 1
        text = describe_fault(error, self._program.config, self._compiled)
        report(self._host.log, ERROR, "core", text)

    def _fault(self, ctx: Context, error: Exception) -> None:
        """An exception ends its message: logged, counted, answered 500 if nothing was sent."""
        host = self._host
        self._tell(error)
        answered = ctx.answered
        ctx.finish()
        msg = ctx.msg
        if ctx.kind != "request" or not msg.is_request or msg.method == "ACK":
            return
        if answered or ctx.answered:
            return
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
