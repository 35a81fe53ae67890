"""pipelimit: named pipes that let a part of the messages through (Kamailio modules/pipelimit).

A pipe is made by its first `pl_check(name, algorithm, limit)`. **The limit is for one interval**:
20 with a timer_interval of 3 lets 20 messages through in 3 seconds. The intervals begin when the
server starts and follow each other: a burst around a border may be twice as large.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from sipproxy.core.bindings import Replies
from sipproxy.core.context import Context
from sipproxy.core.hashing import core_hash
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.machine import ProcessorLoad, WaitingBytes
from sipproxy.core.module import Constant, Module, Remark, function, modparam, rpc
from sipproxy.core.pipes import (
    ALGORITHMS,
    Algorithm,
    Feedback,
    Pipe,
    common_setpoint,
    rate_text,
    unknown_algorithm,
)
from sipproxy.core.values import to_int
from sipproxy.errors import DatabaseError, ModuleError, RpcError

if TYPE_CHECKING:
    from sipproxy.db.database import Database

_TABLE_VERSION = 1

Listed = dict[str, int | str]


class Pipelimit(Module, name="pipelimit"):
    """Pipes by name, and the timer that empties them."""

    timer_interval = modparam(10, "Seconds of one interval.", at_least=1)
    timer_mode = modparam(0, "Which of Kamailio's timers counts the intervals; no difference here.")
    reply_code = modparam(503, "Status of the reply that pl_drop sends.")
    reply_reason = modparam("Server Unavailable", "Reason of the reply that pl_drop sends.")
    hash_size = modparam(6, "2^n slots, which order the lists of pipes.")
    load_fetch = modparam(1, "0: the load of the machine is not read.")
    db_url = modparam("", "Database with a table of pipes that are there from the start.")
    plp_table_name = modparam("pl_pipes", "Table of pipes.")
    plp_pipeid_column = modparam("pipeid", "Its column with the name.")
    plp_limit_column = modparam("plimit", "Its column with the limit.")
    plp_algorithm_column = modparam("algorithm", "Its column with the algorithm.")
    clean_unused = modparam(0, "A pipe without messages for so many intervals goes; 0: none does.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.pipes: dict[str, Pipe] = {}
        self.feedback = Feedback()
        self._is_loaded = False
        """The table of pipes was read."""
        self._processors: ProcessorLoad | None = None
        self._waiting: WaitingBytes | None = None

    def start(self) -> None:
        if self.hash_size <= 0:
            raise ModuleError(f"invalid hash size parameter: {self.hash_size}")
        self._replies = cast(Replies, self.host.bind("sl"))

    def ready(self) -> None:
        self.host.timers.every(self.host.now(), float(self.timer_interval), self.tick)

    def take_over(self, previous: Any) -> None:
        """The pipes go on within their interval, those too that calls of pl_check made."""
        for name, before in previous.pipes.items():
            self.pipes.setdefault(name, before).go_on_from(before)

    def open(self) -> None:
        self._load()
        if self.load_fetch:
            self._processors = ProcessorLoad()
            self._waiting = WaitingBytes(one.local for one in self.host.own.sockets)

    def _load(self) -> None:
        """Read the table of pipes; raises ModuleError."""
        self._is_loaded = True
        if not (self.db_url and self.plp_table_name):
            return
        rows = self._rows()
        if not rows:
            report(self.host.log, WARN, "pipelimit", "no pipes in the database")
        for name, limit, algorithm in rows:
            if name in self.pipes or not self.add(str(name), str(algorithm), to_int(limit)):
                raise ModuleError(f'the pipe "{name}" of {self.plp_table_name} is not taken')

    def _rows(self) -> list[Any]:
        from sqlalchemy import column, select
        from sqlalchemy.sql import table

        from sipproxy.db.version import check_version

        database: Database = self.host.database(self.db_url)
        names = (self.plp_pipeid_column, self.plp_limit_column, self.plp_algorithm_column)
        columns: list[Any] = [column(name) for name in names]
        try:
            database.open()
            check_version(database, self.plp_table_name, _TABLE_VERSION)
            pipes = table(self.plp_table_name, *columns)
            return database.prepare(select(*columns).select_from(pipes)).read()
        except DatabaseError as error:
            raise ModuleError(f"{self.plp_table_name} cannot be read: {error}") from None

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterator[Remark]:
        if function != "pl_check" or len(arguments) != 3:
            return
        name, algorithm, limit = arguments
        if isinstance(algorithm, str):
            found = ALGORITHMS.get(algorithm.upper())
            if found is None:
                message, hint = unknown_algorithm(algorithm)
                yield Remark(message, hint, "error", argument=2)
            elif found is Algorithm.TAILDROP and str(limit).isdecimal():
                shown = rate_text(int(limit or 0), self.timer_interval)
                each = f'pipe "{name}"' if name is not None else "each pipe"
                yield Remark(f"{each} lets {shown} through")
            elif found is Algorithm.FEEDBACK:
                message = "until pl.set_pipe is called, FEEDBACK holds the load at 0%"
                yield Remark(message, "in time such a pipe refuses everything", "warning")

    # -- functions

    @function(name="pl_check")
    def check(self, ctx: Context, pipe: str) -> int:
        """Count a message in a pipe: 1 it may pass, -1 not, -2 there is no such pipe."""
        found = self.pipes.get(pipe) or self._first_seen(pipe)
        if found is None:
            self._complain(f"pipe not found [{pipe}]")
            return -2
        code = found.push(found.limit, self.feedback.drop_rate)
        if found.algorithm is Algorithm.NOP:
            self._complain(f"no algorithm defined for pipe {pipe}")
            return 2
        return code

    @function(name="pl_check")
    def check_limit(self, ctx: Context, pipe: str, algorithm: str, limit: int | None) -> int:
        """Count a message in a pipe that is made if need be, else gets the limit, if above 0.

        -2 is an unknown algorithm; one that the cfg names itself is found when it is loaded.
        """
        if limit is None or limit < 0:
            self._complain(f"invalid limit value: {limit}")
            return -1
        found = self.pipes.get(pipe) or self._first_seen(pipe)
        if found is not None:
            found.limit = limit or found.limit
        elif not self.add(pipe, algorithm, limit):
            return -2
        return self.check(ctx, pipe)

    def _first_seen(self, name: str) -> Pipe | None:
        """A pipe of the table where nothing opened the module: in a replay, in a test."""
        if not self._is_loaded:
            self._load()
        return self.pipes.get(name)

    def add(self, name: str, algorithm: str, limit: int) -> bool:
        """Make a pipe; False when there is no such algorithm."""
        found = ALGORITHMS.get(algorithm.upper())
        if found is None:
            self._complain(f"cannot find algorithm [{algorithm}]")
            return False
        self.pipes[name] = Pipe(found, limit)
        return True

    @function()
    def pl_active(self, ctx: Context, pipe: str) -> bool:
        """Whether there is a pipe of this name."""
        if pipe in self.pipes or self._first_seen(pipe):
            return True
        self._complain(f"pipe does not exist [{pipe}]")
        return False

    @function("REQUEST", "BRANCH", "FAILURE", "ONSEND")
    def pl_drop(self, ctx: Context, low: int = 0, high: int | None = None) -> int:
        """Reply with reply_code; with `Retry-After` of `low`, or at random between the two."""
        most = low if high is None else max(low, high)
        if low and most:
            after = low + self.host.chance.below(most - low + 1)
            ctx.lumps.append_to_reply(f"Retry-After: {after}\r\n")
        return self._replies.send_reply(ctx, self.reply_code, self.reply_reason)

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "pipelimit", text)

    # -- time

    def tick(self, now: float) -> None:
        """An interval is over."""
        waiting = self._waiting.read() if self._waiting else 0
        if self._processors:
            processors = self._processors
            load = processors.read(processors.processors)
            if load is not None:
                self.feedback.update(load)
        for name, pipe in list(self.pipes.items()):
            if self.clean_unused and not self._is_kept(pipe):
                del self.pipes[name]
            elif pipe.algorithm is not Algorithm.NOP:
                pipe.tick(pipe.limit, waiting)

    def _is_kept(self, pipe: Pipe) -> bool:
        """Count an interval without messages; False after too many."""
        if pipe.counter > 0:
            pipe.unused = 0
        elif pipe.unused >= self.clean_unused:
            return False
        else:
            pipe.unused += 1
        return True

    # -- commands

    def _listed(self) -> list[tuple[str, Pipe]]:
        """All pipes that have an algorithm, in the order of Kamailio's hash table."""
        hashes = {name: core_hash(name) for name in self.pipes}
        slots = 1 << self.hash_size
        names = sorted(self.pipes, key=lambda name: (hashes[name] % slots, hashes[name]))
        found = ((name, self.pipes[name]) for name in names)
        return [(name, pipe) for name, pipe in found if pipe.algorithm is not Algorithm.NOP]

    @rpc("pl.stats", array=True)
    def stats(self) -> list[str]:
        """Print pipelimit statistics (string output): <id> <load> <counter>"""
        return [
            f"PIPE: id={name} load={pipe.load} counter={pipe.last_counter}"
            for name, pipe in self._listed()
        ]

    @rpc("pl.get_pipes", array=True)
    def get_pipes(self) -> list[str]:
        """Print pipes info (string output): <id> <algorithm> <limit> <counter>"""
        return [
            f"PIPE: id={name} algorithm={pipe.algorithm.name} limit={pipe.limit}"
            f" counter={pipe.counter}"
            for name, pipe in self._listed()
        ]

    @rpc("pl.list", array=True)
    def list_pipes(self, pipe: str = "") -> list[Listed]:
        """List details for one or all pipes"""
        if pipe:
            found = self._named(pipe)
            return [_details(pipe, found)] if found.algorithm is not Algorithm.NOP else []
        return [_details(name, one) for name, one in self._listed()]

    @rpc("pl.set_pipe")
    def set_pipe(self, pipe: str, algorithm: str, limit: int) -> None:
        """Sets a pipe params: <pipe_id> <pipe_algorithm> <pipe_limit>"""
        wanted = ALGORITHMS.get(algorithm.upper())
        if wanted is None:
            self._complain(f"unknown algorithm: '{algorithm}'")
            raise RpcError(400, "Unknown algorithm")
        found = self._named(pipe)
        found.algorithm = wanted
        found.limit = limit
        every = self.pipes.values()
        limits = [one.limit for one in every if one.algorithm is Algorithm.FEEDBACK]
        try:
            self.feedback.setpoint = 0.01 * common_setpoint(limits)
        except ValueError as error:
            self._complain(f"feedback limits don't match: {error}")
            raise RpcError(400, "Feedback limits don't match") from None

    def _named(self, name: str) -> Pipe:
        found = self.pipes.get(name)
        if found is None:
            self._complain(f"no pipe: {name}")
            raise RpcError(400, f"Unknown pipe id {name}")
        return found

    @rpc("pl.get_pid")
    def get_pid(self) -> str:
        """Print PID Controller parameters for the FEEDBACK algorithm: <ki> <kp> <kd>"""
        return self.feedback.shown()

    @rpc("pl.set_pid")
    def set_pid(self, ki: float, kp: float, kd: float) -> None:
        """Sets the PID Controller parameters for the FEEDBACK algorithm: <ki> <kp> <kd>"""
        self.feedback.ki, self.feedback.kp, self.feedback.kd = ki, kp, kd

    @rpc("pl.push_load")
    def push_load(self, load: float) -> None:
        """Force the value of the load parameter for FEEDBACK algorithm: <load>"""
        if not 0.0 <= load <= 1.0:
            self._complain(f"value out of range: {load:0.3f} in not in [0.0,1.0]")
            raise RpcError(400, "Value out of range")
        self.feedback.update(load)


def _details(name: str, pipe: Pipe) -> Listed:
    return {
        "name": name,
        "algorithm": pipe.algorithm.name,
        "limit": pipe.limit,
        "counter": pipe.counter,
        "last_counter": pipe.last_counter,
        "unused_intervals": pipe.unused,
    }
