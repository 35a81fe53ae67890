"""Time and chance, given to the proxy once; nothing else reads a clock or a random source."""

import os
import random
import time
from typing import Protocol


class Clock(Protocol):
    """Where `now` comes from: Unix time in seconds, with fractions."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> float:
        return time.time()


class CpuClock:
    """The seconds of processor time that this process has used; only differences mean something."""

    def now(self) -> float:
        return time.process_time()


class VirtualClock:
    """A clock that stands still until it is set; used by replay and tests.

    It never goes back: setting it to an earlier instant raises ValueError.
    """

    def __init__(self, start: float = 1_000_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def set(self, instant: float) -> None:
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now}, it cannot go back to {instant}")
        self._now = instant


class Chance:
    """Source of every made-up value: tags, branches, random numbers. Seeded, it repeats itself."""

    def __init__(self, seed: int | str | None = None) -> None:
        self._seeded = seed is not None
        self._random = random.Random(seed) if self._seeded else random.SystemRandom()

    def token(self, length: int = 16) -> str:
        """`length` hexadecimal digits."""
        if self._seeded:
            return f"{self._random.getrandbits(4 * length):0{length}x}"
        return os.urandom((length + 1) // 2).hex()[:length]

    def below(self, limit: int) -> int:
        """An integer from 0 to limit - 1."""
        return self._random.randrange(limit)

    def bytes(self, length: int) -> bytes:
        """`length` random bytes."""
        return self._random.randbytes(length)
