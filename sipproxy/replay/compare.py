"""Two cfgs over the same captures: which requests move from pass to block, and which back."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sipproxy.core.flow import Address
from sipproxy.core.host import Host
from sipproxy.db.observed import observe
from sipproxy.replay.people import Person
from sipproxy.replay.player import MOST_SOURCES, OTHERS, Manner, Player
from sipproxy.replay.run import Captures, Replayed
from sipproxy.replay.variants import Variant
from sipproxy.replay.verdicts import ANSWERED, Decision

_MOST_USERS = 200_000


class Fate(NamedTuple):
    """What a cfg did with a request: verdict and status of the Decision, the line that decided."""

    verdict: str
    status: int
    line: str
    blocked: bool

    def differs(self, other: "Fate") -> bool:
        """Whether the sender would notice; neither the line nor who answered behind us counts."""
        if self.verdict != other.verdict:
            return True
        return self.verdict == ANSWERED and self.status != other.status


class Ledger:
    """The fates of all requests under one cfg, in four bytes each."""

    def __init__(self) -> None:
        self._fates: list[Fate] = []
        self._numbers: dict[Fate, int] = {}
        self._by_place = array("L")

    def put(self, place: int, fate: Fate) -> None:
        """Note the fate of the request at a place (:attr:`Decision.place`)."""
        number = self._numbers.setdefault(fate, len(self._fates) + 1)
        if number > len(self._fates):
            self._fates.append(fate)
        by_place = self._by_place
        if place >= len(by_place):
            by_place.extend([0] * (place + 1 - len(by_place)))
        by_place[place] = number

    def take(self, place: int) -> Fate | None:
        """The fate of the request at a place, which is taken out; None for none there."""
        number = self._by_place[place] if place < len(self._by_place) else 0
        if not number:
            return None
        self._by_place[place] = 0
        return self._fates[number - 1]

    def __len__(self) -> int:
        """How many requests are noted."""
        return len(self._by_place) - self._by_place.count(0)


class Difference(NamedTuple):
    """A request that has another fate under B; `of` is B's decision on it."""

    of: Decision
    a: Fate
    b: Fate

    @property
    def place(self) -> tuple[float, int]:
        """What comes first is first."""
        return self.of.time, self.of.place


@dataclass(slots=True)
class Moves:
    """Requests counted by what B makes of them that A did not."""

    same: int = 0
    newly_blocked: int = 0
    newly_passed: int = 0
    otherwise: int = 0
    """Answered otherwise, on the same side of the fence."""
    first: Difference | None = None

    @property
    def requests(self) -> int:
        """All of them."""
        return self.same + self.changed

    @property
    def changed(self) -> int:
        """Those with another fate."""
        return self.newly_blocked + self.newly_passed + self.otherwise

    def add(self, found: Difference) -> None:
        """Count one request."""
        a, b = found.a, found.b
        if not a.differs(b) and a.blocked == b.blocked:
            self.same += 1
            return
        if a.blocked == b.blocked:
            self.otherwise += 1
        elif b.blocked:
            self.newly_blocked += 1
        else:
            self.newly_passed += 1
        if self.first is None or found.place < self.first.place:
            self.first = found


class Statements:
    """Counts what a cfg asks of its databases while it is played; a watcher of the player."""

    def __init__(self) -> None:
        self.count = 0

    def arrange(self, host: Host) -> None:
        """Nothing is asked yet."""

    def begin(self, player: Player) -> None:
        """Count from the first packet on."""
        for database in player.proxy.host.databases:
            observe(database, self._add)

    def take(self, decision: Decision, blocked: bool) -> None:
        """Decisions are counted elsewhere."""

    def _add(self, sql: str, values: object, result: object) -> None:
        self.count += 1


@dataclass(frozen=True, slots=True)
class Side:
    """One cfg's replay, and how many statements it gave its databases."""

    variant: Variant
    replayed: Replayed
    statements: int


@dataclass(slots=True)
class Comparison:
    """What became of the same requests under A and under B."""

    a: Side
    b: Side
    total: Moves = field(default_factory=Moves)
    sources: dict[str, Moves] = field(default_factory=dict)
    people: dict[tuple[str, str], Moves] = field(default_factory=dict)
    """By user and address."""
    only_a: int = 0
    only_b: int = 0
    """Requests that only one of them was given: see `only_old` in the docs of replays."""

    def good(self) -> Iterator[tuple[Person, Person, Moves]]:
        """Each known good user under A and under B, with what moved."""
        others = self.b.replayed.player.people
        for person in self.a.replayed.player.people.known_good():
            other = others.person(person.user, person.address) or Person("", "")
            yield person, other, self.people.get((person.user, person.address)) or Moves()

    def newly_blocked(self) -> list[tuple[Person, Moves]]:
        """Known good users who are blocked under B and were not under A."""
        return [(b, moved) for a, b, moved in self.good() if b.blocked and not a.blocked]

    def newly_passed(self) -> list[tuple[Person, Moves]]:
        """Known good users who are blocked under A and not under B any more."""
        return [(a, moved) for a, b, moved in self.good() if a.blocked and not b.blocked]

    def changed_sources(self) -> list[tuple[str, Moves]]:
        """Sources of which something moved: those of known good users first."""
        good = {person.address for person in self.a.replayed.player.people.known_good()}
        found = [row for row in self.sources.items() if row[1].changed]
        return sorted(found, key=lambda row: row[0] not in good)

    def add(self, found: Difference) -> None:
        """Count a request that both were given."""
        self.total.add(found)
        address, user = found.of.source[0], found.of.user
        sources, people = self.sources, self.people
        name = address if address in sources or len(sources) < MOST_SOURCES else OTHERS
        sources.setdefault(name, Moves()).add(found)
        if (user, address) in people or len(people) < _MOST_USERS:
            people.setdefault((user, address), Moves()).add(found)


def compare(
    captures: Captures,
    a: Variant,
    b: Variant,
    *,
    me: Sequence[Address] = (),
    manner: Manner | None = None,
    epoch: float | None = None,
) -> Comparison:
    """Play captures through A, then through B.

    Without `me` our address is what it is for A. Raises what :meth:`Captures.play` raises.
    """
    manner = manner or Manner()
    ledger = Ledger()

    def note(decision: Decision) -> None:
        ledger.put(decision.place, _fate(decision, manner))

    def side(variant: Variant, ours: Sequence[Address], told: Callable[[Decision], None]) -> Side:
        statements = Statements()
        own = replace(manner, told=told, watchers=(statements,), keeps_log=False)
        replayed = captures.play(variant.program, me=ours, manner=own, epoch=epoch)
        return Side(variant, replayed, statements.count)

    first = side(a, me, note)
    found = Comparison(first, first)

    def look(decision: Decision) -> None:
        before = ledger.take(decision.place)
        if before is None:
            found.only_b += 1
        else:
            found.add(Difference(decision, before, _fate(decision, manner)))

    found.b = side(b, first.replayed.me, look)
    found.only_a = len(ledger)
    return found


def _fate(decision: Decision, manner: Manner) -> Fate:
    blocked = manner.blocking.counts(decision)
    return Fate(decision.verdict, decision.status, decision.line, blocked)
