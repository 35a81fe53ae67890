"""What became of each message, and of each source."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sipproxy.core.flow import Address
from sipproxy.replay.glance import Exchange
from sipproxy.replay.survey import Outcome
from sipproxy.text import decode

if TYPE_CHECKING:
    from sipproxy.replay.people import Person

ANSWERED, RELAYED, DROPPED, ABSORBED = "answered", "relayed", "dropped", "absorbed"
CHALLENGES = (401, 407)
_MOST_NAMES = 1000


class Decision:
    """One request: what the cfg did with it, and where; what the old server did.

    `verdict` is `answered`, `relayed`, `dropped`, `absorbed` (an ACK, a retransmission), or empty
    while it is open. `status` is the last answer, 0 for none; of a relayed request it may come
    from behind. `line` is `file:line` of the cfg. `auth` says who judged its credentials, empty
    when none were looked at.
    """

    __slots__ = (
        *("auth", "captured", "capture", "diverges", "exchange", "line", "method"),
        *(
            "packet",
            "person",
            "place",
            "source",
            "status",
            "stubs",
            "time",
            "to",
            "user",
            "verdict",
        ),
    )

    def __init__(
        self,
        packet: int,
        time: float,
        source: Address,
        captured: Outcome,
        exchange: Exchange,
        user: str,
    ) -> None:
        self.packet = packet
        self.time = time
        self.source = source
        self.captured = captured
        self.exchange = exchange
        self.user = user
        self.method = exchange.method
        self.capture = 0
        """Which of the captures it stands in, from 0."""
        self.place = 0
        """Its number among the messages of all captures, from 0: the same in each replay."""
        self.person: Person | None = None
        """The user at this source, where the capture tells something of them."""
        self.verdict = ""
        self.status = 0
        self.line = ""
        self.to: Address | None = None
        """Where it was relayed to first."""
        self.auth = ""
        self.stubs: tuple[str, ...] = ()
        """What stood in for something else on the way to the verdict, by name."""
        self.diverges = False
        """Whether the old server is known to have done something else."""

    @property
    def call_id(self) -> str:
        """The value of Call-ID."""
        return decode(self.exchange.call_id)

    @property
    def cseq(self) -> str:
        """The value of CSeq."""
        return decode(self.exchange.cseq)

    def depend(self, stub: str) -> bool:
        """Something stood in for something else in a later route; True when it is the first."""
        first = not self.stubs
        if stub not in self.stubs:
            self.stubs += (stub,)
        return first

    @property
    def is_settled(self) -> bool:
        """Whether the request was taken care of: its retransmission needs nothing more."""
        return self.verdict in (ANSWERED, RELAYED, ABSORBED, "")

    def differs(self) -> bool:
        """Whether the old server is known to have done something else."""
        old = self.captured
        if not old.known or self.verdict == ABSORBED:
            return False
        if self.verdict == RELAYED:
            return not old.relayed
        return old.relayed or old.status != self.status


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
    stubs: tuple[str, ...] = ()
    """What stood in for something else on the way there."""

    @classmethod
    def of(cls, decision: Decision) -> "Blocked":
        """What a decision that blocks says."""
        status = 0 if decision.verdict == DROPPED else decision.status
        return cls(
            decision.packet,
            decision.time,
            decision.method,
            status,
            decision.line,
            decision.stubs,
        )


@dataclass(slots=True)
class Source:
    """What one address sent and what became of it."""

    requests: Counter[str] = field(default_factory=Counter)
    """Requests by method."""
    answers: Counter[int] = field(default_factory=Counter)
    """Answers sent to it by status."""
    captured: Counter[int] = field(default_factory=Counter)
    """What the old server answered its requests, by status."""
    accepted: int = 0
    """Requests answered with 2xx."""
    challenged: int = 0
    rejected: int = 0
    """Requests answered with 400 or above but for a challenge."""
    relayed: int = 0
    absorbed: int = 0
    dropped: int = 0
    """Requests that were neither answered nor relayed (an ACK needs no answer) and lost replies."""
    replies: int = 0
    malformed: int = 0
    other: int = 0
    """Datagrams that are no SIP: keepalives and the like."""
    blocked: int = 0
    uncertain: int = 0
    """Requests whose verdict something may have changed that stood in for something else."""
    first_blocked: Blocked | None = None
    diverged: Decision | None = None
    """The first request that the old server is known to have treated otherwise."""
    agents: Counter[str] = field(default_factory=Counter)
    """User agents, by requests."""
    users: Counter[str] = field(default_factory=Counter)
    """Users that it gave itself for, by requests."""

    def name(self, user: str, agent: str) -> None:
        """Count who it says it is; names beyond a thousand are not told apart."""
        users, agents = self.users, self.agents
        if user and (user in users or len(users) < _MOST_NAMES):
            users[user] += 1
        if agent and (agent in agents or len(agents) < _MOST_NAMES):
            agents[agent] += 1

    def take(self, decision: Decision) -> None:
        """Count a request whose verdict is found."""
        verdict, status = decision.verdict, decision.status
        if decision.stubs:
            self.uncertain += 1
        if verdict == RELAYED:
            self.relayed += 1
        elif verdict == ABSORBED:
            self.absorbed += 1
        elif verdict == DROPPED:
            self.dropped += 1
        elif status in CHALLENGES:
            self.challenged += 1
        elif status >= 400:
            self.rejected += 1
        elif status < 300:
            self.accepted += 1
        if decision.diverges and (
            self.diverged is None or (decision.time, decision.packet) < _place(self.diverged)
        ):
            self.diverged = decision

    def block(self, decision: Decision) -> None:
        """Count a request that was blocked."""
        self.blocked += 1
        at = decision.time, decision.packet
        first = self.first_blocked
        if first is None or at < (first.time, first.packet):
            self.first_blocked = Blocked.of(decision)


def _place(decision: Decision) -> tuple[float, int]:
    return decision.time, decision.packet


class Blocking:
    """Which final answers count as blocked: 400 and above but 401 and 407, and silence."""

    def __init__(self, statuses: frozenset[int] | None = None, *, silence: bool = True) -> None:
        """`statuses` replaces the usual ones."""
        self.text = "400 and above but 401 and 407, and silence"
        """What is counted, in words."""
        self._statuses = statuses
        self._silence = silence

    @classmethod
    def parse(cls, text: str) -> "Blocking":
        """`403,429,500-599,silence`; raises ValueError."""
        statuses: set[int] = set()
        silence = False
        for part in text.split(","):
            word = part.strip()
            if word == "silence":
                silence = True
                continue
            low, _, high = word.partition("-")
            first, last = int(low), int(high or low)
            if not 300 <= first <= last <= 699:
                raise ValueError(f"{word!r} is no range of final answers")
            statuses.update(range(first, last + 1))
        made = cls(frozenset(statuses), silence=silence)
        made.text = text
        return made

    def counts(self, decision: Decision) -> bool:
        """Whether a decided request was blocked."""
        if decision.verdict == DROPPED:
            return self._silence
        if decision.verdict != ANSWERED:
            return False
        if self._statuses is not None:
            return decision.status in self._statuses
        return decision.status >= 400 and decision.status not in CHALLENGES
