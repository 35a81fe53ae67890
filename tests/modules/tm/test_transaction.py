"""What is remembered of a transaction."""

from sipproxy.core.flow import Flow
from sipproxy.modules.tm.transaction import Branch, Plan, Transaction
from sipproxy.sip.message import Message
from sipproxy.testing import request

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5080))


def made(method: str, plan: Plan | None = None) -> Transaction:
    msg = Message.parse(request(method), source=FLOW.remote, dest=FLOW.local)
    return Transaction(msg, FLOW, 1.0, plan)


def test_defaults() -> None:
    t = made("INVITE")
    assert (t.status, t.reply, t.on_failure, t.held, t.over) == (0, b"", "", None, False)
    b = Branch(0, "sip:x@example.com", invite=True)
    assert (b.last_received, b.pending, b.state) == (0, True, "calling")


def test_a_plan_goes_over() -> None:
    plan = Plan()
    plan.on_failure, plan.fr_timer, plan.internal_reply = "F", 2.0, False
    t = made("INVITE", plan)
    assert (t.on_failure, t.fr_timer, t.internal_reply, t.on_reply) == ("F", 2.0, False, "")


def test_each_kind_has_its_tables() -> None:
    invite, other = made("INVITE"), made("MESSAGE")
    assert invite.state == "proceeding"
    assert other.state == "trying"
    assert ("proceeding", "send 2xx") in invite.table
    assert ("trying", "send final") in other.table
    assert ("calling", "timer A") in invite.branch_table
    assert ("trying", "timer E") in other.branch_table


def test_a_request_at_rest_is_read_anew() -> None:
    t = made("INVITE")
    before = t.request
    assert t.request is before
    t.rest()
    assert (t.glance().raw, t.rests, t.method) == (before.raw, True, "INVITE")
    again = t.request
    assert again is not before
    assert (t.request is again, t.rests) == (True, False)
    for name in ("raw", "head", "source", "dest", "proto"):
        assert getattr(again, name) == getattr(before, name)


def test_a_request_of_our_own_does_not_rest() -> None:
    t = made("INVITE")
    t.local = True
    t.rest()
    assert not t.rests
