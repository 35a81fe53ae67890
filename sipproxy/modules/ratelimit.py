"""ratelimit: up to 32 numbered pipes, chosen by the method (Kamailio modules/ratelimit).

**The limit is for one second**: 20 with a timer_interval of 3 lets 60 messages through in each
interval of 3 seconds, be it in its first moment. The intervals begin when the server starts.
"""

import re
from collections.abc import Iterator
from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, INFO, WARN, report
from sipproxy.core.machine import ProcessorLoad, WaitingBytes
from sipproxy.core.module import Module, Remark, function, modparam, modparam_method, rpc
from sipproxy.core.pipes import (
    ALGORITHMS,
    Algorithm,
    Feedback,
    Pipe,
    common_setpoint,
    rate_text,
    unknown_algorithm,
)
from sipproxy.core.values import wrap
from sipproxy.errors import ModuleError, RpcError
from sipproxy.text import lower

_MOST = 32
"""Pipes, and queues, that there may be."""

_PIPE = re.compile(r"([0-9]+):([^: ]+):([0-9]+)", re.ASCII)
_QUEUE = re.compile(r"([0-9]+):([^: ]+)", re.ASCII)


class Queue:
    """Which pipe the messages of a method go through; the method `*` stands for all others."""

    __slots__ = ("method", "pipe")

    def __init__(self, method: str, pipe: int) -> None:
        self.method = method
        self.pipe = pipe


