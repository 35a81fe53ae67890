"""docs/attacks.md: the numbers of its table are what the attacks get."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipproxy.testing.callers import Manner
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "attacks.md"

WORDS = [("bob", f"wrong-{number}") for number in range(1000)]
WORDS[399] = ("bob", "right-horse")


def password_list(stage: Scene, manner: Manner = Manner()) -> Iterator[int]:  # noqa: B008
    attacker = stage.caller("203.0.113.9", manner)
    yield from (attacker.guess(*pair) for pair in WORDS)


def decoys(stage: Scene) -> Iterator[int]:
    yield from password_list(stage, Manner(decoy="elsewhere"))


def no_qop(stage: Scene) -> Iterator[int]:
    yield from password_list(stage, Manner(qop=False))


def a_thousand_users(stage: Scene) -> Iterator[int]:
    attacker = stage.caller("203.0.113.9")
    yield from (attacker.guess(str(user), "1234") for user in range(1000, 2000))


def two_hundred_addresses(stage: Scene) -> Iterator[int]:
    army = [stage.caller(f"198.51.100.{number}") for number in range(200)]
    yield from (caller.guess("bob", f"wrong-{turn}") for turn in range(5) for caller in army)


def an_account_of_his_own(stage: Scene) -> Iterator[int]:
    attacker, account = stage.caller("203.0.113.9"), stage.caller("203.0.113.9")
    for number, pair in enumerate(WORDS):
        if number % 2 == 0:
            account.register("alice", "wonder")
        yield attacker.guess(*pair)


ATTACKS = {
    "a list of 1,000 passwords for one user": password_list,
    "the same behind decoy headers": decoys,
    "the same without qop": no_qop,
    "one address, 1,000 users": a_thousand_users,
    "200 addresses, one user, 5 guesses each": two_hundred_addresses,
    "a list, an account of one's own between": an_account_of_his_own,
}


def checks(stage: Scene, attack: Callable[[Scene], Iterator[int]]) -> str:
    """How many passwords were checked until the right one was found, as the page writes it."""
    owner = stage.caller("192.0.2.7")
    assert owner.register("bob", "right-horse") == 200
    for status in attack(stage):
        if status == 200:
            break
    found = status == 200
    number = stage.checks() - stage.checks("alice") - 1
    return f"{number} **found**" if found else str(number)


def rows() -> dict[str, list[str]]:
    """The table: attack to cells."""
    text = (
        PAGE.read_text("utf-8").partition("<!-- attacks -->")[2].partition("<!-- /attacks -->")[0]
    )
    lines = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("| ")]
    return {line[0]: line[1:] for line in lines}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_table(scene: MakeScene, attack: str) -> None:
    table = rows()
    head = table["attack"]
    for name, cell in zip(head, table[attack], strict=True):
        found = re.fullmatch(r"`(\w+\.cfg)`", name)
        if found:
            assert checks(scene(found[1]), ATTACKS[attack]) == cell, name
    assert set(ATTACKS) == set(table) - {"attack"}
