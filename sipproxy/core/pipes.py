"""Pipes that let a part of the messages through: what pipelimit and ratelimit have in common.

The algorithms and their arithmetic are those of Kamailio (modules/pipelimit, modules/ratelimit).
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from sipproxy.core.suggest import suggestion
from sipproxy.core.values import div


class Algorithm(IntEnum):
    """How a pipe decides; the numbers are those that `rl.get_pipes` shows."""

    NOP = 0
    RED = 1
    TAILDROP = 2
    FEEDBACK = 3
    NETWORK = 4


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({one.name: one for one in Algorithm})
"""The names that a cfg uses."""

# Each number below 100 once: of 100 messages in a row, a drop rate of n refuses n.
_ORDER = (
    *(18, 50, 51, 39, 49, 68, 8, 78, 61, 75, 53, 32, 45, 77, 31, 12, 26, 10, 37, 99),
    *(29, 0, 52, 82, 91, 22, 7, 42, 87, 43, 73, 86, 70, 69, 13, 60, 24, 25, 6, 93),
    *(96, 97, 84, 47, 79, 64, 90, 81, 4, 15, 63, 44, 57, 40, 21, 28, 46, 94, 35, 58),
    *(11, 30, 3, 20, 41, 74, 34, 88, 62, 54, 33, 92, 76, 85, 5, 72, 9, 83, 56, 17),
    *(95, 55, 80, 98, 66, 14, 16, 38, 71, 23, 2, 67, 36, 65, 27, 1, 19, 59, 89, 48),
)


def unknown_algorithm(name: str) -> tuple[str, str]:
    """A message and a hint for a name that no algorithm has."""
    hint = suggestion(name.upper(), ALGORITHMS)
    return f'unknown algorithm "{name}"', hint or f"there are {', '.join(ALGORITHMS)}"


class Pipe:
    """One pipe: what it is told, and what it counted since the last tick and before.

    `load` is, for RED, how many times its limit was reached in the last interval; for NETWORK 1
    when too much waited in the sockets, else -1, and 0 until the first tick.
    """

    __slots__ = ("algorithm", "counter", "last_counter", "limit", "load", "unused")

    def __init__(self, algorithm: Algorithm, limit: int) -> None:
        self.algorithm = algorithm
        self.limit = limit
        self.counter = 0
        self.last_counter = 0
        self.load = 0
        self.unused = 0
        """Intervals in a row without a message."""

    def go_on_from(self, before: "Pipe") -> None:
        """Take over what another pipe counted, if it is of the same kind."""
        if self.algorithm is before.algorithm:
            self.counter, self.last_counter = before.counter, before.last_counter
            self.load, self.unused = before.load, before.unused

    def push(self, most: int, drop_rate: int) -> int:
        """Count a message: 1 it may pass, -1 not.

        TAILDROP lets `most` pass until the next tick, `drop_rate` is per cent, for FEEDBACK.
        NETWORK gives 0, which ends the script, until the first tick. A pipe without algorithm
        lets all pass.
        """
        self.counter += 1
        match self.algorithm:
            case Algorithm.TAILDROP:
                return 1 if self.counter <= most else -1
            case Algorithm.RED:
                return 1 if self.load == 0 or self.counter % self.load == 0 else -1
            case Algorithm.FEEDBACK:
                return -1 if _ORDER[self.counter % 100] < drop_rate else 1
            case Algorithm.NETWORK:
                return -self.load
        return 1

    def tick(self, per_interval: int, waiting: int) -> None:
        """An interval is over; `waiting` are the bytes in the queues of our sockets."""
        if self.algorithm is Algorithm.NETWORK:
            self.load = 1 if waiting > self.limit else -1
        elif per_interval:
            self.load = div(self.counter, per_interval)
        self.last_counter = self.counter
        self.counter = 0


class Feedback:
    """The controller that holds the processor's load at a set point by dropping messages.

    A PID controller (https://en.wikipedia.org/wiki/PID_controller); loads are 0.0 to 1.0.
    """

    def __init__(self) -> None:
        self.ki = -25.0
        self.kp = 0.0
        self.kd = 0.0
        self.setpoint = 0.0
        self.load = 0.0
        self.drop_rate = 0
        """Messages to be refused, per cent; above 100 all are."""
        self._integral = 0.0
        self._last = 0.0

    def update(self, load: float) -> None:
        """Take a new load and find the drop rate for it."""
        self.load = load
        error = self.setpoint - load
        # A long time of low load must not be saved up against the next peak.
        if self._integral < 0 or error < 0:
            self._integral += error
        output = self.kp * error + self.ki * self._integral + self.kd * (error - self._last)
        self._last = error
        self.drop_rate = max(0, int(output))

    def shown(self) -> str:
        """The parameters as the commands `rl.get_pid` and `pl.get_pid` print them."""
        return f"ki[{self.ki:f}] kp[{self.kp:f}] kd[{self.kd:f}] "


def common_setpoint(limits: list[int]) -> int:
    """The one load, in per cent, that all FEEDBACK pipes shall hold; -1 without such pipes.

    Raises ValueError when a limit is no percentage or they differ.
    """
    for limit in limits:
        if not 0 <= limit <= 100:
            raise ValueError("FEEDBACK cpu load must be >=0 and <= 100")
        if limit != limits[0]:
            raise ValueError("FEEDBACK cpu load values must be equal for all pipes")
    return limits[0] if limits else -1


def rate_text(per_interval: int, interval: int) -> str:
    """What a TAILDROP pipe lets through, for a person: `20 in 3 s, 6.7/s`."""
    return f"{per_interval} in {interval} s, {per_interval / interval:.3g}/s"
