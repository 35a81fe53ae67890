"""The live server: one program, its sockets, its log and its control, in one event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from sipproxy.clock import Chance, SystemClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Outgoing
from sipproxy.core.log import ERROR, WARN, LogSink, report
from sipproxy.core.machine import process_memory
from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import ModuleError
from sipproxy.faults import cfg_line
from sipproxy.generations import Generations
from sipproxy.net.addresses import StartError, listen_sockets, with_aliases
from sipproxy.net.core_commands import CoreCommands, command_line
from sipproxy.net.dns import DnsClient, attach
from sipproxy.net.limited import LimitedLog
from sipproxy.net.log import (
    Flusher,
    operator_log,
)
from sipproxy.net.log_setup import open_log, prefix_of, set_up_log
from sipproxy.net.notify import notify, notify_reloading
from sipproxy.net.options import RUN_DIR, Options
from sipproxy.net.patience import Patience
from sipproxy.net.reloading import Candidate, Done, HeldLog, Reloader, endpoints_of
from sipproxy.net.rpc_socket import RpcServer
from sipproxy.net.tcp import TcpListener, TcpTransport, listen_all
from sipproxy.net.tcplimits import Limits
from sipproxy.net.udp import BATCH, UdpSocket, UdpTransport, bind_all
from sipproxy.program import Program
from sipproxy.proxy import Proxy
from sipproxy.rpc.commands import commands_of
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.serve import run_json


class Server:
    """A server that is bound and ready; :meth:`run` serves until it is told to stop."""

    def __init__(self, program: Program, options: Options) -> None:
        """Make the proxy and bind everything; raises CfgError and StartError, nothing half done."""
        settings = program.settings
        self.program = program
        self._options = options
        self.clock = SystemClock()
        self._started = self.clock.now()
        self.log = open_log(program, options, self.clock.now, self._place)
        self._operator = operator_log(self.log)
        limited = LimitedLog(self.log)
        self._limited = limited
        sockets, unserved = listen_sockets(settings.listen, settings.port, protos=settings.protos)
        self._unserved = unserved
        if not sockets:
            raise StartError(f"no address to listen on ({', '.join(unserved)})")
        program = with_aliases(program, sockets)
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
        self._flusher = Flusher(self._loop, self.log)
        self._serving = False
        try:
            bound = bind_all([one for one in sockets if one.proto == "udp"])
            listening = listen_all([one for one in sockets if one.proto == "tcp"])
            self._generations = Generations(self._make_proxy(program, sockets, limited))
            limited.limit_by(self.proxy.host.timers, self.clock.now)
            self._transport = self._make_datagrams(bound)
            self._streams = self._make_streams(program, listening)
            self._dns = self._make_dns(options)
            self._registry = self._registry_of(self.proxy)
            self._set_up(self.proxy)
            for endpoint in endpoints_of(self.proxy):
                self._rpc.open(endpoint, self._registry)
            self._open_modules()
            self._reloader = Reloader(
                self._loop, self._read_again, self._make_next, self._take_over, limited
            )
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

    def _make_datagrams(self, bound: list[UdpSocket]) -> UdpTransport:
        return UdpTransport(
            bound,
            self.proxy.receive,
            self._send_failed,
            self._broken,
            self.proxy.host.counters,
            self._send_stream,
        )

    def _make_dns(self, options: Options) -> DnsClient:
        return attach(
            self._loop,
            self.proxy.host.names,
            lambda: self.proxy.host.settings,
            options.name_servers,
            self._after,
        )

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

    def _make_proxy(
        self,
        program: Program,
        sockets: list[ListenSocket],
        log: LogSink,
        previous: Proxy | None = None,
    ) -> Proxy:
        return Proxy(
            program,
            clock=self.clock,
            chance=Chance(),
            log=log,
            sockets=sockets,
            opens=True,
            previous=previous,
        )

    def _set_up(self, proxy: Proxy) -> None:
        """Let the shell's parts work for this proxy; raises CfgError for a bad log_prefix."""
        host = proxy.host
        set_up_log(self.log, proxy, self._options, self._current)
        addresses = " ".join(_shown(one) for one in host.own.sockets)
        host.run_json = partial(run_json, self._registry)
        host.offload.wake = self._wake
        host.processes = lambda: [(os.getpid(), f"udp worker 0 sock={addresses}")]

    def _place(self) -> str:
        """The line of the cfg that is at work, for the log."""
        return cfg_line(sys._getframe(1), self.program.config)

    def _current(self) -> Context | None:
        return self._generations.last

    @property
    def proxy(self) -> Proxy:
        """The one that serves what is new."""
        return self._generations.current

    def _registry_of(self, proxy: Proxy) -> Registry:
        """The RPC commands of a proxy and of the core; raises StartError."""
        try:
            registry = commands_of(proxy.host, self._command_failed)
        except ModuleError as error:
            raise StartError(str(error)) from None
        CoreCommands(
            proxy.host,
            list(proxy.program.config.defines),
            self.stop,
            command_line(),
            self._started,
            self.reload,
        ).register(registry)
        return registry

    def _open_modules(self) -> None:
        if self._options.wait_db > 0:
            self.proxy.host.databases.be_patient(
                Patience(self._options.wait_db, self._tell_wait, self.clock)
            )
        try:
            self.proxy.open()
        except ModuleError as error:
            raise StartError(str(error)) from None

    def _tell_wait(self, sentence: str) -> None:
        operator_log(self.log, always=True).warning(sentence)
        self.log.flush()

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
        loop.add_signal_handler(signal.SIGHUP, self._reload_by_signal)
        loop.add_signal_handler(signal.SIGUSR1, self._tell_status)

    # -- reload of the cfg

    def reload(self, done: Done) -> None:
        """Read the cfg again and serve by it; `done` is given what is wrong, a line each."""
        if self._options.reread is None:
            done(["there is no file to read again"])
            return
        notify_reloading()

        def tell(complaints: Sequence[str]) -> None:
            self._tell_reload(complaints)
            done(complaints)

        self._reloader.begin(tell)

    def _reload_by_signal(self) -> None:
        self.reload(lambda complaints: None)

    def _tell_reload(self, complaints: Sequence[str]) -> None:
        """Whatever the cfg's log level."""
        tell = operator_log(self.log, always=True)
        for line in complaints:
            tell.error(line)
        if complaints:
            tell.error("the cfg is not reloaded: all is as it was", cfg=self.program.file)
        else:
            tell.info("the cfg is reloaded", cfg=self.program.file)
            self._announce_problems()
        notify("READY=1")
        self._after()
        self._loop.call_soon(self._let_go)

    def _let_go(self) -> None:
        self._generations.let_go()
        self._point_at_proxy()

    def _read_again(self) -> tuple[Program, list[ListenSocket]]:
        """The cfg as it is now; raises SipproxyError."""
        assert self._options.reread is not None
        program = self._options.reread()
        settings = program.settings
        sockets, _ = listen_sockets(settings.listen, settings.port, protos=settings.protos)
        if sockets != self.proxy.host.own.sockets:
            shown = " ".join(map(_shown, sockets))
            raise StartError(f"listen addresses change with a restart only, these are new: {shown}")
        return with_aliases(program, sockets), sockets

    def _make_next(self, program: Program, sockets: list[ListenSocket], log: HeldLog) -> Proxy:
        return self._make_proxy(program, sockets, log, self.proxy)

    def _take_over(self, made: Candidate) -> None:
        """Let a proxy serve; raises SipproxyError as long as nothing is changed."""
        proxy = made.proxy
        registry = self._registry_of(proxy)
        prefix_of(proxy, self._current)
        if endpoints_of(proxy) != endpoints_of(self.proxy):
            raise StartError("control sockets change with a restart only, and these differ")
        self._generations.take_over(proxy)
        self.program = proxy.program
        self._set_up(proxy)
        self._registry.become(registry)
        self._limited.limit_by(proxy.host.timers, self.clock.now)
        self._streams.go_on_with(proxy.host, Limits.of(proxy.program.settings))
        self._dns.plan_anew()
        self._point_at_proxy()

    def _point_at_proxy(self) -> None:
        """What comes in goes to the proxy at once, unless older ones still have transactions."""
        serves = self._generations if self._generations.older else self.proxy
        self._transport.receive = self._streams.receive = serves.receive

    # -- the end

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
        settings = self.proxy.host.settings
        if settings.children > 1 and "children" in settings.spans:
            starting.info(f"children={settings.children}: 1 worker serves")
        self._announce_problems()

    def _announce_problems(self) -> None:
        starting = operator_log(self.log, always=True)
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
            self._generations.deliver()
        except Exception as error:  # what posted routes break must not stop the others
            self._broken(error)
        self._after()

    def _after(self) -> None:
        """Send what is to be sent, write what was logged, look when to come back."""
        if self.proxy.outbox:
            self._transport.send(self.proxy.outbox)
        self._flusher.flush()
        due = self._generations.next_deadline
        if due is not None and (self._due is None or due < self._due):
            self._arm(due)

    def _arm(self, due: float) -> None:
        """Come back at `due`. Where that is too early by then, it is looked again: most timers are
        cancelled long before, and the loop need not be told of each.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        wait = max(0.0, due - self.clock.now())
        self._timer = self._loop.call_later(wait, self._expire, due)

    def _expire(self, due: float) -> None:
        """Run due timers; never earlier than `due`, though the loop may wake a little early."""
        self._timer = self._due = None
        try:
            self._generations.expire(max(due, self.clock.now()))
        except Exception as error:  # a timer that fails must not stop the others
            self._broken(error)
        self._point_at_proxy()
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
        self._generations.close()
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


def settle_collector() -> None:
    """What is loaded stays: the collector need not look at it again; and it never looks at much.

    Ten thousand objects at once are 5 ms. Messages and transactions leave no cycles behind, so that
    all of the memory (hundreds of ms with 100,000 transactions) is looked at almost never.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000, 10, 10_000)
