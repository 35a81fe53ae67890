"""A whole replay: captures looked at, played, and what is known at the end."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sipproxy.clock import CpuClock
from sipproxy.core.flow import Address
from sipproxy.program import Program
from sipproxy.replay.capture import Capture, Packet
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.progress import NO_PROGRESS, Progress
from sipproxy.replay.survey import Survey

_OVERHEAD = 500
"""Bytes that a packet takes in memory beside its data, about."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to."""

    player: Player
    captures: Sequence[Capture]
    me: list[Address]
    found: str
    """How our addresses were found: `as told`, or in words."""
    start: float
    """The instant at which the server started."""
    seconds: float
    """Processor time of the playing: neither the captures' first look nor the cfg's compiling."""

    @property
    def frames(self) -> int:
        """Frames of all captures."""
        return sum(capture.frames for capture in self.captures)

    @property
    def unread(self) -> Counter[str]:
        """Why frames gave nothing, with how many."""
        return sum((capture.unread for capture in self.captures), Counter[str]())

    @property
    def is_open_loop(self) -> bool:
        """Whether the captures show answers of the old server, to which senders then reacted."""
        return any(address in self.player.survey.replied for address in self.me)


class Captures:
    """Captures that were looked at, to be played any number of times.

    They are played one after the other, in the order of their first packets.
    """

    def __init__(self, paths: Sequence[str], progress: Progress = NO_PROGRESS) -> None:
        """Raises CaptureError."""
        self.captures = sorted(map(Capture, paths), key=_begin)
        self.survey = Survey()
        self._kept = Kept()
        self._progress = progress
        self._counts: list[int] = []
        """Packets of each capture."""
        with calm_collector():
            for capture in self.captures:
                self._kept.begin()
                before = len(self.survey)
                for packet in progress.through(capture, f"reading {capture.path}", None):
                    self.survey.take(packet)
                    self._kept.take(packet)
                self._counts.append(len(self.survey) - before)

    def play(
        self,
        program: Program,
        *,
        me: Sequence[Address] = (),
        manner: Manner | None = None,
        epoch: float | None = None,
    ) -> Replayed:
        """Play them through a cfg.

        Without `me` our address is guessed. `epoch` is the instant at which the server starts, by
        which timers tick; the first packet's without it. Raises CfgError, and ValueError for an
        epoch that lies behind the first packet.
        """
        survey = self.survey
        if epoch is not None and epoch > survey.first:
            raise ValueError(f"the first packet is of {survey.first:.3f}, before that epoch")
        ours, found = (list(me), "as told") if me else survey.me(program)
        start = survey.first if epoch is None else epoch
        player = Player(program, ours, start, survey=survey, manner=manner)
        began = CpuClock().now()
        with calm_collector():
            for number, capture in enumerate(self.captures):
                player.capture = number
                packets = capture if self._kept.is_over else self._kept.captures[number]
                what = f"playing {capture.path}"
                player.play(self._progress.through(packets, what, self._counts[number]))
        player.finish()
        seconds = CpuClock().now() - began
        return Replayed(player, self.captures, ours, found, start, seconds)


def replay(
    program: Program,
    paths: Sequence[str],
    *,
    me: Sequence[Address] = (),
    manner: Manner | None = None,
    epoch: float | None = None,
    progress: Progress = NO_PROGRESS,
) -> Replayed:
    """Look at captures and play them once: see :class:`Captures`."""
    return Captures(paths, progress).play(program, me=me, manner=manner, epoch=epoch)


@contextmanager
def calm_collector() -> Iterator[None]:
    """Look for cycles seldom: a replay makes next to none, and looking takes much of its time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Kept:
    """Packets of small captures, so that they are read once only; of large ones none."""

    def __init__(self, most: int = 64 << 20) -> None:
        """`most` bytes, counting some for each packet as such."""
        self._left = most
        self.captures: list[list[Packet]] = []

    @property
    def is_over(self) -> bool:
        """Whether there were too many."""
        return self._left <= 0

    def begin(self) -> None:
        """The packets of another capture follow."""
        self.captures.append([])

    def take(self, packet: Packet) -> None:
        """Keep a packet if there is room for all."""
        if self._left > 0:
            self._left -= len(packet.datagram.data) + _OVERHEAD
            self.captures[-1].append(packet)
            if self._left <= 0:
                self.captures.clear()
                self.captures.append([])


def _begin(capture: Capture) -> float:
    first = next(iter(capture), None)
    return first.time if first else 0.0
