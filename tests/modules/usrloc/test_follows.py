"""Whatever phones do and whenever the database fails: in the end it has what memory has."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.core.contact import STORED
from tests.bases import Base
from tests.phones import Phones

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("register"), st.integers(0, 2), st.integers(0, 2)),
        st.tuples(st.just("leave"), st.integers(0, 2), st.integers(0, 2)),
        st.tuples(st.just("leave all"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("fail"), st.just(0), st.just(0)),
        st.tuples(st.just("mend"), st.just(0), st.just(0)),
        st.tuples(st.just("sweep"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


class Story:
    """A server for many stories, each with users of its own."""

    def __init__(self, base: Base, mode: int) -> None:
        self._base = base
        if not base.run("SELECT name FROM sqlite_master WHERE name = 'location'"):
            base.run("ALTER TABLE lost RENAME TO location")
        base.run("DELETE FROM location")
        self._phones = Phones(base, mode, 'modparam("registrar", "default_expires", 100000)')
        self._fails = False
        self._count = 0

    def play(self, acts: list[tuple[str, int, int]]) -> None:
        self._count += 1
        users = [f"s{self._count}u{number}" for number in range(3)]
        for act, user, contact in acts:
            self._do(act, users[user], f"<sip:c{contact}@10.0.0.1>")
        self._do("mend", "", "")
        for _ in range(2):
            self._do("sweep", "", "")
        self._compare(users)

    def _do(self, act: str, user: str, contact: str) -> None:
        phones = self._phones
        if act == "register":
            phones.send("REGISTER", user, f"Contact: {contact}")
        elif act == "leave":
            phones.leave(user, contact)
        elif act == "leave all":
            phones.send("REGISTER", user, "Contact: *\r\nExpires: 0")
        elif act == "sweep":
            phones.served.advance(60)
        elif (act == "fail") != self._fails:
            self._fails = not self._fails
            names = ("location", "lost") if self._fails else ("lost", "location")
            self._base.run("ALTER TABLE {} RENAME TO {}".format(*names))

    def _compare(self, users: list[str]) -> None:
        memory = [(user, contact) for user in users for contact in self._phones.contacts(user)]
        assert {contact.state for _, contact in memory} <= {STORED}
        rows = self._phones.rows("username", "contact", "cseq", "ruid")
        expected = [(user, c.uri, c.cseq, c.ruid) for user, c in memory]
        assert [row for row in rows if row[0] in users] == sorted(expected, key=repr)


@pytest.fixture
def story(lite: Base) -> Callable[[int], Story]:
    """`story(mode)`: a server of that db_mode."""
    return lambda mode: Story(lite, mode)


@pytest.mark.parametrize("mode", [1, 2])
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories=st.lists(ACTS, min_size=4, max_size=4))
def test_the_database_follows(
    story: Callable[[int], Story], mode: int, stories: list[list[tuple[str, int, int]]]
) -> None:
    told = story(mode)
    for acts in stories:
        told.play(acts)
