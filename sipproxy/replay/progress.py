"""Who is told how far a replay is."""

from collections.abc import Iterable
from typing import Protocol

from sipproxy.replay.capture import Packet


class Progress(Protocol):
    """Shown to a person who waits."""

    def through(self, packets: Iterable[Packet], what: str, count: int | None) -> Iterable[Packet]:
        """The packets, told of as they pass; `count` of them where it is known."""


class NoProgress:
    """Nobody waits."""

    def through(self, packets: Iterable[Packet], what: str, count: int | None) -> Iterable[Packet]:
        """The packets themselves: this costs nothing."""
        return packets


NO_PROGRESS = NoProgress()
