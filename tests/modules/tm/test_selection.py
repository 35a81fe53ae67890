"""Which reply is the best."""

import pytest

from sipproxy.core.flow import Flow
from sipproxy.modules.tm.selection import NOBODY, OPEN, open_branches, pick, priority
from sipproxy.modules.tm.transaction import FAKED, Branch, Transaction
from sipproxy.sip.message import Message
from sipproxy.testing import request

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5080))


def forked(*statuses: int) -> Transaction:
    """A transaction whose branches have these statuses; negative ones are faked."""
    msg = Message.parse(request("INVITE"), source=FLOW.remote, dest=FLOW.local)
    t = Transaction(msg, FLOW, 0.0, None)
    for index, status in enumerate(statuses):
        b = Branch(index, "sip:x@example.com", True)
        b.flow, b.last_received = FLOW, abs(status)
        b.reply = FAKED if status < 0 else msg
        t.branches.append(b)
    return t


@pytest.mark.parametrize(
    ("better", "worse"),
    [(603, 302), (302, 401), (401, 404), (415, 403), (404, 500), (500, 503), (503, 700)],
)
def test_the_order(better: int, worse: int) -> None:
    assert priority(better) < priority(worse)
    assert pick(forked(worse, better), -1, 0) == (1, better)
    assert pick(forked(better, worse), 1, worse) == (0, better)


def test_a_faked_reply_may_count_less() -> None:
    assert pick(forked(-408, 486), -1, 0) == (0, 408)
    assert pick(forked(-408, 486), -1, 0, 1000) == (1, 486)


def test_open_and_forgotten_branches() -> None:
    t = forked(486, 180)
    assert pick(t, -1, 0) == (OPEN, 0)
    assert open_branches(t) == [t.branches[1]]
    t.branches[0].reply = None
    assert pick(t, 1, 404) == (1, 404)
    t.branches[1].last_received, t.branches[1].reply = 404, None
    assert pick(t, -1, 0) == (NOBODY, 0)


def test_a_stand_in_is_never_picked() -> None:
    t = forked(500, 486)
    t.branches[0].flow = None
    assert pick(t, -1, 0) == (1, 486)
