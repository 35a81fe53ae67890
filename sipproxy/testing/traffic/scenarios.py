"""The kinds of traffic that can be made: who takes part, and when each of them does what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sipproxy.core.flow import Address
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.show import show_address
from sipproxy.testing.traffic.attackers import Attacker
from sipproxy.testing.traffic.phones import Model, Phone
from sipproxy.testing.traffic.world import World

_MODELS = (
    Model("Yealink SIP-T46S 66.84.0.15", 600),
    Model("Grandstream GXP2170 1.0.11.39", 300),
    Model("snomD785/10.1.54.13", 3600),
    Model("Linphone/5.0.2 (belle-sip/5.0.0)", 120),
)
_WORDS = (
    "password",
    "1234",
    "12345",
    "123456",
    "qwerty",
    "letmein",
    "admin",
    "sip",
    "voip",
    "test",
)
_PHONES_OF_AN_OFFICE = 6
_SECRET = "the secret of the old server"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be made: how many users, for how long, when, how much of the evil."""

    users: int = 20
    seconds: float = 600.0
    start: float = 1_795_000_000.0
    rate: float = 0.0
    """Requests of an attacker in a second; 0 for what is usual of its kind."""
    seed: int = 1
    server: Address = ("203.0.113.5", 5060)
    domain: str = "example.com"


@dataclass(slots=True)
class Truth:
    """Who is who."""

    label: str
    """`good`, `misconfigured` or `attacker`."""
    what: str
    users: list[str] = field(default_factory=list)
    """Whose phones are there, or who was guessed at."""
    mistyped: list[str] = field(default_factory=list)
    """Users who gave a wrong password first."""
    attackers: list[Attacker] = field(default_factory=list)


class Town:
    """A world with phones in it, and the truth about everybody."""

    def __init__(self, writer: PcapWriter, wishes: Wishes) -> None:
        self.wishes = wishes
        self.world = World(
            writer,
            server=wishes.server,
            domain=wishes.domain,
            secret=_SECRET,
            start=wishes.start,
            seed=wishes.seed,
        )
        self.luck = self.world.luck
        self.end = wishes.start + wishes.seconds
        self.phones: list[Phone] = []
        self.truth: dict[str, Truth] = {}
        self.passwords: dict[str, str] = {}

    def settle(self, offices: float = 0.4, seats: int = _PHONES_OF_AN_OFFICE) -> None:
        """Users get phones: some at home, a part of them in offices of so many seats, each behind
        one address.
        """
        homes = 0
        number = 0
        while number < self.wishes.users:
            in_office = number < self.wishes.users * offices
            size = min(seats if in_office else 1, self.wishes.users - number)
            host = f"198.18.{homes // 250}.{homes % 250 + 1}"
            what = "an office behind one address" if size > 1 else "a phone"
            self.truth[host] = Truth("good", what)
            for seat in range(size):
                self._phone((host, 5060 + seat if size == 1 else 20_000 + seat), number)
                number += 1
            homes += 1
        self.world.teach(self.passwords)

    def _phone(self, address: Address, number: int) -> None:
        user = str(1000 + number)
        password = self.luck.chance.token(12)
        self.passwords[user] = password
        self.truth[address[0]].users.append(user)
        phone = Phone(self.world, user, password, address, self.luck.one(*_MODELS))
        self.phones.append(phone)

    def live(self) -> None:
        """Everybody registers in the first minute, and calls somebody now and then."""
        for phone in self.phones:
            self.world.at(
                self.wishes.start + self.luck.between(0, min(60, self.wishes.seconds / 4)),
                phone.register,
            )
            self._next_call(phone, first=True)
        for phone in self.phones[3::9]:
            phone.typos = self.luck.chance.below(3) + 1
            self.truth[phone.address[0]].mistyped.append(phone.user)

    def _next_call(self, phone: Phone, *, first: bool = False) -> None:
        mean = max(self.wishes.seconds / 4, 30)
        wait = self.luck.wait(mean) + (90 if first else 20)
        if self.world.now + wait < self.end - 20:
            self.world.after(wait, lambda: self._call(phone))

    def _call(self, phone: Phone) -> None:
        other = self.luck.one(*self.phones)
        if other is not phone and other.registered:
            phone.call(other.user, min(self.luck.wait(40), max(self.end - self.world.now - 15, 1)))
        self._next_call(phone)

    def forget(self, count: int = 1) -> None:
        """Phones with an old password: nobody's attack, but they never succeed."""
        for number in range(count):
            host = f"198.18.200.{number + 1}"
            user = f"{1900 + number}"
            self.passwords[user] = self.luck.chance.token(12)
            phone = Phone(self.world, user, "as it was", (host, 5060), self.luck.one(*_MODELS))
            self.truth[host] = Truth("misconfigured", "a phone with an old password", [user])
            self.world.at(self.wishes.start + self.luck.between(1, 30), phone.register)
        self.world.teach(self.passwords)

    def attacker(self, host: str, what: str, users: list[str], agent: str = "") -> Attacker:
        """Somebody evil sits there."""
        address = host, 5060 + self.luck.chance.below(50_000)
        made = Attacker(self.world, address, agent) if agent else Attacker(self.world, address)
        truth = self.truth.setdefault(host, Truth("attacker", what, users))
        truth.attackers.append(made)
        return made

    def words(self, count: int) -> list[str]:
        """Passwords that nobody has."""
        return [f"{_WORDS[n % len(_WORDS)]}{n // len(_WORDS) or ''}" for n in range(count)]


