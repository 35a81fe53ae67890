"""The live server: one program, its sockets, its log and its control, in one event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sipproxy.clock import Chance, SystemClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Outgoing
from sipproxy.core.log import DEBUG, ERROR, WARN, report
from sipproxy.core.machine import process_memory
from sipproxy.core.resolve import ResolveError
from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import CfgError, ModuleError, Problem, Span
from sipproxy.faults import cfg_line
from sipproxy.net.addresses import StartError, listen_sockets, names_of
from sipproxy.net.core_commands import CoreCommands, command_line
from sipproxy.net.dns import NameServer, attach
from sipproxy.net.limited import LimitedLog
from sipproxy.net.log import (
    JsonForm,
    MessagePrefix,
    ServerLog,
    operator_log,
    plain_text,
    with_process,
)
from sipproxy.net.notify import notify
from sipproxy.net.output import DEV_LOG, DescriptorOutput, SyslogOutput
from sipproxy.net.rpc_socket import RpcServer
from sipproxy.net.tcp import TcpListener, TcpTransport, listen_all
from sipproxy.net.tcplimits import Limits
from sipproxy.net.udp import BATCH, UdpSocket, UdpTransport, bind_all
from sipproxy.program import Program
from sipproxy.proxy import Proxy
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.serve import run_json

if TYPE_CHECKING:
    from sipproxy.core.endpoints import RpcEndpoint

RUN_DIR = "/run/sipproxy"
"""Where relative socket paths stand unless -Y or `rundir` names another place."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a server is to run, as far as the command line says it."""

    stderr: bool = True
    run_dir: str = ""
    debug: int | None = None
    log_format: str = "text"
    color: bool = False
    """Colours in the log on stderr, as with log_color=1."""
    syslog: str = DEV_LOG
    name_servers: tuple[NameServer, ...] = ()
    """Asked instead of those of resolv.conf."""


