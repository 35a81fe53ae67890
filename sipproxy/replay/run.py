"""A whole replay: captures looked at, played, and what is known at the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sipproxy.core.flow import Address
from sipproxy.program import Program
from sipproxy.replay.capture import Capture, Packet
from sipproxy.replay.player import Manner, Player
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


def replay(
    program: Program,
    paths: Sequence[str],
    *,
    me: Sequence[Address] = (),
    manner: Manner | None = None,
    epoch: float | None = None,
) -> Replayed:
    """Play captures through a cfg, one after the other, in the order of their first packets.

    Without `me` our address is guessed. `epoch` is the instant at which the server starts, by
    which timers tick; the first packet's without it. Raises CaptureError and CfgError, and
    ValueError for an epoch that lies behind the first packet.
    """
    captures = sorted(map(Capture, paths), key=_begin)
    survey = Survey()
    kept = Kept()
    for capture in captures:
        kept.begin()
        for packet in capture:
            survey.take(packet)
            kept.take(packet)
    if epoch is not None and epoch > survey.first:
        raise ValueError(f"the first packet is of {survey.first:.3f}, before that epoch")
    ours, found = (list(me), "as told") if me else survey.me(program)
    start = survey.first if epoch is None else epoch
    player = Player(program, ours, start, survey=survey, manner=manner)
    for number, capture in enumerate(captures):
        player.capture = number
        player.play(capture if kept.is_over else kept.captures[number])
    player.finish()
    return Replayed(player, captures, ours, found)


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
