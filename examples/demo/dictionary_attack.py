"""A registrar on SQLite: phones, and three ways of guessing one password, live and replayed."""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from examples.demo.stage import Example, print_table
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.callers import Caller, Manner, UdpLine
from sipproxy.testing.messages import Messages

DOMAIN = "example.com"
USERS = {"bob": "tr0ub4dor", "alice": "wonderland"}
WORDS = [*(f"guess-{number}" for number in range(120)), "tr0ub4dor"]
"""The attacker's list; the last one is right."""
ARMY = 40
SECONDS = 3.0
PAIR_LIMIT, USER_LIMIT = 3, 20
LONG = 100_000_000
"""Seconds of a window: none may begin while the story is told, or it would be told otherwise."""


class Recorded:
    """A line whose datagrams go into a capture and whose answers are counted."""

    def __init__(self, line: UdpLine, server: tuple[str, int], writer: PcapWriter) -> None:
        self.source = line.source
        self.answers: Counter[int] = Counter()
        host, _, port = line.source.rpartition(":")
        self._line, self._local, self._server = line, (host, int(port)), server
        self._writer = writer

    def ask(self, request: bytes) -> bytes:
        """The answer to a request."""
        self._writer.add(time.time(), self._local, self._server, request)  # noqa: TID251
        answer = self._line.ask(request)
        self._writer.add(time.time(), self._server, self._local, answer)  # noqa: TID251
        self.answers[int(answer[8:11] or 0)] += 1
        return answer


@dataclass
class Person:
    """Somebody at an address, and what came of his requests."""

    name: str
    address: str
    lines: list[Recorded] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    """The outcome of each registration, or of each guess."""

    @property
    def answers(self) -> Counter[int]:
        """All answers by status."""
        return sum((line.answers for line in self.lines), Counter[int]())


Step = tuple[float, Callable[[], object]]
"""Seconds from the start, and what is done then."""


class Story:
    """Who takes part, and when each of them does what."""

    def __init__(self, sit: Callable[[str], Recorded]) -> None:
        self._sit = sit
        self._messages = Messages(DOMAIN)
        self.people: list[Person] = []
        self.owner, owner = self._person("bob's phone", "127.0.0.21")
        self.colleague, colleague = self._person("alice's phone", "127.0.0.66")
        self.cracker, cracker = self._person("password list", "127.0.0.66")
        self.decoys, decoys = self._person("with decoy headers", "127.0.0.67", "elsewhere")
        self.army = Person(f"{ARMY} addresses", "127.0.1.x")
        self.people.append(self.army)
        army = [self._caller(self.army, f"127.0.1.{n}") for n in range(1, ARMY + 1)]
        self._steps: list[Step] = [
            *self._phone(self.owner, owner, "bob"),
            *self._phone(self.colleague, colleague, "alice"),
            *self._guesses(self.cracker, [cracker] * len(WORDS), 0.5),
            *self._guesses(self.decoys, [decoys] * len(WORDS), 1.0),
            *self._guesses(self.army, army * 2, 1.5),
        ]

    def _caller(self, person: Person, address: str, decoy: str = "") -> Caller:
        line = self._sit(address)
        person.lines.append(line)
        return Caller(line, self._messages, Manner(decoy=decoy))

    def _person(self, name: str, address: str, decoy: str = "") -> tuple[Person, Caller]:
        person = Person(name, address)
        self.people.append(person)
        return person, self._caller(person, address, decoy)

    def _phone(self, person: Person, caller: Caller, user: str) -> Iterator[Step]:
        def register() -> None:
            person.heard.append(caller.register(user, USERS[user]))

        for number in range(10):
            yield SECONDS * number / 10, register

    def _guesses(self, person: Person, callers: list[Caller], begin: float) -> Iterator[Step]:
        def guess(caller: Caller, word: str) -> None:
            person.heard.append(caller.guess("bob", word))

        for number, caller in enumerate(callers):
            word = WORDS[number % len(WORDS)]
            yield begin + number / 100, lambda caller=caller, word=word: guess(caller, word)  # type: ignore[misc]

    def play(self) -> None:
        """Do everything at its time."""
        requests = len(self._steps)
        print(f"2. {requests} registrations and guesses, {SECONDS:.0f} seconds ...")
        began = time.monotonic()  # noqa: TID251
        for at, act in sorted(self._steps, key=lambda step: step[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))  # noqa: TID251
            act()

    def show(self) -> None:
        """What came of it for each."""
        rows = []
        for person in self.people:
            phone = person in (self.owner, self.colleague)
            served = f"{person.heard.count(200)} of {len(person.heard)}"
            rows.append(
                (
                    person.name,
                    person.address,
                    served if phone else "-",
                    "-" if phone else str(len(person.heard)),
                    "-" if phone else str(person.heard.count(401)),
                    "-" if phone else str(person.heard.count(403)),
                )
            )
        print_table(("who", "address", "served", "guesses", "checked", "refused"), rows)
        print(f"   the cfg checks {PAIR_LIMIT} guesses of one address for a user, {USER_LIMIT} of")
        print("   all together, except those of addresses that he was served from; the right")
        print("   password was in the lists, and was refused unchecked\n")

    def is_right(self) -> bool:
        """Whether the phones were served each time and the guessers checked as often as allowed."""
        phones = all(set(person.heard) == {200} for person in (self.owner, self.colleague))
        guessers = [self.cracker, self.decoys, self.army]
        checked = [person.heard.count(401) for person in guessers]
        alone = checked[0] == checked[1] == PAIR_LIMIT
        return (
            phones
            and alone
            and sum(checked) == USER_LIMIT
            and not any(200 in person.heard for person in guessers)
        )


