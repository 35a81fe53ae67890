"""What the recorded cases do not reach: replies, and the way a failure ends the script."""

from typing import Any

import pytest

from sipproxy.modules.sanity import Sanity
from sipproxy.modules.sl import Sl


@pytest.fixture
def sanity(bench: Any) -> Sanity:
    bench.load(Sl)
    loaded: Sanity = bench.load(Sanity)
    return loaded


def test_a_failure_is_answered_and_ends_the_script(
    bench: Any, sanity: Sanity, request_text: Any
) -> None:
    ctx = bench.context(request_text("OPTIONS nonsense"))
    assert sanity.check(ctx, 2) == 0
    (sent,) = bench.sent
    assert sent.startswith("SIP/2.0 400 Bad Request URI\r\n")
    sanity.autodrop = 0
    assert sanity.check(ctx, 2) == -1


def test_defaults(bench: Any, sanity: Sanity, request_text: Any) -> None:
    assert sanity.check(bench.context(request_text())) == 1
    text = request_text().replace("Content-Length: 0", "Content-Length: 7")
    assert sanity.check(bench.context(text)) == 0
    sanity.default_checks = 1
    assert sanity.check(bench.context(text)) == 1


@pytest.mark.parametrize(
    ("checks", "uris", "result"),
    [(1, 7, 0), (2, 7, 0), (4, 7, 1), (32, 7, 0), (64, 7, 1), (128, 7, 1), (17604, 6, 1)],
)
def test_replies(
    bench: Any, sanity: Sanity, reply_text: Any, checks: int, uris: int, result: int
) -> None:
    """As Kamailio 5.6.3 answers in reply_route; it never replies to a reply."""
    assert sanity.check(bench.context(reply_text(), "reply"), checks, uris) == result
    assert bench.sent == []


def test_a_reply_is_not_answered_later_either(bench: Any, sanity: Sanity, reply_text: Any) -> None:
    sanity.noreply = 1
    assert sanity.answer(bench.context(reply_text(), "reply")) == 1
    assert bench.sent == []


def test_an_unreadable_from(bench: Any, sanity: Sanity, request_text: Any) -> None:
    text = request_text().replace("From: <sip:alice@example.com>;tag=f1", "From: <<sip:a>")
    assert sanity.check(bench.context(text), 4096) == 0
    assert bench.sent == []
    assert sanity.check(bench.context(text), 1024, 2) == 0
    assert bench.sent[0].startswith("SIP/2.0 400 Invalid From Header\r\n")


def test_a_length_without_an_end_of_the_headers(
    bench: Any, sanity: Sanity, request_text: Any
) -> None:
    """As Kamailio 5.6.3 answers RFC 4475's baddn.dat, which breaks off behind its last header."""
    text = request_text()[: -len("\r\n")]
    assert sanity.check(bench.context(text), 128) == 0
    assert bench.sent[0].startswith("SIP/2.0 400 Content-Length Body Failure\r\n")
