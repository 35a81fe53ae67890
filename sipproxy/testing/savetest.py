"""A case of a capture as a pytest test: the fewest messages that lead to the same verdict."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sipproxy.clock import CpuClock
from sipproxy.core.flow import Flow
from sipproxy.core.values import Value
from sipproxy.errors import SipproxyError
from sipproxy.faults import cfg_line
from sipproxy.program import Program
from sipproxy.replay.capture import Packet
from sipproxy.replay.explain import Explained
from sipproxy.replay.explain_tables import Trail
from sipproxy.replay.explain_trace import Run
from sipproxy.replay.glance import exchange, status_of
from sipproxy.replay.run import Captures
from sipproxy.replay.show import show_address
from sipproxy.replay.verdicts import ANSWERED, DROPPED, RELAYED, Decision
from sipproxy.testing.captured import RIGHT, STALE, WRONG, Captured
from sipproxy.testing.proxy import ProxyUnderTest
from sipproxy.testing.stubs import Stub

_MOST_MESSAGES = 5000
_MOST_TRIES = 400
_SECONDS = 20.0
"""Processor time that looking for a smaller test may take."""
_RESPONSE = re.compile(rb'(\n(?:Proxy-)?Authorization[^\r\n]*?[ ,]response=")([0-9a-fA-F]+)"', re.I)

Place = tuple[int, int]
"""A capture's place and a packet's number."""


class SaveError(SipproxyError):
    """A case cannot be written as a test; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a test says: these messages lead to this verdict."""

    program: Program
    run: Run
    decision: Decision
    us: Sequence[str]
    start: float
    stubs: Mapping[str, Value]
    messages: Sequence[Captured]
    """The last one is that whose verdict is tested."""

    @property
    def verdict(self) -> str:
        """As :attr:`sipproxy.testing.Run.verdict` has it."""
        decision = self.decision
        if decision.verdict == RELAYED and decision.to is not None:
            return f"relayed to {show_address(decision.to)}"
        return f"answered {decision.status}" if decision.verdict == ANSWERED else "dropped"


def find_case(found: Explained, captures: Captures) -> Case:
    """The case of the first request that is blocked among those explained, else of the last.

    Its messages are the fewest that were found. Raises SaveError where the verdict cannot be had
    from messages alone.
    """
    run, decision = _target(found.explainer.runs)
    if decision.verdict not in (ANSWERED, RELAYED, DROPPED):
        raise SaveError(f"packet {run.packet} is {decision.verdict}: there is nothing to test")
    replayed = found.replayed
    messages = Messages(found, captures)
    case = Case(
        program=replayed.player.proxy.program,
        run=run,
        decision=decision,
        us=[show_address(address) for address in replayed.me],
        start=replayed.start,
        stubs=replayed.player.manner.stubs,
        messages=(),
    )
    target = (run.capture, run.packet)
    hunt = Hunt(case)
    for wanted in messages.likely(run):
        rows = messages.up_to(target, wanted)
        if hunt.leads(rows):
            return replace(case, messages=hunt.smaller(rows))
    raise SaveError(
        f"the requests of the capture alone do not lead to packet {run.packet} being "
        f"{case.verdict} at {decision.line or 'the end'}: it depends on more than a test can hold"
    )


def _target(runs: Sequence[Run]) -> tuple[Run, Decision]:
    decided = [(run, run.decision) for run in runs if run.decision is not None]
    blocked = [row for row in decided if row[0].blocked]
    if not decided:
        raise SaveError("there is no verdict to test")
    return blocked[0] if blocked else decided[-1]


class Messages:
    """The requests of captures that came to us, as a test has them."""

    def __init__(self, found: Explained, captures: Captures) -> None:
        self._found = found
        self._captures = captures
        self._me = frozenset(found.replayed.me)

    def likely(self, run: Run) -> Iterator[Callable[[Place, Packet], bool]]:
        """Tests of which messages may matter: few of them, those of the source, all."""
        known = set(_packets(run.trails))
        yield lambda place, packet: place in known
        address = run.source[0]
        yield lambda place, packet: packet.datagram.source[0] == address or place in known
        yield lambda place, packet: True

    def up_to(self, last: Place, wanted: Callable[[Place, Packet], bool]) -> list[Captured]:
        """The wanted messages up to a packet, which is the last of them."""
        rows: list[Captured] = []
        place = -1
        for number, capture in enumerate(self._captures.captures):
            for packet in capture:
                place += 1
                at = number, packet.number
                if not self._is_request_to_us(packet) or not (at == last or wanted(at, packet)):
                    continue
                rows.append(self._captured(at, place, packet))
                if at == last:
                    return rows[-_MOST_MESSAGES:]
        return []

    def _is_request_to_us(self, packet: Packet) -> bool:
        datagram = packet.datagram
        ours = datagram.dest in self._me and datagram.source not in self._me
        return ours and exchange(datagram.data) is not None and not status_of(datagram.data)

    def _captured(self, at: Place, place: int, packet: Packet) -> Captured:
        datagram = packet.datagram
        proto = "tcp:" if datagram.proto == "tcp" else ""
        to = show_address(datagram.dest) if len(self._me) > 1 else ""
        data = _RESPONSE.sub(_zeros, datagram.data)
        source = f"{proto}{show_address(datagram.source)}"
        return Captured(packet.time, source, data, self._worth(at, place), to)

    def _worth(self, at: Place, place: int) -> int | Sequence[int]:
        """What the credentials of a message were worth in the replay."""
        player = self._found.replayed.player
        if player.auth in ("accept", "reject"):
            return RIGHT if player.auth == "accept" else WRONG
        if player.auth == "capture":
            outcome = player.survey.outcome(place)
            if outcome.stale:
                return STALE
            refused = outcome.status in (401, 403, 407) or not outcome.known
            return WRONG if refused else RIGHT
        codes = self._found.explainer.sight.codes.get(at, [WRONG])
        return codes[0] if len(set(codes)) == 1 else tuple(codes)


def _packets(trails: Sequence[Trail]) -> Iterator[Place]:
    for trail in trails:
        yield from ((write.by.capture, write.by.packet) for write in trail.writes)
        yield from _packets(trail.because)


def _zeros(found: re.Match[bytes]) -> bytes:
    """The response of credentials, which a test has no use for."""
    return found[1] + b"0" * len(found[2]) + b'"'


class Hunt:
    """Looks for the fewest messages that lead to a verdict."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._tries = 0
        self._clock = CpuClock()
        self._until = self._clock.now() + _SECONDS

    def leads(self, messages: Sequence[Captured]) -> bool:
        """Whether they lead to the verdict, decided in the same line."""
        case = self._case
        self._tries += 1
        if not messages:
            return False
        stubs = cast(Mapping[str, Stub], case.stubs)  # texts are of variables, which have stand-ins
        proxy = ProxyUnderTest(case.program, start=case.start, stubs=stubs, us=case.us)
        lines: list[tuple[bytes, str]] = []

        def sent(data: bytes, flow: Flow) -> None:
            lines.append((data, cfg_line(sys._getframe(1), case.program.config)))

        proxy.host.observe_send = sent
        *before, last = messages
        proxy.play(before)
        lines.clear()
        run = proxy.play([last])
        proxy.host.databases.close()
        if run.verdict.replace("tcp:", "") != case.verdict:
            return False
        line = _line_of(lines, case.decision) or run.left_at
        return not case.decision.line or line == case.decision.line

    def smaller(self, messages: Sequence[Captured]) -> list[Captured]:
        """As few of them as can be found in bounded time (delta debugging): none can be spared,
        if the time was enough.
        """
        *rows, last = messages
        if self.leads([last]):
            return [last]
        parts = 2
        while len(rows) > 1 and self._goes_on():
            size = max(1, len(rows) // parts)
            starts = range(0, len(rows), size)
            for start in starts:
                less = rows[:start] + rows[start + size :]
                if self.leads([*less, last]):
                    rows, parts = less, max(parts - 1, 2)
                    break
                if not self._goes_on():
                    break
            else:
                if size == 1:
                    break
                parts = min(parts * 2, len(rows))
        return [*rows, last]

    def _goes_on(self) -> bool:
        return self._tries < _MOST_TRIES and self._clock.now() < self._until


def _line_of(lines: Sequence[tuple[bytes, str]], decision: Decision) -> str:
    """The line that decided, by the rules of the replay."""
    for data, line in lines:
        status = status_of(data)
        decides = not status if decision.verdict == RELAYED else status >= 200
        if decides:
            return line
    return ""
