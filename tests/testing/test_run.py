"""What a run tells: transcript, the difference from what was expected, the log, faults."""

import pytest

from sipproxy.core.flow import Flow
from sipproxy.sip.message import Message
from sipproxy.testing import Log, Run, Sent, request, response


def sent(data: bytes, remote: tuple[str, int] = ("127.0.0.1", 5080), proto: str = "udp") -> Sent:
    flow = Flow(proto, ("127.0.0.1", 5060), remote)
    return Sent(Message.parse(data, source=flow.local, dest=remote), flow)


def test_a_message_as_one_line() -> None:
    assert str(sent(response(request(), 404, "Not Found"))) == "404 Not Found -> 127.0.0.1:5080"
    ipv6 = sent(request("INVITE", "sip:bob@example.com"), ("::1", 5070), "tcp")
    assert str(ipv6) == "INVITE sip:bob@example.com -> tcp:[::1]:5070"
    assert (ipv6.status, ipv6.raw) == (0, request("INVITE", "sip:bob@example.com"))


def test_expect_passes_or_shows_the_difference_and_the_log() -> None:
    run = Run(
        [sent(response(request(), 100, "trying")), sent(response(request(), 404, "Not Found"))],
        Log(["looking up bob\n", "nobody"]),
    )
    run.expect("100 trying -> 127.0.0.1:5080", "404 Not Found -> 127.0.0.1:5080")
    with pytest.raises(AssertionError) as caught:
        run.expect("100 trying -> 127.0.0.1:5080", "200 OK -> 127.0.0.1:5080")
    assert str(caught.value).split("\n") == [
        "other messages were sent than expected (- missing, + unexpected):",
        "  100 trying -> 127.0.0.1:5080",
        "- 200 OK -> 127.0.0.1:5080",
        "+ 404 Not Found -> 127.0.0.1:5080",
        "log:",
        "  looking up bob",
        "  nobody",
    ]
    with pytest.raises(AssertionError, match=r"\+ 100 trying -> 127.0.0.1:5080"):
        run.expect()


def test_without_a_log_the_difference_stands_alone() -> None:
    with pytest.raises(AssertionError) as caught:
        Run().expect("200 OK -> 127.0.0.1:5080")
    assert "log:" not in str(caught.value)


def test_log_and_defaults() -> None:
    log = Log(["one two", "two"])
    assert log.has("one") and not log.has("three")
    assert (log.count_of("two"), log.count_of("three")) == (2, 0)
    run = Run()
    assert (run.left_at, run.exited, run.statuses, run.fault, run.transcript) == (
        "",
        False,
        [],
        "",
        [],
    )
