"""The state tables, and the page that draws them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sipproxy.modules.tm import Tm
from sipproxy.modules.tm.states import (
    CLIENT_INVITE,
    SERVER_INVITE,
    SERVER_OTHER,
    TABLES,
    Table,
    received_as,
    sent_as,
    step,
)

ROOT = Path(__file__).resolve().parents[3]
FIRST = ("proceeding", "trying", "calling", "trying")


class Thing:
    state = "proceeding"


def reached(table: Table, first: str) -> set[str]:
    """Every state that can be come to from the first."""
    found, todo = {first}, [first]
    while todo:
        state = todo.pop()
        new = {then for (was, _), (then, _) in table.items() if was == state} - found
        found |= new
        todo += new
    return found


@pytest.mark.parametrize(("table", "first"), list(zip(TABLES.values(), FIRST, strict=True)))
def test_every_state_can_be_come_to(table: Table, first: str) -> None:
    assert {state for state, _ in table} <= reached(table, first)


@pytest.mark.parametrize("table", TABLES.values())
def test_every_action_is_a_method(table: Table) -> None:
    for _, actions in table.values():
        for action in actions:
            assert action == "pass_up" or callable(getattr(Tm, action))


@pytest.mark.parametrize("table", [SERVER_INVITE, SERVER_OTHER])
def test_the_wait_ends_every_state(table: Table) -> None:
    for state in {state for state, _ in table}:
        assert table[state, "wait over"][0] == "terminated"


def test_a_step_is_taken_or_not() -> None:
    thing = Thing()
    assert step(thing, SERVER_INVITE, "send 2xx") == ("send_reply", "start_wait")
    assert thing.state == "accepted"
    assert step(thing, SERVER_INVITE, "send 1xx") == ()
    assert thing.state == "accepted"


def test_every_final_reply_is_acknowledged() -> None:
    for (_, event), (_, actions) in CLIENT_INVITE.items():
        assert ("send_ack" in actions) == (event == "recv 3xx-6xx")


@pytest.mark.parametrize(
    ("status", "invite", "own", "word"),
    [
        (100, True, True, "send 1xx"),
        (200, True, True, "send own 2xx"),
        (200, True, False, "send 2xx"),
        (200, False, True, "send final"),
        (486, True, False, "send 3xx-6xx"),
        (486, False, False, "send final"),
    ],
)
def test_what_a_reply_of_ours_is(status: int, invite: bool, own: bool, word: str) -> None:
    assert sent_as(status, invite=invite, own=own) == word


@pytest.mark.parametrize(
    ("status", "invite", "word"),
    [
        *[(199, True, "recv 1xx"), (299, True, "recv 2xx"), (300, True, "recv 3xx-6xx")],
        *[(180, False, "recv 1xx"), (200, False, "recv final")],
    ],
)
def test_what_a_received_reply_is(status: int, invite: bool, word: str) -> None:
    assert received_as(status, invite=invite) == word


def test_the_page_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "tm_page.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
