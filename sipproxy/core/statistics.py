"""What a server counts: statistics by group and name (Kamailio core/counters.c), and the traffic
that some of them are made of.

Each message is tallied in :class:`Traffic`, which costs next to nothing; the statistics are brought
up to date only when somebody looks.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from sipproxy.core.methods import METHOD_BITS
from sipproxy.sip.message import Message

NO_HELP = "kamailio statistic (no description)"


class Traffic:
    """Tallies since somebody last took them.

    `requests` go by method, "" for methods that have no number; `replies` by status and the method
    of their CSeq; `events` by the names that Kamailio gives them (`fwd_requests`, `err_replies`).
    """

    __slots__ = ("events", "replies", "requests")

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.replies: Counter[tuple[int, str]] = Counter()
        self.events: Counter[str] = Counter()

    def count(self, msg: Message) -> None:
        """Tally a message that came in."""
        if msg.is_request:
            method = msg.method
            self.requests[method if method in METHOD_BITS else ""] += 1
        else:
            method = msg.method
            self.replies[msg.status, method if method in METHOD_BITS else ""] += 1


class Statistic:
    """A number with a name. One with a `reading` shows what that gives, and cannot be reset."""

    __slots__ = ("group", "help", "is_kept", "name", "reading", "value")

    def __init__(
        self,
        group: str,
        name: str,
        help: str = NO_HELP,
        *,
        is_kept: bool = False,
        reading: Callable[[], int] | None = None,
    ) -> None:
        """With `is_kept` a reset leaves the value as it is."""
        self.group = group
        self.name = name
        self.help = help
        self.is_kept = is_kept
        self.reading = reading
        self.value = 0

    def get(self) -> int:
        """The present value."""
        return self.value if self.reading is None else self.reading()

    def reset(self) -> None:
        """Begin at 0 again, unless it is kept."""
        if not self.is_kept:
            self.value = 0


class Statistics:
    """All statistics of one proxy. `settle` functions bring values up to date before a look."""

    def __init__(self, previous: "Statistics | None" = None) -> None:
        """With `previous`, those of the cfg before a reload, numbers that it has go on."""
        self._previous = previous._groups if previous else {}
        self._groups: dict[str, dict[str, Statistic]] = {}
        self._newest: dict[str, Statistic] = {}
        self.settle: list[Callable[[], None]] = []

    def add(self, statistic: Statistic) -> Statistic:
        """Take a new one, and give the one to count in.

        Raises ValueError when its group has one of that name.
        """
        group = self._groups.setdefault(statistic.group, {})
        if statistic.name in group:
            raise ValueError(f"counter {statistic.group}.{statistic.name} already registered")
        before = self._previous.get(statistic.group, {}).get(statistic.name)
        if before is not None and before.reading is statistic.reading is None:
            statistic = before
        group[statistic.name] = statistic
        self._newest[statistic.name] = statistic
        return statistic

    def settled_in(self) -> None:
        """Those before a reload have served: let go of them."""
        self._previous = {}

    def named(self, name: str, group: str = "") -> Statistic | None:
        """The one of a group; without a group the one of that name that was added last."""
        for settle in self.settle:
            settle()
        return self._groups.get(group, {}).get(name) if group else self._newest.get(name)

    def names(self) -> Iterator[str]:
        """Names of all statistics."""
        return iter(self._newest)

    def groups(self) -> list[str]:
        """Names of the groups, in order."""
        return sorted(self._groups)

    def of(self, group: str) -> list[Statistic]:
        """Those of a group in the order of their names, none for an unknown group."""
        for settle in self.settle:
            settle()
        found = self._groups.get(group, {})
        return [found[name] for name in sorted(found)]