class Server:
    """A server that is bound and ready; :meth:`run` serves until it is told to stop."""

    def __init__(self, program: Program, options: Options) -> None:
        """Make the proxy and bind everything; raises CfgError and StartError, nothing half done."""
        settings = program.settings
        self.clock = SystemClock()
        self._started = self.clock.now()
        self.log = _make_log(program, options, self.clock.now)
        self._operator = operator_log(self.log)
        limited = LimitedLog(self.log)
        self._limited = limited
        sockets, unserved = listen_sockets(settings.listen, settings.port, protos=settings.protos)
        self._unserved = unserved
        if not sockets:
            raise StartError(f"no address to listen on ({', '.join(unserved)})")
        program = _with_aliases(program, sockets)
        bound: list[UdpSocket] = []
        listening: list[TcpListener] = []
        self._loop = asyncio.new_event_loop()
        self._rpc = RpcServer(
            self._loop,
            options.run_dir or settings.rundir or RUN_DIR,
            self._after,
            self._control_tells,
        )
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._serving = False
        try:
            bound = bind_all([one for one in sockets if one.proto == "udp"])
            listening = listen_all([one for one in sockets if one.proto == "tcp"])
            self.proxy = Proxy(
                program,
                clock=self.clock,
                chance=Chance(),
                log=limited,
                sockets=sockets,
                opens=True,
            )
            limited.limit_by(self.proxy.host.timers, self.clock.now)
            self._transport = UdpTransport(
                bound,
                self.proxy.receive,
                self._send_failed,
                self._broken,
                self.proxy.host.counters,
                self._send_stream,
            )
            self._streams = self._make_streams(program, listening)
            self._dns = attach(self._loop, self.proxy.host, options.name_servers, self._after)
            self._set_up(program, options)
            self._open_control(program)
            self._open_modules()
        except BaseException:
            for one in bound:
                one.close()
            for listener in listening:
                listener.socket.close()
            self._rpc.close()
            self._loop.close()
            self.log.close()
            raise

    # -- start

    def _make_streams(self, program: Program, listening: list[TcpListener]) -> TcpTransport:
        proxy = self.proxy
        streams = TcpTransport(
            self._loop,
            listening,
            Limits.of(program.settings),
            proxy.host,
            receive=proxy.receive,
            closed=proxy.closed,
            failed=self._send_failed,
            broken=self._broken,
            after=self._after,
        )
        proxy.host.streams = streams
        return streams

    def _set_up(self, program: Program, options: Options) -> None:
        host = self.proxy.host
        addresses = " ".join(_shown(one) for one in host.own.sockets)
        host.offload.wake = self._wake
        host.processes = lambda: [(os.getpid(), f"udp worker 0 sock={addresses}")]
        if _is_colored(program, options):
            self.log.paint_with(host.line_colors.paint)
        prefix = program.settings.log_prefix
        if prefix:
            try:
                format = host.format(prefix)
            except ResolveError as error:
                span = program.settings.spans.get("log_prefix", _nowhere(program.file))
                raise CfgError([Problem(span, str(error))]) from None
            each = program.settings.log_prefix_mode == 1
            self.log.prefix_with(MessagePrefix(format, self._current, each))

    def _current(self) -> Context | None:
        return self.proxy.last

    def _open_control(self, program: Program) -> None:
        host = self.proxy.host
        endpoints: list[RpcEndpoint] = []
        for module in host.modules.values():
            declared = getattr(module, "rpc_endpoints", None)
            if declared is not None:
                endpoints.extend(declared())
        registry = Registry(self._command_failed, host.begin)
        CoreCommands(host, list(program.config.defines), self.stop, command_line()).register(
            registry
        )
        try:
            for name, declaration in host.rpcs.items():
                mark = declaration.mark
                registry.add(name, declaration.handler, array=mark.array, missing=mark.missing)
        except ModuleError as error:
            raise StartError(str(error)) from None
        registry.mi = host.mi
        host.run_json = partial(run_json, registry)
        for endpoint in endpoints:
            self._rpc.open(endpoint, registry)

    def _open_modules(self) -> None:
        try:
            self.proxy.open()
        except ModuleError as error:
            raise StartError(str(error)) from None

    # -- serving

    def run(self, ready: Callable[[], None] = lambda: None, *, signals: bool = True) -> None:
        """Serve until SIGTERM, SIGINT or core.kill; `ready` is called when everything is set.

        Without `signals` it may run in a thread that is not the main one.
        """
        loop = self._loop
        if signals:
            self._heed_signals()
        for one in self._transport.sockets:
            loop.add_reader(one.socket, self._readable, one)
        self._streams.start()
        self._announce()
        self._after()
        ready()
        notify("READY=1")
        try:
            loop.run_forever()
        finally:
            self._close()

    def _heed_signals(self) -> None:
        loop = self._loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._tell_no_reload)
        loop.add_signal_handler(signal.SIGUSR1, self._tell_status)

    def _tell_no_reload(self) -> None:
        operator_log(self.log, always=True).info("SIGHUP: nothing is reloaded")
        self.log.flush()

    def stop_soon(self) -> None:
        """As :meth:`stop`, from another thread."""
        self._loop.call_soon_threadsafe(self.stop)

    def abandon(self) -> None:
        """Give everything back without having served."""
        self._rpc.close()
        self._transport.close()
        self._streams.close()
        self._dns.close()
        self.log.close()
        self._loop.close()

    def stop(self) -> None:
        """Stop serving after what has already arrived."""
        self._loop.stop()

    def _announce(self) -> None:
        """Say what is served and what is not, whatever the cfg's log level."""
        starting = operator_log(self.log, always=True)
        for one in self.proxy.host.own.sockets:
            starting.info("listening", on=_shown(one))
        for address in self._unserved:
            starting.warning("not served: UDP and TCP only", address=address)
        wanted = self.proxy.host.settings.children
        if wanted > 1:
            starting.info(f"children={wanted}: 1 worker serves")
        for problem in self.proxy.problems:
            write = starting.warning if problem.severity == "warning" else starting.info
            write(str(problem))

    def _readable(self, one: UdpSocket) -> None:
        self._transport.take(one, self.clock.now())
        self._after()
        self._serve_later()

    def _serve_later(self) -> None:
        """Go on with what waits once every socket has been looked at."""
        if self._transport.waiting and not self._serving:
            self._serving = True
            self._loop.call_soon(self._serve)
            lost = self.proxy.host.counters["core.overload_drops"]
            text = f"overload: senders take turns, {lost} datagrams dropped since the start"
            self.proxy.host.report_limited(WARN, "core", text, "overload")

    def _serve(self) -> None:
        self._serving = False
        self._transport.serve(self.clock.now())
        self._after()
        self._serve_later()

    def _wake(self) -> None:
        """From a thread: its result is there."""
        with suppress(RuntimeError):  # the loop may be closed by the time a thread is done
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        try:
            self.proxy.deliver()
        except Exception as error:  # what posted routes break must not stop the others
            self._broken(error)
        self._after()

    def _after(self) -> None:
        """Send what is to be sent, write what was logged, look when to come back."""
        if self.proxy.outbox:
            self._transport.send(self.proxy.outbox)
        self.log.flush()
        due = self.proxy.next_deadline
        if due != self._due:
            self._arm(due)

    def _arm(self, due: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        if due is None:
            self._timer = None
        else:
            wait = max(0.0, due - self.clock.now())
            self._timer = self._loop.call_later(wait, self._expire, due)

    def _expire(self, due: float) -> None:
        """Run due timers; never earlier than `due`, though the loop may wake a little early."""
        self._timer = self._due = None
        self.proxy.last = None
        try:
            self.proxy.expire(max(due, self.clock.now()))
        except Exception as error:  # a timer that fails must not stop the others
            self._broken(error)
        self._after()

    def _close(self) -> None:
        notify("STOPPING=1")
        for one in self._transport.sockets:
            self._loop.remove_reader(one.socket)
        for one in self._transport.sockets:  # what had arrived before the signal is still served
            for _ in range(1 << 10):
                if self._transport.take(one, self.clock.now()) < BATCH:
                    break
                self._transport.send(self.proxy.outbox)
        while self._transport.waiting:
            self._transport.serve(self.clock.now())
            self._transport.send(self.proxy.outbox)
        self._rpc.close()
        self._dns.close()
        self.proxy.close()
        self._transport.send(self.proxy.outbox)
        self._transport.close()
        self._streams.close()
        self._limited.finish()
        self._tell_counters(self._operator.info)
        self.log.close()
        self._loop.close()

    # -- what goes wrong while serving

    def _send_stream(self, row: Outgoing) -> None:
        if row[1].proto == "tcp":
            self._streams.send(row)
        else:
            self._send_failed(row, f"{row[1].proto} is not served")

    def _send_failed(self, row: Outgoing, reason: str) -> None:
        self.proxy.send_failed(row)
        remote = row[1].remote
        text = f"cannot send to={remote[0]}:{remote[1]} reason={reason}"
        self.proxy.host.report_limited(ERROR, "core", text, f"cannot send: {reason}")

    def _broken(self, error: Exception) -> None:
        self.proxy.host.counters["core.broken"] += 1
        report(self._limited, ERROR, "core", _traceback(error))

    def _control_tells(self, text: str) -> None:
        self.proxy.host.report_limited(ERROR, "core", text)

    def _command_failed(self, name: str, error: Exception) -> None:
        report(self._limited, ERROR, "core", f"RPC command {name} failed\n{_traceback(error)}")

    def _tell_status(self) -> None:
        """What SIGUSR1 asks for, whatever the cfg's log level."""
        tell = operator_log(self.log, always=True).info
        up, resident = self.clock.now() - self._started, process_memory()["used"] >> 20
        pending = len(self.proxy.host.timers)
        tell("status", up=f"{up:.0f}s", resident=f"{resident}MB", timers=pending)
        self._tell_counters(tell)
        self.log.flush()

    def _tell_counters(self, tell: Callable[..., None]) -> None:
        for name, count in sorted(self.proxy.host.counters.items()):
            tell("counted", **{name: count})


def _shown(one: ListenSocket) -> str:
    host = f"[{one.address}]" if ":" in one.address else one.address
    return f"{one.proto}:{host}:{one.port}"


def _traceback(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error)).rstrip()


