"""Plays a capture through a proxy on a virtual clock and notes what became of each message."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Address, Flow
from sipproxy.core.log import DEBUG
from sipproxy.core.sockets import ListenSocket
from sipproxy.faults import cfg_line
from sipproxy.program import Program
from sipproxy.proxy import Proxy
from sipproxy.replay.capture import Packet

_CHALLENGES = (401, 407)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A request that was refused or got no answer: the frame, its time, what and where.

    `status` is 0 for a request that was dropped; `line` is `file:line` of the cfg, or empty.
    """

    packet: int
    time: float
    method: str
    status: int
    line: str


@dataclass(slots=True)
class Source:
    """What one address sent and what became of it."""

    requests: Counter[str] = field(default_factory=Counter)
    """Requests by method."""
    answers: Counter[int] = field(default_factory=Counter)
    """Answers sent to it by status."""
    replies: int = 0
    relayed: int = 0
    dropped: int = 0
    """Requests that were neither answered nor relayed (an ACK needs no answer) and lost replies."""
    malformed: int = 0
    other: int = 0
    """Datagrams that are no SIP: keepalives and the like."""
    first_blocked: Blocked | None = None
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the cfg wrote to its log, after the frame that caused it."""

    packet: int
    level: int
    origin: str
    text: str


class ReplayLog:
    """The log sink of a replay: keeps each line with the frame it belongs to."""

    def __init__(self, threshold: int = DEBUG) -> None:
        self.threshold = threshold
        self.packet = 0
        self.lines: list[Line] = []

    def write(self, level: int, origin: str, text: str, label: str = "") -> None:
        self.lines.append(Line(self.packet, level, origin, text))


class Player:
    """One capture through one cfg. The proxy is not opened: nothing outside is touched."""

    def __init__(self, program: Program, me: Sequence[Address], start: float) -> None:
        """`me` are our addresses in the capture, `start` the time of its first packet."""
        self.clock = VirtualClock(start)
        self.log = ReplayLog(program.settings.debug)
        sockets = sockets_for(me, program.settings.sockets())
        self.proxy = Proxy(
            program,
            clock=self.clock,
            chance=Chance("replay"),
            log=self.log,
            sockets=sockets,
            read_only=True,
        )
        self.proxy.host.observe_send = self._note_line
        self.me = frozenset(me)
        self.sources: dict[str, Source] = {}
        self.fed = 0
        self.timer_sent = 0
        """Messages that timers sent, between the packets."""
        self.late = 0
        """Packets whose time lies before the one in front of them."""
        self._line = ""

    def _note_line(self, data: bytes, flow: Flow) -> None:
        """The route that sends is on the stack: the innermost cfg line says where."""
        self._line = cfg_line(sys._getframe(1), self.proxy.program.config)

    def play(self, packets: Iterable[Packet]) -> None:
        """Feed every packet that was sent to one of our addresses."""
        for packet in packets:
            if packet.datagram.dest in self.me:
                self.feed(packet)

    def feed(self, packet: Packet) -> None:
        """Run what is due before the packet, each timer at its own instant, then the packet."""
        now = packet.time
        if now < self.clock.now():
            self.late += 1
            now = self.clock.now()
        self.log.packet = packet.number
        self.advance(now)
        data = packet.datagram
        flow = Flow(data.proto, data.dest, data.source)
        self._line = ""
        self.proxy.receive(data.data, flow, now)
        self.proxy.settle()
        self.fed += 1
        self._account(packet, now)

    def advance(self, until: float) -> None:
        """Let time pass: run due timers in order."""
        while (due := self.proxy.next_deadline) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self.proxy.expire(due)
            self.proxy.settle()
            self.timer_sent += len(self.proxy.outbox)
            self.proxy.outbox.clear()
        self.clock.set(until)

    def _account(self, packet: Packet, now: float) -> None:
        """Note what the proxy did with the packet."""
        sent = self.proxy.outbox[:]
        self.proxy.outbox.clear()
        source = self.sources.setdefault(packet.datagram.source[0], Source())
        ctx = self.proxy.last
        if ctx is None:
            if packet.datagram.data.strip(b"\r\n\0 \t"):
                source.malformed += 1
            else:
                source.other += 1
            return
        answers = [s for s in map(_status, (data for data, _ in sent)) if s]
        relayed = len(sent) - len(answers)
        if not ctx.msg.is_request:
            source.replies += 1
            source.relayed += bool(sent)
            source.dropped += not sent
            return
        method = ctx.msg.method
        source.requests[method] += 1
        source.answers.update(answers)
        source.relayed += bool(relayed)
        final = next((s for s in answers if s >= 200), 0)
        if relayed or (final and final < 400) or final in _CHALLENGES:
            return
        if method != "ACK" and (final or not sent):
            source.dropped += not sent
            source.blocked += 1
            if source.first_blocked is None:
                line = self._line or ctx.left_at
                source.first_blocked = Blocked(packet.number, now, method, final, line)


def _status(data: bytes) -> int:
    """The status of a reply, 0 for a request."""
    return int(data[8:11]) if data.startswith(b"SIP/2.0 ") else 0


def sockets_for(me: Sequence[Address], listen: Sequence[ListenSocket]) -> list[ListenSocket]:
    """The sockets of the replay: our addresses in the capture, then those of the cfg.

    A single `listen` line keeps its name and advertised address at another place.
    """
    known = {socket.local: socket for socket in listen}
    like = listen[0] if len(listen) == 1 and len(me) == 1 else ListenSocket("udp", "", 0)
    ours = [known.get(a) or replace(like, proto="udp", address=a[0], port=a[1]) for a in me]
    taken = {socket.local for socket in ours}
    return [*ours, *(socket for socket in listen if socket.local not in taken)]


def guess_me(packets: Iterable[Packet], program: Program) -> tuple[list[Address], str]:
    """Our addresses in a capture and how they were found.

    Those of the cfg's `listen` lines that anything was sent to; else the address that most SIP
    requests went to.
    """
    listen = {socket.local for socket in program.settings.sockets()}
    dests: Counter[Address] = Counter()
    requests: Counter[Address] = Counter()
    for dest, is_request in _destinations(packets):
        dests[dest] += 1
        requests[dest] += is_request
    ours = [address for address in dests if address in listen]
    if ours:
        return ours, "a listen line of the cfg"
    busiest = [address for address, count in requests.most_common(1) if count]
    return busiest, "most requests went there"


def _destinations(packets: Iterable[Packet]) -> Iterator[tuple[Address, bool]]:
    for packet in packets:
        first = packet.datagram.data.partition(b"\n")[0].rstrip()
        if first.startswith(b"SIP/2.0 "):
            yield packet.datagram.dest, False
        elif first.endswith(b"SIP/2.0"):
            yield packet.datagram.dest, True
