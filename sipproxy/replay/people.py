"""Users at their sources: who is known good, who looks like a break-in, who of them was blocked."""

from collections.abc import Iterable, Iterator

from sipproxy.errors import SipproxyError
from sipproxy.replay.survey import Outcome
from sipproxy.replay.verdicts import Blocked, Decision
from sipproxy.text import decode

RUN = 5
"""As many failures in a row before a success make it a likely break-in."""
_MOST = 200_000
_FAILED = frozenset({401, 403, 407})
_PROVES = frozenset({"REGISTER", "INVITE"})
"""Methods whose success without credentials says something: others anybody may send."""


class GoodError(SipproxyError):
    """A list of good users cannot be read; the text is one sentence."""


class Good:
    """A list of users to take for good: `user@address`, `user`, or `address`, one a line."""

    def __init__(self, rows: Iterable[str] = ()) -> None:
        self._rows = frozenset(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, user: str, address: str) -> bool:
        """Whether a user at an address is listed."""
        rows = self._rows
        return bool(rows) and (
            f"{user}@{address}" in rows or address in rows or bool(user and user in rows)
        )

    @classmethod
    def read(cls, path: str) -> "Good":
        """Lines of a file; # begins a comment. Raises GoodError."""
        try:
            with open(path, "rb") as stream:
                lines = decode(stream.read()).splitlines()
        except OSError as error:
            raise GoodError(f"cannot read {path}: {error.strerror}") from None
        rows = (line.partition("#")[0].strip() for line in lines)
        return cls(row for row in rows if row)


class Person:
    """A user at a source."""

    __slots__ = ("address", "blocked", "broke_in", "failures", "first_blocked", "succeeded", "user")

    def __init__(self, user: str, address: str) -> None:
        self.user = user
        self.address = address
        self.failures = 0
        """Failures since the last success."""
        self.succeeded = False
        self.broke_in = False
        """Whether the first success came behind a run of failures."""
        self.blocked = 0
        self.first_blocked: Blocked | None = None


class People:
    """Everybody that the captures show. No more than 200,000 are kept apart.

    A success is a request with credentials that the old server answered with 2xx or sent on, or a
    REGISTER or INVITE without any that it answered with 2xx. A failure is a request with
    credentials that it refused, or challenged again. A success is a likely break-in when five
    failures in a row of this user at this source stand before it, or when five other users failed
    there since anybody last succeeded.
    """

    def __init__(self, good: Good) -> None:
        self.good = good
        self.left_out = 0
        """Requests of users beyond those that are kept."""
        self._people: dict[tuple[str, str], Person] = {}
        self._failing: dict[str, set[str]] = {}

    def person(self, user: str, address: str) -> Person | None:
        """A user at a source; None where there are too many."""
        found = self._people.get((user, address))
        if found is None:
            if len(self._people) >= _MOST:
                self.left_out += 1
                return None
            found = self._people[user, address] = Person(user, address)
        return found

    def saw(self, person: Person, method: str, proved: bool, outcome: Outcome) -> None:
        """Note what the old server made of a request; `proved` tells of credentials."""
        status = outcome.status
        if proved and status in _FAILED and not outcome.stale:
            person.failures += 1
            failing = self._failing.setdefault(person.address, set())
            if len(failing) <= RUN:
                failing.add(person.user)
            return
        accepted = 200 <= status < 300
        if (proved and (accepted or outcome.relayed)) or (accepted and method in _PROVES):
            others = self._failing.pop(person.address, set()) - {person.user}
            if not person.succeeded:
                person.broke_in = person.failures >= RUN or len(others) >= RUN
            person.succeeded = True
            person.failures = 0

    def block(self, person: Person, decision: Decision) -> None:
        """A request of a person was blocked."""
        person.blocked += 1
        if person.first_blocked is None:
            person.first_blocked = Blocked.of(decision)

    def is_good(self, person: Person) -> bool:
        """Whether a person is known good."""
        listed = self.good.has(person.user, person.address)
        return listed or (person.succeeded and not person.broke_in)

    def __iter__(self) -> Iterator[Person]:
        """Each that is kept, in the order they came."""
        return iter(self._people.values())

    def known_good(self) -> list[Person]:
        """All who are, in the order they came."""
        return [person for person in self._people.values() if self.is_good(person)]

    def broke_in(self) -> Iterator[Person]:
        """Those whose first success looks like a break-in, unless they are listed as good."""
        for person in self._people.values():
            if person.broke_in and not self.is_good(person):
                yield person