def normal(town: Town) -> None:
    """Phones that register and call; some users mistype, one phone has an old password."""
    town.settle()
    town.live()
    town.forget()


def attack(town: Town) -> None:
    """Normal traffic, and four attackers: a scan, a list of passwords, many addresses that each
    guess a little, and calls to expensive numbers. The list holds the right password of one user.
    """
    normal(town)
    begin, seconds = town.wishes.start, town.wishes.seconds
    rate = town.wishes.rate or 5.0
    users = list(town.passwords)
    scan = town.attacker("198.51.100.10", "a scan for users", [])
    scan.scan(begin + seconds * 0.1, map(str, range(990, 990 + int(seconds * 0.2 * rate))), rate)
    victim, count = users[0], max(int(seconds * 0.4 * rate), 8)
    words = town.words(count)
    words[int(count * 0.9)] = town.passwords[victim]
    cracker = town.attacker("198.51.100.20", "a list of passwords", [victim])
    cracker.guess(begin + seconds * 0.3, victim, words, rate)
    target = users[1 % len(users)]
    for number in range(30):
        host = f"198.51.100.{100 + number}"
        one = town.attacker(host, "one of many that guess a little", [target], "SIP Client 1.0")
        moment = begin + seconds * town.luck.between(0.15, 0.9)
        one.guess(moment, target, town.words(4)[number % 2 :], 0.2)
    caller = town.attacker("198.51.100.30", "calls to expensive numbers", [], "Cisco-SIPGateway")
    numbers = [f"{prefix}4422{n:06}" for n in range(20) for prefix in ("00", "900", "011")]
    caller.dial(begin + seconds * 0.5, numbers, max(len(numbers) / (seconds * 0.4), 0.01))


def flood(town: Town) -> None:
    """Normal traffic, and two addresses that send as fast as they can for a tenth of the time."""
    normal(town)
    begin, seconds = town.wishes.start, town.wishes.seconds
    rate = town.wishes.rate or 200.0
    for number, method in enumerate(("REGISTER", "INVITE")):
        host = f"198.51.100.{66 + number}"
        flooder = town.attacker(host, f"a flood of {method}", [], "pplsip")
        flooder.flood(begin + seconds * (0.4 + 0.25 * number), seconds * 0.1, rate, method)


def powercut(town: Town) -> None:
    """The power fails in all offices, one of which is large, at a third of the time; a tenth later
    all phones come back at once. Nobody there is an attacker, however it looks.
    """
    town.settle(offices=0.8, seats=max(_PHONES_OF_AN_OFFICE, town.wishes.users // 2))
    town.live()
    town.forget()
    begin, seconds = town.wishes.start, town.wishes.seconds
    offices = {host for host, truth in town.truth.items() if len(truth.users) > 1}
    for phone in town.phones:
        if phone.address[0] in offices:
            town.world.at(begin + seconds * 0.33, phone.power_off)
            town.world.at(begin + seconds * 0.43 + town.luck.between(0, 4), phone.power_on)


KINDS: Mapping[str, Callable[[Town], None]] = MappingProxyType(
    {"normal": normal, "attack": attack, "flood": flood, "powercut": powercut}
)


def make(kind: str, path: str, wishes: Wishes) -> dict[str, Any]:
    """Write a capture, and answer the truth about it. Raises CaptureError.

    The same wishes give the same file, byte for byte.
    """
    with PcapWriter(path) as writer:
        town = Town(writer, wishes)
        KINDS[kind](town)
        town.world.run(town.end)
    return truth_of(kind, town)


def truth_of(kind: str, town: Town) -> dict[str, Any]:
    """The truth, as plain data; docs/replay.md describes it."""
    wishes = town.wishes
    return {
        "kind": kind,
        "seed": wishes.seed,
        "server": show_address(wishes.server),
        "domain": wishes.domain,
        "secret": _SECRET,
        "start": wishes.start,
        "seconds": wishes.seconds,
        "packets": town.world.packets,
        "users": [{"user": user, "password": word} for user, word in town.passwords.items()],
        "sources": [
            {
                "address": host,
                "label": truth.label,
                "what": truth.what,
                "users": truth.users,
                "mistyped": truth.mistyped,
                "packets": town.world.asked.get(host, 0),
                "guessed": sorted({user for one in truth.attackers for user in one.found}),
            }
            for host, truth in town.truth.items()
        ],
    }