def main() -> int:
    """Run the whole story; the exit code."""
    with tempfile.TemporaryDirectory(prefix="sipproxy-demo-") as folder:
        url = f"sqlite:///{folder}/users.db"
        make_users(url)
        defines = {
            "DBURL": f'"{url}"',
            "REALM": f'"{DOMAIN}"',
            "SECRET": '"kept, so that the replay takes the nonces of the capture"',
            "PAIR_LIMIT": PAIR_LIMIT,
            "USER_LIMIT": USER_LIMIT,
            "WINDOW": LONG,
            "SLOW_WINDOW": LONG,
        }
        example = Example("dictionary_attack.cfg", folder, defines)
        with example.serving(), ExitStack() as lines:
            writer = lines.enter_context(PcapWriter(example.capture))

            def sit(address: str) -> Recorded:
                line = lines.enter_context(UdpLine(example.server, address))
                return Recorded(line, example.server, writer)

            story = Story(sit)
            story.play()
            story.show()
            example.show_tables("banned", "known")
        heard: dict[str, tuple[list[str], Counter[int]]] = {}
        for person in story.people:
            for line in person.lines:
                names, answers = heard.setdefault(line.source.rpartition(":")[0], ([], Counter()))
                names += [person.name] if person.name not in names else []
                answers.update(line.answers)
        rows = [
            (" + ".join(names), address, answers) for address, (names, answers) in heard.items()
        ]
        replay = example.replay(rows[:3], (200, 401, 403))
        same = replay.same and all(
            replay.player.sources[address].answers == answers for _, address, answers in rows
        )
        print(f"   and the {ARMY} addresses: live and replay {'agree' if same else 'DO NOT AGREE'}")
        return 0 if same and story.is_right() else 1


def make_users(url: str) -> None:
    """The database and its users, by the commands that anybody would use."""
    sipproxy = [sys.executable, "-m", "sipproxy"]
    subprocess.run([*sipproxy, "db", "create", url, "-t", "subscriber"], check=True, stdout=-3)
    for user, password in USERS.items():
        words = [*sipproxy, "user", "add", f"{user}@{DOMAIN}", "--db", url]
        subprocess.run(words, check=True, input=f"{password}\n", text=True, stdout=-3)
    print(f"0. sipproxy db create, sipproxy user add: {' and '.join(USERS)} in an SQLite file")
