"""Why a message was treated as it was: the lines run, the values seen, and what led to them.

The whole capture runs, so that the state is right; only the wanted messages are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipproxy.core.context import Context
from sipproxy.core.flow import Address
from sipproxy.core.host import Host
from sipproxy.errors import SipproxyError
from sipproxy.program import Program
from sipproxy.replay.explain_sight import Sight
from sipproxy.replay.explain_trace import Run
from sipproxy.replay.glance import Exchange, exchange
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.run import Captures, Replayed
from sipproxy.replay.show import show_address
from sipproxy.replay.verdicts import Decision
from sipproxy.text import decode

MOST = 20
"""Requests that are explained in full."""
_MOST_ROWS = 1000
_MOST_PENDING = 10_000


class ExplainError(SipproxyError):
    """There is nothing to explain; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are to be explained: those of a call, of a source, or of packets.

    A packet is the place of its capture (from 0; -1 for any) and its number.
    """

    call_id: bytes = b""
    source: str = ""
    packets: frozenset[tuple[int, int]] = frozenset()

    def has(self, found: Exchange, source: str, capture: int, packet: int) -> bool:
        """Whether it is one of them."""
        if self.call_id:
            return found.call_id == self.call_id
        if self.source:
            return source == self.source
        return (-1, packet) in self.packets or (capture, packet) in self.packets

    def __str__(self) -> str:
        if self.call_id:
            return f"Call-ID {decode(self.call_id)}"
        if self.source:
            return f"source {self.source}"
        shown = (f"{at + 1}:{n}" if at >= 0 else f"{n}" for at, n in sorted(self.packets))
        return f"packet {', '.join(shown)}"


@dataclass(slots=True)
class Row:
    """Requests one after the other that had the same fate."""

    first: Decision
    last: Decision
    blocked: bool
    count: int = 1

    def takes(self, decision: Decision, blocked: bool) -> bool:
        """Whether another request is of the same kind."""
        return _fate(self.last, self.blocked) == _fate(decision, blocked)


def _fate(decision: Decision, blocked: bool) -> tuple[object, ...]:
    status = decision.status if decision.verdict == "answered" else 0
    return decision.method, decision.verdict, status, decision.line, blocked


class Explainer:
    """Looks on while captures are played, and keeps what is wanted: a watcher of the player.

    Of a source only the turning points are kept: requests with another fate than the one before.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.sight = Sight(self._open)
        self.rows: list[Row] = []
        self.runs: list[Run] = []
        self.requests = 0
        self.left_out = 0
        """Requests that are in `rows`, but are not explained in full."""
        self._serial = 0
        self._player: Player | None = None
        self._pending: dict[Exchange, list[Run]] = {}
        self._kept: set[Exchange] = set()

    def arrange(self, host: Host) -> None:
        """Before any route is compiled."""
        self.sight.arrange(host)

    def begin(self, player: Player) -> None:
        """The proxy is made."""
        self._player = player
        self.sight.begin(player)

    def _open(self, ctx: Context, found: Exchange) -> Run | None:
        """A context begins; that of a later route of a wanted request is wanted too."""
        player = self._player
        assert player is not None
        capture, packet = player.capture, player.log.packet
        known = found in self._pending or found in self._kept
        is_asked = ctx.kind == "request" and self.wanted.has(
            found, ctx.flow.remote[0], capture, packet
        )
        if not known and not is_asked and found.call_id != self.wanted.call_id:
            return None
        number = self.sight.history.number
        run = Run.of(ctx, found, capture=capture, packet=packet, number=number)
        self._serial += 1
        run.serial = self._serial
        if len(self._pending) < _MOST_PENDING:
            self._pending.setdefault(found, []).append(run)
        return run

    def take(self, decision: Decision, blocked: bool) -> None:
        """A request has its verdict: keep what is known of it, or drop it."""
        found, capture, packet = decision.exchange, decision.capture, decision.packet
        if not self.wanted.has(found, decision.source[0], capture, packet):
            return
        self.requests += 1
        runs = self._pending.pop(found, [])
        turns = self._add_row(decision, blocked)
        if len(self._kept) >= MOST or (self.wanted.source and not turns):
            self.left_out += 1
            return
        own = next((run for run in runs if (run.capture, run.packet) == (capture, packet)), None)
        if own is None:
            own = Run.without(decision, self.sight.history.number)
            own.serial = self._serial
            runs.append(own)
        own.decision, own.blocked = decision, blocked
        self._kept.add(found)
        self._keep(runs)

    def _add_row(self, decision: Decision, blocked: bool) -> bool:
        """Note a fate; whether it is another than that of the request before."""
        rows = self.rows
        if rows and rows[-1].takes(decision, blocked):
            rows[-1].last = decision
            rows[-1].count += 1
            return False
        if len(rows) < _MOST_ROWS:
            rows.append(Row(decision, decision, blocked))
        return True

    def _keep(self, runs: Sequence[Run]) -> None:
        for run in runs:
            run.trails = self.sight.history.trails(run.cells, run.number + 1)
        self.runs += runs

    def finish(self) -> None:
        """No more packets: what ran late for a request that is explained, belongs to it."""
        for found, runs in self._pending.items():
            if found in self._kept or self.wanted.call_id:
                self._keep(runs[:MOST])
        self._pending.clear()
        self.runs.sort(key=lambda run: run.serial)


@dataclass(frozen=True, slots=True)
class Explained:
    """What was found out."""

    wanted: Wanted
    replayed: Replayed
    explainer: Explainer


def explain(
    captures: Captures,
    program: Program,
    wanted: Wanted,
    *,
    me: Sequence[Address] = (),
    manner: Manner | None = None,
    epoch: float | None = None,
) -> Explained:
    """Play captures and explain what is wanted.

    Raises ExplainError where nothing of that came to us, and what :meth:`Captures.play` raises.
    """
    explainer = Explainer(wanted)
    manner = replace(manner or Manner(), watchers=(explainer,), keeps_log=False)
    replayed = captures.play(program, me=me, manner=manner, epoch=epoch)
    explainer.finish()
    if not explainer.requests:
        raise ExplainError(_missing(captures, replayed, wanted))
    return Explained(wanted, replayed, explainer)


def _missing(captures: Captures, replayed: Replayed, wanted: Wanted) -> str:
    """Why there is nothing to explain."""
    us = " ".join(map(show_address, replayed.me)) or "nobody"
    for number, capture in enumerate(captures.captures):
        for packet in capture:
            found = exchange(packet.datagram.data)
            source, dest = packet.datagram.source, packet.datagram.dest
            if wanted.has(found or Exchange(b"", b""), source[0], number, packet.number):
                where = f"from {show_address(source)} to {show_address(dest)}"
                if dest in replayed.me:
                    return f"packet {packet.number}, {where}, is no request that can be read"
                return (
                    f"no request with {wanted} came to us: packet {packet.number} goes {where}, "
                    f"we are {us} (see --me)"
                )
    return f"the captures have no message with {wanted}"