class Ratelimit(Module, name="ratelimit"):
    """Pipes by number, queues by method, and the timer that empties the pipes."""

    timer_interval = modparam(10, "Seconds of one interval.", at_least=1)

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.pipes = [Pipe(Algorithm.NOP, 0) for _ in range(_MOST)]
        self.queues: list[Queue] = []
        self.feedback = Feedback()
        self._set: dict[int, str] = {}
        """The modparam of each pipe that has one."""
        self._feedback_pipes: tuple[Pipe, ...] = ()
        """FEEDBACK pipes of the cfg; what a command makes of a pipe is not looked at."""
        self._prints = False
        self._processors: ProcessorLoad | None = None
        self._waiting: WaitingBytes | None = None

    # -- parameters

    @modparam_method("pipe")
    def add_pipe(self, text: str) -> None:
        """`NUMBER:ALGORITHM:LIMIT`; the algorithms are TAILDROP, RED, FEEDBACK, NETWORK."""
        found = _PIPE.fullmatch(text)
        if found is None:
            raise ModuleError(f'pipe "{text}" is no NUMBER:ALGORITHM:LIMIT')
        number = _pipe_number(int(found[1]))
        algorithm = ALGORITHMS.get(found[2])
        if algorithm is None:
            message, hint = unknown_algorithm(found[2])
            raise ModuleError(f"{message} ({hint})")
        self.pipes[number] = Pipe(algorithm, wrap(int(found[3])))
        self._set[number] = text
        self._feedback_pipes = tuple(p for p in self.pipes if p.algorithm is Algorithm.FEEDBACK)
        try:
            self._match_setpoints()
        except ValueError as error:
            raise ModuleError(str(error)) from None

    @modparam_method("queue")
    def add_queue(self, text: str) -> None:
        """`PIPE:METHOD`; the method `*` stands for those without a queue."""
        found = _QUEUE.fullmatch(text)
        if found is None:
            raise ModuleError(f'queue "{text}" is no PIPE:METHOD')
        if len(self.queues) >= _MOST:
            raise ModuleError(f"there can be {_MOST} queues")
        self.queues.append(Queue(found[2], _pipe_number(int(found[1]))))

    def _match_setpoints(self) -> None:
        """Take over the load that the FEEDBACK pipes ask for; ValueError when they differ."""
        limits = [pipe.limit for pipe in self._feedback_pipes]
        self.feedback.setpoint = 0.01 * common_setpoint(limits)

    def ready(self) -> None:
        self.host.timers.every(self.host.now(), float(self.timer_interval), self.tick)

    def take_over(self, previous: Any) -> None:
        """The pipes go on within their interval."""
        for pipe, before in zip(self.pipes, previous.pipes, strict=True):
            pipe.go_on_from(before)

    def open(self) -> None:
        self._processors = ProcessorLoad()
        self._waiting = WaitingBytes(one.local for one in self.host.own.sockets)

    def remarks(self) -> Iterator[Remark]:
        for number, text in self._set.items():
            pipe = self.pipes[number]
            if pipe.algorithm is Algorithm.TAILDROP:
                shown = rate_text(self._per_interval(pipe), self.timer_interval)
                yield Remark(f"pipe {number} lets {shown} through", parameter=("pipe", text))

    def _per_interval(self, pipe: Pipe) -> int:
        return int(pipe.limit * self.timer_interval)

    # -- functions

    @function(name="rl_check")
    def check_queues(self, ctx: Context) -> int:
        """Count a message in the pipe of its method: 1 it may pass, -1 not."""
        return self._check(ctx, -1)

    @function("REQUEST", "LOCAL", name="rl_check")
    def check(self, ctx: Context, pipe: int | None) -> int:
        """Count a message in a pipe, -1 for that of its method: 1 it may pass, -1 not."""
        return self._check(ctx, pipe)

    @function()
    def rl_check_pipe(self, ctx: Context, pipe: int | None) -> int:
        """Count a message in a pipe, -1 for that of its method: 1 it may pass, -1 not."""
        return self._check(ctx, pipe)

    def _check(self, ctx: Context, number: int | None) -> int:
        if number is None:
            self._complain("failed to get pipe id parameter")
            return -1
        if number < 0:
            queue = self._queue_of(ctx.msg.method or ctx.msg.cseq.method)
            if queue is None:
                report(self.host.log, INFO, "ratelimit", "no queue matches")
                return -1
            number = queue.pipe
        elif number >= _MOST or self.pipes[number].algorithm is Algorithm.NOP:
            self._complain(f"forced pipe {number} out of range or not defined")
            return -1
        pipe = self.pipes[number]
        if pipe.algorithm is Algorithm.NOP:
            self._complain(f"no algorithm defined for pipe {number}")
        return pipe.push(self._per_interval(pipe), self.feedback.drop_rate)

    def _queue_of(self, method: str) -> Queue | None:
        """The first queue of the method, else the last one for all others."""
        wanted, others = lower(method), None
        for queue in self.queues:
            if lower(queue.method) == wanted:
                return queue
            if queue.method == "*":
                others = queue
        return others

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "ratelimit", text)

    # -- time

    def tick(self, now: float) -> None:
        """An interval is over."""
        load = self._processors.read() if self._processors else None
        if load is not None:
            self.feedback.update(load)
        waiting = self._waiting.read() if self._waiting else 0
        if self._prints:
            self._print_counters()
        for pipe in self.pipes:
            pipe.tick(self._per_interval(pipe), waiting)

    def _print_counters(self) -> None:
        counters = [pipe.counter for pipe in self.pipes]
        for number, counter in enumerate(counters):
            if counter > 999:
                text = f"Counter pipes[{number}] to big: {counter}"
                report(self.host.log, WARN, "ratelimit", text)
        columns = (f"{counter:5}" if counter < 1000 else "*****" for counter in counters)
        report(self.host.log, WARN, "ratelimit", "".join(columns))

    # -- commands

    @rpc("rl.stats")
    def stats(self) -> list[str]:
        """Print ratelimit statistics: PIPE[<pipe_id>]: <last_counter>/<pipe_limit>
        (drop rate: <drop_rate>)
        """
        return [
            f"PIPE[{number}]: {pipe.last_counter}/{pipe.limit} (drop rate: {pipe.load})"
            for number, pipe in enumerate(self.pipes)
        ]

    @rpc("rl.get_pipes")
    def get_pipes(self) -> list[str]:
        """Print pipes info: PIPE[<pipe_id>]: <pipe_algo_id>:<pipe_algo>
        <last_counter>/<pipe_limit> (drop rate: <drop_rate>) [<current_counter>]
        """
        return [
            f"PIPE[{number}]: {int(pipe.algorithm)}:{pipe.algorithm.name}"
            f" {pipe.last_counter}/{pipe.limit} (drop rate: {pipe.load}) [{pipe.counter}]"
            for number, pipe in enumerate(self.pipes)
            if pipe.algorithm is not Algorithm.NOP
        ]

    @rpc("rl.set_pipe")
    def set_pipe(self, pipe: int, algorithm: str, limit: int) -> None:
        """Sets a pipe params: <pipe_id> <pipe_algorithm> <pipe_limit>"""
        wanted = ALGORITHMS.get(algorithm)
        if wanted is None:
            self._complain(f"unknown algorithm: '{algorithm}'")
            raise RpcError(400, "Unknown algorithm")
        if not 0 <= pipe < _MOST:
            self._complain(f"wrong pipe_no: {pipe}")
            raise RpcError(400, "Unknown pipe")
        self.pipes[pipe].algorithm = wanted
        self.pipes[pipe].limit = limit
        try:
            self._match_setpoints()
        except ValueError as error:
            self._complain(f"feedback limits don't match: {error}")
            raise RpcError(400, "Feedback limits don't match") from None

    @rpc("rl.get_queues")
    def get_queues(self) -> list[str]:
        """Print queues info: QUEUE[queue_id]: <pipe_id>:<queue_method>"""
        return [f"QUEUE[{n}]: {queue.pipe}:{queue.method}" for n, queue in enumerate(self.queues)]

    @rpc("rl.set_queue")
    def set_queue(self, queue: int, method: str, pipe: int) -> None:
        """Sets queue params: <quue_id> <queue_method> <pipe_id>"""
        if not 0 <= pipe < _MOST:
            self._complain(f"Invalid pipe number: {pipe}")
            raise RpcError(400, "Invalid pipe number")
        if not 0 <= queue < len(self.queues):
            self._complain(f"MAX_QUEUES reached for queue: {queue}")
            raise RpcError(400, "MAX_QUEUES reached")
        self.queues[queue] = Queue(method, pipe)

    @rpc("rl.get_pid")
    def get_pid(self) -> str:
        """Print PID Controller parameters for the FEEDBACK algorithm: <ki> <kp> <kd>"""
        return self.feedback.shown()

    @rpc("rl.set_pid")
    def set_pid(self, ki: float, kp: float, kd: float) -> None:
        """Sets the PID Controller parameters for the FEEDBACK algorithm: <ki> <kp> <kd>"""
        self.feedback.ki, self.feedback.kp, self.feedback.kd = ki, kp, kd

    @rpc("rl.push_load")
    def push_load(self, load: float) -> None:
        """Force the value of the load parameter for FEEDBACK algorithm: <load>"""
        if not 0.0 <= load <= 1.0:
            self._complain(f"value out of range: {load:0.3f} in not in [0.0,1.0]")
            raise RpcError(400, "Value out of range")
        self.feedback.update(load)

    @rpc("rl.set_dbg")
    def set_dbg(self, mode: int) -> None:
        """Sets the ratelimit debug/monitoing logs: 0-off 1-on"""
        self._prints = mode != 0


def _pipe_number(number: int) -> int:
    if number >= _MOST:
        raise ModuleError(f"pipe number {number} not allowed: there are {_MOST}, from 0")
    return number
