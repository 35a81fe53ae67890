"""What counts as blocked, as different, and for a source."""

import pytest

from sipproxy.replay.glance import Exchange
from sipproxy.replay.survey import RELAYED as SENT_ON
from sipproxy.replay.survey import Outcome
from sipproxy.replay.verdicts import (
    ABSORBED,
    ANSWERED,
    DROPPED,
    RELAYED,
    Blocked,
    Blocking,
    Decision,
    Source,
)

HERE = ("192.0.2.1", 5060)


def decided(verdict: str, status: int = 0, captured: int = 0, packet: int = 1) -> Decision:
    found = Exchange(b"1@x", b"1 REGISTER")
    decision = Decision(packet, 1000.0 + packet, HERE, Outcome(captured), found, "a")
    decision.verdict, decision.status = verdict, status
    decision.diverges = decision.differs()
    return decision


@pytest.mark.parametrize(
    ("verdict", "status", "blocked"),
    [
        (ANSWERED, 200, False),
        (ANSWERED, 302, False),
        (ANSWERED, 401, False),
        (ANSWERED, 407, False),
        (ANSWERED, 400, True),
        (ANSWERED, 503, True),
        (DROPPED, 0, True),
        (DROPPED, 100, True),
        (RELAYED, 486, False),
        (ABSORBED, 0, False),
    ],
)
def test_blocked(verdict: str, status: int, blocked: bool) -> None:
    assert Blocking().counts(decided(verdict, status)) is blocked


def test_another_notion_of_blocked() -> None:
    blocking = Blocking.parse("401, 500-599")
    rows = ((ANSWERED, 401), (ANSWERED, 503), (ANSWERED, 403), (DROPPED, 0), (RELAYED, 503))
    assert [blocking.counts(decided(*row)) for row in rows] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("verdict", "status", "captured", "differs"),
    [
        (ANSWERED, 200, 200, False),
        (ANSWERED, 429, 200, True),
        (ANSWERED, 200, 0, False),
        (ANSWERED, 200, 100, False),
        (ANSWERED, 200, SENT_ON | 200, True),
        (RELAYED, 408, SENT_ON | 200, False),
        (RELAYED, 0, 403, True),
        (DROPPED, 0, 200, True),
        (ABSORBED, 0, 200, False),
    ],
)
def test_different_from_the_old_server(
    verdict: str, status: int, captured: int, differs: bool
) -> None:
    assert decided(verdict, status, captured).diverges is differs


def test_a_source_adds_up() -> None:
    source = Source()
    rows = [
        decided(ANSWERED, 200, 200, 5),
        decided(ANSWERED, 401, 401, 6),
        decided(ANSWERED, 403, 200, 8),
        decided(DROPPED, 0, 200, 7),
        decided(RELAYED, 0, 0, 9),
        decided(ABSORBED, 0, 0, 10),
    ]
    for row in rows:
        source.take(row)
        if Blocking().counts(row):
            source.block(row)
    counts = (source.accepted, source.challenged, source.rejected, source.dropped)
    assert counts == (1, 1, 1, 1)
    assert (source.relayed, source.absorbed, source.blocked) == (1, 1, 2)
    assert source.diverged is rows[3]
    assert source.first_blocked == Blocked(7, 1007.0, "REGISTER", 0, "")


def test_names_are_bounded() -> None:
    source = Source()
    for number in range(1500):
        source.name(f"user{number}", "one agent")
    source.name("", "")
    assert len(source.users) == 1000 and source.agents == {"one agent": 1500}
