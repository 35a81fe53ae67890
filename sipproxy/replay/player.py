"""Plays captures through a proxy on a virtual clock and notes what became of each message."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.bindings import AUTHORIZED
from sipproxy.core.context import Context
from sipproxy.core.flow import STREAMS, Address, Flow
from sipproxy.core.host import Host
from sipproxy.core.values import Value
from sipproxy.faults import cfg_line
from sipproxy.loader import called
from sipproxy.program import Program
from sipproxy.proxy import Proxy
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.connections import Connections
from sipproxy.replay.downstream import Downstream
from sipproxy.replay.glance import (
    Exchange,
    agent_of,
    belongs,
    credentials_user,
    exchange,
    from_user,
    has_to_tag,
    status_of,
)
from sipproxy.replay.judges import ByCapture, Users, install_judge
from sipproxy.replay.log import ReplayLog
from sipproxy.replay.me import sockets_for
from sipproxy.replay.people import Good, People
from sipproxy.replay.places import Places
from sipproxy.replay.survey import Outcome, Recent, Survey
from sipproxy.replay.tally import Tally
from sipproxy.replay.verdicts import (
    ABSORBED,
    ANSWERED,
    DROPPED,
    RELAYED,
    Blocking,
    Decision,
    Source,
)
from sipproxy.standins import StandIn, StandIns

MOST_SOURCES = 50_000
OTHERS = "others"
"""How many addresses have an account of their own, and the name of the account of all others."""
MOST_TURNS = 100
"""How often a message may come back to ourselves before it is taken for a loop."""


class Watcher(Protocol):
    """Who looks on while captures are played, and notes what the sums do not tell."""

    def arrange(self, host: Host) -> None:
        """The modules are loaded, no route is compiled yet."""

    def begin(self, player: "Player") -> None:
        """The proxy is made, nothing was played yet."""

    def take(self, decision: Decision, blocked: bool) -> None:
        """A decision is closed."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a replay judges. `auth` is `db`, `capture`, `accept` or `reject`; `users`, where given,
    stand in for the database. `stubs` are answers by name of what is not there, or is not to run.
    `told` is called with each decision when it is closed; `watchers` see more.
    """

    auth: str = "db"
    users: Users | None = None
    good: Good = field(default_factory=Good)
    blocking: Blocking = field(default_factory=Blocking)
    stubs: Mapping[str, Value] = field(default_factory=dict)
    told: Callable[[Decision], None] | None = None
    watchers: Sequence[Watcher] = ()
    keeps_log: bool = True


class Player:
    """Captures through one cfg. The proxy is not opened: nothing outside is touched."""

    def __init__(
        self,
        program: Program,
        me: Sequence[Address],
        start: float,
        *,
        survey: Survey | None = None,
        manner: Manner | None = None,
    ) -> None:
        """`me` are our addresses in the capture, `start` the time at which the server starts."""
        survey = survey or Survey()
        self.manner = manner = manner or Manner()
        self.clock = VirtualClock(start)
        self.log = ReplayLog(program.settings.debug, keeps=manner.keeps_log)
        self.stand_ins = StandIns(manner.stubs)
        """What answers for what the cfg asks for and is not there."""
        self.proxy = Proxy(
            program,
            clock=self.clock,
            chance=Chance("replay"),
            log=self.log,
            sockets=sockets_for(me, program.settings.sockets(), survey.protos),
            read_only=True,
            stand_ins=self.stand_ins,
            arrange=self._arrange,
        )
        self.stand_ins.watch = self._note_stand_in
        host = self.proxy.host
        host.observe_send = self._note_sent
        host.on_wait.append(self._note_wait)
        self._places = Places(survey.sent, frozenset(me), self.stand_ins)
        host.names.ask = self._places.ask
        begins = not program.settings.tcp_no_connect
        host.streams = self.connections = Connections(me, begins=begins)
        self.me = frozenset(me)
        self.survey = survey
        self.sources: dict[str, Source] = {}
        self.people = People(manner.good)
        self.tally = Tally()
        self.fed = 0
        self.messages = 0
        """SIP messages among the packets that were fed."""
        self.capture = 0
        """Which of several captures is played, from 0."""
        self.auth = manner.auth if manner.users is None else "file"
        self._judge = install_judge(host.modules.get("auth"), self.auth, manner.users)
        self._by_capture = self._judge if isinstance(self._judge, ByCapture) else None
        self._place = 0
        self._has_transactions = "tm" in host.modules
        self._sent: list[tuple[bytes, Flow, str]] = []
        self._waits = False
        self._stubs: list[str] | None = None
        """The stand-ins that the request in hand came to; None while there is none."""
        self._open: Recent[Exchange, Decision] = Recent()
        self._downstream = Downstream()
        self._refused: Recent[bytes, str] = Recent()
        """Calls that only the old server let through, with who began them."""
        for watcher in manner.watchers:
            watcher.begin(self)

    def _arrange(self, host: Host) -> None:
        for watcher in self.manner.watchers:
            watcher.arrange(host)

    @property
    def unused_stubs(self) -> list[str]:
        """Stubs that were given for nothing, each with what may have been meant."""
        return list(self.stand_ins.unused(called(self.proxy.program.config)))

    @property
    def undecided(self) -> int:
        """Credentials of which the capture does not tell what became (`--auth capture`)."""
        return self._by_capture.unknown if self._by_capture is not None else 0

    # -- told by the proxy

    def _note_sent(self, data: bytes, flow: Flow) -> None:
        """The route that sends is on the stack: the innermost cfg line says where."""
        line = cfg_line(sys._getframe(1), self.proxy.program.config)
        self._sent.append((data, flow, line))

    def _note_wait(self, ctx: Context) -> None:
        self._waits = True

    def _note_stand_in(self, stand_in: StandIn, ctx: Context | None) -> None:
        """Mark the request that came to a stand-in, be it at once or in a later route."""
        if self._stubs is not None:
            if stand_in.name not in self._stubs:
                self._stubs.append(stand_in.name)
            return
        found = None if ctx is None else exchange(ctx.msg.raw)
        mine = None if found is None else self._open.get(found)
        if mine is not None and mine.depend(stand_in.name) and mine.verdict:
            self._source_of(mine).uncertain += 1

    # -- packets

    def play(self, packets: Iterable[Packet]) -> None:
        """Feed every packet that was sent to one of our addresses; call :meth:`finish` at the end.

        With a survey, the packets must be those that it saw, in the same order.
        """
        me, tally, survey = self.me, self.tally, self.survey
        for packet in packets:
            place = self._place
            self._place = place + 1
            source, dest, _, proto = packet.datagram
            if proto in STREAMS:
                self._play_stream(packet, survey.outcome(place))
            elif dest not in me:
                if source in me:
                    tally.from_us += 1
                else:
                    tally.elsewhere += 1
            elif source in me:
                tally.between += 1
            else:
                self.feed(packet, survey.outcome(place))

    def _play_stream(self, packet: Packet, captured: Outcome) -> None:
        """A message of a connection, or the end of one."""
        connections, tally, datagram = self.connections, self.tally, packet.datagram
        if not datagram.data:
            self._pass_time(packet)
            flow = connections.end(datagram)
            if flow is not None:
                self.proxy.closed(flow)
        elif connections.is_ours(datagram.source, datagram.data):
            if datagram.dest in self.me:
                tally.between += 1
            else:
                tally.from_us += 1
        elif connections.comes_to_us(datagram.dest):
            self.feed(packet, captured)
        else:
            tally.elsewhere += 1

    def finish(self) -> None:
        """No more packets: what is open now got no answer."""
        for decision in self._open.rest():
            self._give_up(decision)

    def feed(self, packet: Packet, captured: Outcome | None = None) -> None:
        """Run what is due before the packet, each timer at its own instant, then the packet."""
        now = self._pass_time(packet)
        self.fed += 1
        (address, _), _, data, _ = packet.datagram
        source = self.sources.get(address) or self._new_source(address)
        found = exchange(data)
        if found is not None and status_of(data):
            self._take_reply(packet, found, source, now)
        elif found is None or not self._is_of_old_only(address, found, data):
            self._take(packet, found, source, now, captured or Outcome())

    def _pass_time(self, packet: Packet) -> float:
        """Let time pass up to a packet; the time it is then."""
        number, now, _ = packet
        if now < self.clock.now():
            self.tally.late += 1
            now = self.clock.now()
        self.log.packet = number
        self.advance(now)
        return now

    def _new_source(self, address: str) -> Source:
        """The account of an address, or the common one where there are too many."""
        if len(self.sources) >= MOST_SOURCES:
            return self.sources.setdefault(OTHERS, Source())
        return self.sources.setdefault(address, Source())

    def _source_of(self, decision: Decision) -> Source:
        """The account of who sent a request."""
        return self.sources.get(decision.source[0]) or self.sources[OTHERS]

    def advance(self, until: float) -> None:
        """Let time pass: run due timers in order."""
        proxy, clock, timers = self.proxy, self.clock, self.proxy.host.timers
        while (due := timers.next_deadline()) is not None and due <= until:
            clock.set(max(due, clock.now()))
            proxy.expire(due)
            proxy.settle()
            self.tally.by_timers += len(proxy.outbox)
            if self._sent:
                self._attribute(None, None, clock.now())
        clock.set(until)

    # -- one message

    def _flow(self, datagram: Datagram) -> Flow:
        """The way by which a message comes to us."""
        source, dest, _, proto = datagram
        if proto in STREAMS:
            return self.connections.arrive(datagram)
        return Flow(proto, dest, source)

    def _receive(self, data: bytes, flow: Flow, now: float) -> Context | None:
        good = self.proxy.receive(data, flow, now)
        self.proxy.settle()
        if flow.connection and not good:
            # A server closes a connection on which something else than SIP comes.
            self.connections.drop(flow)
            self.proxy.closed(flow)
        return self.proxy.last

    def _take_reply(self, packet: Packet, found: Exchange, source: Source, now: float) -> None:
        """A captured reply enters if it answers what our proxy sent."""
        datagram = packet.datagram
        self.messages += 1
        source.replies += 1
        data = self._downstream.answer(datagram.source, found, datagram.data)
        if data is None:
            self.tally.unmatched += 1
            return
        self._receive(data, self._flow(datagram), now)
        if self._sent:
            self._attribute(None, None, now)

    def _is_of_old_only(self, address: str, found: Exchange, data: bytes) -> bool:
        """Whether a request came only because the old server let a call through."""
        if self._refused.get(found.call_id) in (None, address) or not has_to_tag(data):
            return False
        self.tally.only_old += 1
        return True

    def _take(
        self,
        packet: Packet,
        found: Exchange | None,
        source: Source,
        now: float,
        captured: Outcome,
    ) -> None:
        datagram = packet.datagram
        if self._by_capture is not None:
            self._by_capture.outcome = captured
        self._waits = False
        self._stubs = []
        ctx = self._receive(datagram.data, self._flow(datagram), now)
        if ctx is None or found is None:
            self._stubs = None
            if datagram.data.strip(b"\r\n\0 \t"):
                source.malformed += 1
            else:
                source.other += 1
            if self._sent:
                self._attribute(None, None, now)
            return
        self.messages += 1
        decision = self._begin(packet, found, captured, source)
        before = self._open.get(found)
        if self._sent:
            self._attribute(decision, found, now)
        if self._stubs:
            decision.stubs = tuple(self._stubs)
        self._stubs = None
        self._conclude(decision, found, before, ctx)

    def _begin(
        self, packet: Packet, found: Exchange, captured: Outcome, source: Source
    ) -> Decision:
        """Note who asks what."""
        number, time, (sender, _, data, _) = packet
        proved = credentials_user(data)
        user = from_user(data) if proved is None else proved
        decision = Decision(number, time, sender, captured, found, user)
        decision.capture = self.capture
        decision.place = self._place - 1
        method = decision.method
        source.requests[method] += 1
        source.name(user, agent_of(data))
        if captured.status:
            source.captured[captured.status] += 1
        people = self.people
        if captured.known or people.good.has(user, sender[0]):
            decision.person = person = people.person(user, sender[0])
            if person is not None:
                people.saw(person, method, proved is not None, captured)
        return decision

    def _attribute(self, decision: Decision | None, found: Exchange | None, now: float) -> None:
        """Give each row that was sent to the request it belongs to; bring back what is for us."""
        turns = 0
        while self._sent:
            rows, self._sent = self._sent, []
            self.proxy.outbox.clear()
            for data, flow, line in rows:
                if found is not None and belongs(data, found):
                    of, mine = found, decision
                else:
                    other = exchange(data)
                    if other is None:
                        continue
                    of = other
                    mine = decision if of == found else self._open.get(of)
                status = status_of(data)
                remote = flow.remote if flow.proto == "udp" else self._peer(data, flow)
                if remote in self.me:
                    self._note_relayed(mine, status, remote, line)
                    if not status:
                        self._downstream.sent(now, remote, of, data)
                    turns += 1
                    if turns > MOST_TURNS:
                        self.tally.loops += 1
                    else:
                        self._receive(data, Flow(flow.proto, remote, flow.local), now)
                elif status:
                    self._note_answer(mine, status, line)
                    if mine is not None and mine is not decision and not mine.verdict:
                        self._give_up(mine, at_end=False)
                else:
                    self._note_relayed(mine, status, remote, line)
                    made_up = self._places.is_made(remote[0])
                    self._downstream.sent(now, None if made_up else remote, of, data)

    def _peer(self, data: bytes, flow: Flow) -> Address:
        """Who gets a row of a stream."""
        remote = self.connections.remote(flow)
        if remote is not None:
            return remote
        self.tally.unsent += 1
        self.proxy.send_failed((data, flow))
        return flow.remote

    def _note_answer(self, mine: Decision | None, status: int, line: str) -> None:
        """A reply goes out."""
        if mine is None:
            return
        source = self._source_of(mine)
        source.answers[status] += 1
        if mine.status < 200:
            mine.status = status
            if mine.verdict != RELAYED and mine.to is None:
                mine.line = line or mine.line

    def _note_relayed(self, mine: Decision | None, status: int, to: Address, line: str) -> None:
        """A request goes on."""
        if mine is not None and not status and mine.to is None:
            mine.to = to
            mine.line = line or mine.line

    # -- verdicts

    def _conclude(
        self, decision: Decision, found: Exchange, before: Decision | None, ctx: Context
    ) -> None:
        """Find the verdict, or leave it open for what timers and replies will do."""
        if ctx.touched("scratch") and AUTHORIZED in ctx.scratch:
            decision.auth = self.auth
        if decision.to is not None:
            self._close(decision, RELAYED)
        elif decision.status >= 200:
            self._close(decision, ANSWERED)
        elif self._is_again(decision, before) or (decision.method == "ACK" and not self._waits):
            decision.line = decision.line or ctx.left_at
            self._close(decision, ABSORBED)
            return
        elif not decision.status and not self._waits:
            decision.line = ctx.left_at
            self._close(decision, DROPPED)
        if self._is_wanted_later(decision):
            for gone in (self._open.put(self.clock.now(), found, decision) or {}).values():
                self._give_up(gone)

    def _is_again(self, decision: Decision, before: Decision | None) -> bool:
        """Whether it repeats a request that is taken care of."""
        return before is not None and before.is_settled and before.source == decision.source

    def _is_wanted_later(self, decision: Decision) -> bool:
        """Whether an answer may come, or a retransmission that must be told from a request."""
        return self._has_transactions or decision.verdict in (RELAYED, "")

    def _give_up(self, decision: Decision, *, at_end: bool = True) -> None:
        """Close a decision that was left open: nothing comes any more, or its final answer did."""
        if decision.verdict or (not at_end and decision.status < 200):
            return
        if decision.to is not None:
            self._close(decision, RELAYED)
        elif decision.status >= 200:
            self._close(decision, ANSWERED)
        else:
            self._close(decision, DROPPED)

    def _close(self, decision: Decision, verdict: str) -> None:
        """The verdict is found: count it."""
        decision.verdict = verdict
        decision.diverges = decision.differs()
        source = self._source_of(decision)
        source.take(decision)
        if decision.captured.relayed and verdict != RELAYED and verdict != ABSORBED:
            call_id = decision.exchange.call_id
            self._refused.put(self.clock.now(), call_id, decision.source[0])
        blocked = self.manner.blocking.counts(decision)
        if blocked:
            source.block(decision)
            person = decision.person or self.people.person(decision.user, decision.source[0])
            if person is not None:
                self.people.block(person, decision)
        for watcher in self.manner.watchers:
            watcher.take(decision, blocked)
        if self.manner.told is not None:
            self.manner.told(decision)
