"""Who is known good, and who looks like a break-in."""

from pathlib import Path

import pytest

from sipproxy.replay.glance import Exchange
from sipproxy.replay.people import Good, GoodError, People
from sipproxy.replay.survey import RELAYED, STALE, Outcome
from sipproxy.replay.verdicts import DROPPED, Decision

HERE = "192.0.2.1"


def see(people: People, user: str, *statuses: int, method: str = "REGISTER") -> None:
    person = people.person(user, HERE)
    assert person is not None
    for status in statuses:
        people.saw(person, method, True, Outcome(status))


def names(people: People) -> list[str]:
    return [person.user for person in people.known_good()]


def test_a_success_makes_a_user_good_unless_a_run_of_failures_stands_before_it() -> None:
    people = People(Good())
    see(people, "typist", 401, 401, 401, 401, 200)
    see(people, "cracked", 401, 403, 401, 401, 401, 200)
    see(people, "stale", *[401 | STALE] * 9, 200)
    see(people, "never", 401)
    assert names(people) == ["typist", "stale"]
    assert [person.user for person in people.broke_in()] == ["cracked"]


def test_a_success_behind_failures_of_many_others_is_a_break_in() -> None:
    people = People(Good())
    for number in range(5):
        see(people, f"guess{number}", 401)
    see(people, "weak", 200)
    assert [person.user for person in people.broke_in()] == ["weak"]
    see(people, "neighbour", 200)
    assert names(people) == ["neighbour"]


def test_what_proves_something() -> None:
    people = People(Good())
    for user, method, proved, outcome in (
        ("scanner", "OPTIONS", False, 200),
        ("trunk", "INVITE", False, 200),
        ("caller", "INVITE", True, RELAYED),
        ("refused", "INVITE", False, RELAYED),
    ):
        person = people.person(user, HERE)
        assert person is not None
        people.saw(person, method, proved, Outcome(outcome))
    assert names(people) == ["trunk", "caller"]


def test_listed_users_are_good(tmp_path: Path) -> None:
    path = tmp_path / "good"
    path.write_text("# ours\nalice@192.0.2.1\n192.0.2.9  # the office\nbob\n\n")
    good = Good.read(str(path))
    assert len(good) == 3
    cases = (("alice", HERE), ("alice", "192.0.2.2"), ("x", "192.0.2.9"), ("bob", "192.0.2.7"))
    assert [good.has(*case) for case in cases] == [True, False, True, True]
    people = People(good)
    see(people, "alice", *[401] * 9, 200)
    assert names(people) == ["alice"]
    assert list(people.broke_in()) == []
    with pytest.raises(GoodError, match="cannot read"):
        Good.read(str(tmp_path / "none"))


def test_the_first_block_is_kept() -> None:
    people = People(Good())
    person = people.person("a", HERE)
    assert person is not None
    for number in (3, 4):
        found = Exchange(b"1", b"1 INVITE")
        decision = Decision(number, 1000.0, (HERE, 5060), Outcome(), found, "a")
        decision.verdict = DROPPED
        people.block(person, decision)
    assert person.blocked == 2
    assert person.first_blocked is not None and person.first_blocked.packet == 3
