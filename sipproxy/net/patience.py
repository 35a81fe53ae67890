"""How a start waits for databases that are not there yet (`--wait-db`)."""

from collections.abc import Callable
from time import sleep

from sipproxy.clock import Clock
from sipproxy.errors import DatabaseError

PAUSE = 0.5
"""Seconds between two tries."""


class Patience:
    """So many seconds in all; `say` is told once of each reason to wait."""

    def __init__(self, seconds: float, say: Callable[[str], object], clock: Clock) -> None:
        self._clock = clock
        self._end = clock.now() + seconds
        self._say = say
        self._told: set[str] = set()

    def __call__(self, connect: Callable[[], None]) -> None:
        """Connect; raises DatabaseError when that still fails in the end."""
        while True:
            try:
                connect()
            except DatabaseError as error:
                left = self._end - self._clock.now()
                if left <= 0:
                    raise
                self._tell(str(error), left)
                sleep(min(PAUSE, left))
            else:
                return

    def _tell(self, reason: str, left: float) -> None:
        if reason not in self._told:
            self._told.add(reason)
            self._say(f"waiting up to {left:.0f} s for a database: {reason}")
