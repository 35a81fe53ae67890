"""Those who do not belong there: they look for users, guess passwords, flood, and dial for free."""

from collections.abc import Iterable, Iterator

from sipproxy.core.flow import Address
from sipproxy.testing.digest import Challenge
from sipproxy.testing.messages import request
from sipproxy.testing.traffic.phones import status_of
from sipproxy.testing.traffic.world import World

SCANNER = "friendly-scanner"


class Attacker:
    """One address that sends what it likes and listens only for challenges."""

    def __init__(self, world: World, address: Address, agent: str = SCANNER) -> None:
        self.world = world
        self.address = address
        self.agent = agent
        self.found: list[str] = []
        """Users whose password it guessed."""
        self._challenge: Challenge | None = None
        self._number = 0
        self._guessing: dict[int, str] = {}
        world.seat(address, self)

    def take(self, data: bytes, now: float) -> None:
        """An answer arrived."""
        fresh = Challenge.of(data)
        if fresh is not None:
            self._challenge = fresh
        elif status_of(data) == 200:
            number = int(data.partition(b"\nCSeq: ")[2].split(maxsplit=1)[0])
            user = self._guessing.get(number)
            if user is not None:
                self.found.append(user)

    def ask(self, method: str, user: str, *, to: str = "", password: str = "") -> None:
        """One request of a user, with credentials when a password is to be tried."""
        self._number += 1
        world, (host, port) = self.world, self.address
        uri = f"sip:{to}@{world.domain}" if to else f"sip:{world.domain}"
        rows = f"User-Agent: {self.agent}\n"
        if method == "REGISTER":
            rows += f"Contact: <sip:{user}@{host}:{port}>\nExpires: 120\n"
        if password and self._challenge is not None:
            self._guessing[self._number] = user
            rows += self._challenge.answer(user, password, method=method, uri=uri)
        token = world.luck.chance.token(16)
        data = request(
            method,
            uri,
            user=user,
            domain=world.domain,
            source=f"{host}:{port}",
            to_uri="" if to else f"sip:{user}@{world.domain}",
            call_id=token[::-1],
            cseq=self._number,
            headers=rows,
        )
        world.send(self.address, data.replace(b"z9hG4bK-1", b"z9hG4bK-" + token.encode(), 1))

    # -- campaigns: each is planned when it is begun

    def scan(self, begin: float, users: Iterable[str], rate: float) -> None:
        """Ask who is there: OPTIONS first, then REGISTER of one user after the other."""
        self.world.at(begin, lambda: self.ask("OPTIONS", "100", to="100"))
        for user, at in zip(users, _times(begin + 1, rate), strict=False):
            self.world.at(at, lambda user=user: self.ask("REGISTER", user))  # type: ignore[misc]

    def guess(self, begin: float, user: str, words: Iterable[str], rate: float) -> None:
        """Try passwords of one user."""
        self.world.at(begin, lambda: self.ask("REGISTER", user))
        for word, at in zip(words, _times(begin + 0.5, rate), strict=False):
            self.world.at(
                at,
                lambda word=word: self.ask("REGISTER", user, password=word),  # type: ignore[misc]
            )

    def dial(self, begin: float, numbers: Iterable[str], rate: float) -> None:
        """Call expensive numbers and hope that nobody asks for a password."""
        for number, at in zip(numbers, _times(begin, rate), strict=False):
            self.world.at(at, lambda number=number: self.ask("INVITE", "100", to=number))  # type: ignore[misc]

    def flood(self, begin: float, seconds: float, rate: float, method: str) -> None:
        """As many requests as the rate says."""
        for at in _times(begin, rate):
            if at > begin + seconds:
                return
            self.world.at(at, lambda: self.ask(method, "flood"))


def _times(begin: float, rate: float) -> Iterator[float]:
    """Instants `rate` times a second."""
    number = 0
    while True:
        yield begin + number / rate
        number += 1
