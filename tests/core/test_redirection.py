"""Contacts of a redirection."""

from typing import Any

import pytest

from sipproxy.core.context import Branch, Context
from sipproxy.core.flow import Flow
from sipproxy.core.redirection import FLAGS, PATH, add_contacts, q_text
from sipproxy.sip.message import Message
from sipproxy.testing import request

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5080))


def context() -> Context:
    msg = Message.parse(request("INVITE"), source=FLOW.remote, dest=FLOW.local)
    host: Any = None
    return Context(msg, FLOW, 0.0, host, "request")


@pytest.mark.parametrize(
    ("q", "text"),
    [(0, "0"), (1000, "1"), (500, "0.5"), (250, "0.25"), (333, "0.333"), (7, "0.007")],
)
def test_q_values(q: int, text: str) -> None:
    assert q_text(q) == text


def test_nothing_chosen() -> None:
    assert not add_contacts(context())


def test_all_that_was_chosen() -> None:
    ctx = context()
    ctx.new_ruri, ctx.ruri_q, ctx.bflags = "sip:a@x", 500, 2
    branch = Branch("sip:b@x", bflags=4)
    branch.path = "<sip:p;lr>"
    ctx.branches.append(branch)
    assert add_contacts(ctx, FLAGS | PATH)
    assert ctx.lumps.reply_headers == (
        "Contact: <sip:a@x>;q=0.5;flags=2, <sip:b@x?Route=%3csip:p%3blr%3e>;flags=4\r\n"
    )
