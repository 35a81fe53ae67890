"""`/pattern/replacement/flags`."""

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.substitution import EmptyMatch, Substitution
from sipproxy.sip.message import Message

DATA = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
)


@pytest.fixture
def host() -> Host:
    host = Host(VirtualClock(), Chance(1), LogList())
    host.load(Core)
    return host


@pytest.fixture
def ctx(host: Host) -> Context:
    flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5080))
    return Context(
        Message.parse(DATA, source=flow.remote, dest=flow.local), flow, 0.0, host, "request"
    )


@pytest.mark.parametrize(
    ("expression", "text", "result", "hits"),
    [
        ("/b/X/", "abcb", "aXcb", 1),
        ("/b/X/g", "abcb", "aXcX", 2),
        ("/b/$$X$$/", "abc", "a$X$c", 1),
        ("/B/X/", "abc", "abc", 0),
        ("/B/X/i", "abc", "aXc", 1),
        ("/(a)(b)?/[\\1\\2\\9\\0]/", "ac", "[aa]c", 1),
        ("/^a/X/g", "a\na", "X\nX", 2),
        ("/^a/X/gs", "a\na", "X\na", 1),
        ("/a.c/X/", "a\nc", "a\nc", 0),
        ("/a.c/X/s", "a\nc", "X", 1),
        ("#/#\\##", "a/b", "a#b", 1),
        ("/a\\/b/x\\/y/", "a/b", "x/y", 1),
        ("/b/\\n\\t\\r\\\\\\$/", "b", "\n\t\r\\$", 1),
        ("/b/\\u/", "b", "sip:a@b", 1),
        ("/b/$rc/", "b", "0", 1),
        ("/b/[$null]/", "b", "[]", 1),
        ("/.é/X/", "üé", "\udcc3X", 1),
    ],
)
def test_substitutions(
    host: Host, ctx: Context, expression: str, text: str, result: str, hits: int
) -> None:
    assert Substitution.parse(expression, host.access).apply(ctx, text) == (result, hits)


@pytest.mark.parametrize(
    "text", ["", "/", "//", "/a/b", "\\a\\b\\", "/a/b/x", "/(/b/", "/a/b/gig2"]
)
def test_refused(host: Host, text: str) -> None:
    with pytest.raises(ValueError):
        Substitution.parse(text, host.access)


def test_an_empty_match_gives_up(host: Host, ctx: Context) -> None:
    with pytest.raises(EmptyMatch):
        Substitution.parse("/x*/y/g", host.access).apply(ctx, "abc")
