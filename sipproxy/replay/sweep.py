"""One capture, many settings: attackers stopped against good users hit, and where the knee is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sipproxy.core.flow import Address
from sipproxy.replay.attackers import Attackers, attackers_in
from sipproxy.replay.people import Good
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures, Replayed
from sipproxy.replay.sweep_runs import in_order
from sipproxy.replay.sweep_values import Grid
from sipproxy.replay.variants import Load, check_defined, check_used, one_value

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Point:
    """What became of the captures under one setting."""

    sets: Mapping[str, str]
    good: int
    """Known good users."""
    good_blocked: int
    good_requests: int
    """Requests of known good users that were blocked."""
    names: Sequence[str]
    """The first of those users, `user@address`."""
    attackers: int
    stopped: int
    """Attackers of whom a request was blocked at all."""
    attack_requests: int
    attack_blocked: int
    share: float
    """Of each attacker's requests the share that was blocked, and the mean of that: 0 to 1."""
    requests: int
    blocked: int
    faults: int
    seconds: float

    @property
    def harm(self) -> float:
        """The share of known good users who were hit."""
        return self.good_blocked / self.good if self.good else 0.0

    @property
    def effect(self) -> float:
        """How far attackers are stopped: each counts half for being stopped at all, and half by the
        share of his requests that was blocked.
        """
        return (self.stopped / self.attackers + self.share) / 2 if self.attackers else 0.0

    @property
    def score(self) -> float:
        """What it stops less what it harms (as Youden's J)."""
        return self.effect - self.harm


@dataclass(slots=True)
class Sweep:
    """The points of a sweep, in the order of its grid."""

    now: Replayed
    """The cfg's own values."""
    grid: Grid
    attackers: Attackers
    here: Point
    """What they come to."""
    own: Mapping[str, str]
    """The cfg's own values of what is swept."""
    points: list[Point] = field(default_factory=list)

    @property
    def knee(self) -> Point | None:
        """The point that stops most for what it harms; None where there is nobody to stop.

        Of equal ones that which hits fewer good users, then fewer of their requests, then the
        first.
        """
        if not self.attackers or not self.points:
            return None
        return max(
            self.points,
            key=lambda point: (round(point.score, 9), -point.good_blocked, -point.good_requests),
        )


@dataclass(frozen=True, slots=True)
class Sweeper:
    """How each setting is played."""

    captures: Captures
    load: Load
    me: Sequence[Address] = ()
    manner: Manner = field(default_factory=Manner)
    epoch: float | None = None
    listed: Good | None = None
    """Attackers, where they are known."""

    def prepare(self, grid: Grid) -> Sweep:
        """Check the names and each value, and play the cfg's own values.

        Raises CfgError, SetError for a name that the cfg does not define or never uses, and what
        :meth:`Captures.play` raises.
        """
        base = self.load({})
        check_defined(base, grid.values)
        for name, values in grid.values.items():
            check_used(base, name, [one_value(self.load, name, value) for value in values])
        now = self._play({})
        attackers = attackers_in(now.player, self.listed)
        own = {name: base.config.defines[name] for name in grid.values}
        return Sweep(now, grid, attackers, measured(now, {}, attackers), own)

    def run(self, sweep: Sweep, processes: int = 1) -> Iterator[Point]:
        """Play every setting, filling in the points as they come; raises RunError."""
        me = self.me or sweep.now.me
        jobs = list(sweep.grid)

        def work(sets: Mapping[str, str]) -> Point:
            replayed = replace(self, me=me)._play(sets)
            return measured(replayed, sets, sweep.attackers)

        for point in in_order(work, jobs, processes):
            sweep.points.append(point)
            yield point

    def _play(self, sets: Mapping[str, str]) -> Replayed:
        manner = replace(self.manner, keeps_log=False)
        program = self.load(sets)
        replayed = self.captures.play(program, me=self.me, manner=manner, epoch=self.epoch)
        replayed.player.proxy.host.databases.close()
        return replayed


def measured(replayed: Replayed, sets: Mapping[str, str], attackers: Attackers) -> Point:
    """What a replay says of good users and attackers."""
    player = replayed.player
    good = player.people.known_good()
    hit = [person for person in good if person.blocked]
    theirs = [player.sources[name] for name in attackers.why if name in player.sources]
    shares = [source.blocked / source.requests.total() for source in theirs if source.requests]
    sources = player.sources.values()
    return Point(
        sets=sets,
        good=len(good),
        good_blocked=len(hit),
        good_requests=sum(person.blocked for person in hit),
        names=[f"{person.user}@{person.address}" for person in hit[:_MOST_NAMES]],
        attackers=len(attackers),
        stopped=sum(1 for source in theirs if source.blocked),
        attack_requests=sum(source.requests.total() for source in theirs),
        attack_blocked=sum(source.blocked for source in theirs),
        share=sum(shares) / len(shares) if shares else 0.0,
        requests=sum(source.requests.total() for source in sources),
        blocked=sum(source.blocked for source in sources),
        faults=player.proxy.host.counters["core.faults"],
        seconds=replayed.seconds,
    )