def _nowhere(file: str) -> Span:
    return Span(file, 1, 1, 1, 1)


def _make_log(program: Program, options: Options, now: Callable[[], float]) -> ServerLog:
    settings = program.settings
    threshold = min(settings.debug if options.debug is None else options.debug, DEBUG)

    def place() -> str:
        return cfg_line(sys._getframe(1), program.config)

    json = JsonForm(now, place) if options.log_format == "json" else None
    if options.stderr or settings.log_stderror:
        return ServerLog(DescriptorOutput(), threshold, json or with_process)
    name = settings.log_name or "sipproxy"
    output = SyslogOutput(name, settings.log_facility, now, options.syslog)
    return ServerLog(output, threshold, json or plain_text)


def _is_colored(program: Program, options: Options) -> bool:
    """Whether the log has colours: only as text on stderr."""
    settings = program.settings
    on_stderr = options.stderr or settings.log_stderror
    return bool(
        (options.color or settings.log_color) and on_stderr and options.log_format != "json"
    )


def _with_aliases(program: Program, sockets: list[ListenSocket]) -> Program:
    """The names of our addresses count as ours, unless the cfg says auto_aliases=no."""
    settings = program.settings
    if not settings.auto_aliases:
        return program
    known = {alias[0] for alias in settings.alias}
    more = [
        (name, one.port, one.proto)
        for one in sockets
        for name in names_of([one.address])
        if name not in known
    ]
    return replace(program, settings=replace(settings, alias=[*settings.alias, *more]))


def settle_collector() -> None:
    """What is loaded stays: the collector need not look at it again, and comes rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
