"""The first look at captures."""

from collections.abc import Iterator

from sipproxy.core.flow import Address
from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.survey import Recent, Survey

PROXY, GATEWAY = ("192.0.2.100", 5060), ("192.0.2.50", 5060)
ONE, TWO = ("192.0.2.1", 5070), ("192.0.2.2", 5070)


def message(first: str, number: int = 1, more: str = "") -> bytes:
    return (
        f"{first}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{number}\r\n"
        f"Call-ID: {number}\r\nCSeq: 1 INVITE\r\n{more}\r\n"
    ).encode()


INVITE = message("INVITE sip:b@x SIP/2.0")


def packets(*rows: tuple[Address, Address, bytes]) -> Iterator[Packet]:
    for number, (source, dest, data) in enumerate(rows):
        yield Packet(number + 1, 1000.0 + number, Datagram(source, dest, data))


def outcomes(*rows: tuple[Address, Address, bytes]) -> list[tuple[int, bool]]:
    survey = Survey(packets(*rows))
    found = [survey.outcome(place) for place in range(len(rows))]
    return [(outcome.status, outcome.relayed) for outcome in found]


def test_the_final_answer_is_the_outcome_of_every_transmission() -> None:
    assert outcomes(
        (ONE, PROXY, INVITE),
        (PROXY, ONE, message("SIP/2.0 100 Trying")),
        (ONE, PROXY, INVITE),
        (PROXY, ONE, message("SIP/2.0 403 No")),
        (PROXY, ONE, message("SIP/2.0 200 OK")),
        (PROXY, TWO, message("SIP/2.0 500 To Another")),
    ) == [(403, False), (0, False), (403, False), (0, False), (0, False), (0, False)]


def test_a_request_that_goes_on_was_relayed() -> None:
    rows = ((ONE, PROXY, INVITE), (PROXY, GATEWAY, INVITE), (GATEWAY, PROXY, b"SIP/2.0 486 x"))
    assert outcomes(*rows)[:2] == [(0, True), (0, False)]


def test_a_challenge_for_a_stale_nonce() -> None:
    stale = 'WWW-Authenticate: Digest realm="x", stale=true\r\n'
    rows = ((ONE, PROXY, INVITE), (PROXY, ONE, message("SIP/2.0 401 Again", more=stale)))
    outcome = Survey(packets(*rows)).outcome(0)
    assert (outcome.status, outcome.stale, outcome.known) == (401, True, True)
    assert not Survey().outcome(5).known


def test_who_we_are() -> None:
    rows = [
        (ONE, PROXY, INVITE),
        (TWO, PROXY, message("INVITE sip:b@x SIP/2.0", 2)),
        *[(PROXY, GATEWAY, message("INVITE sip:b@x SIP/2.0", n)) for n in range(5)],
    ]
    survey = Survey(packets(*rows))
    plain = load_text("request_route { exit; }")
    named = load_text("listen=udp:192.0.2.50:5060\nrequest_route { exit; }")
    assert survey.me(plain) == ([PROXY], "guessed: most senders and requests went there")
    assert survey.me(named) == ([GATEWAY], "a listen line of the cfg")
    assert Survey(packets((ONE, PROXY, b"hello"))).me(plain)[0] == []
    assert (survey.first, survey.last) == (1000.0, 1006.0)
    assert survey.protos(PROXY) == {"udp"}


def test_what_happened_lately_is_bounded_in_time_and_number() -> None:
    recent: Recent[int, str] = Recent(seconds=10.0, most=3)
    recent.put(1000.0, 1, "a")
    assert recent.put(1009.0, 2, "b") is None
    assert recent.put(1011.0, 3, "c") == {}
    assert (recent.get(1), recent.get(3)) == ("a", "c")
    assert recent.put(1022.0, 4, "d") == {1: "a", 2: "b"}
    assert (recent.get(1), recent.get(3)) == (None, "c")
    for number in range(100):
        recent.put(1022.0, number, "x")
    assert len(recent.rest()) <= 6
    recent.drop(99)
    assert recent.get(99) is None


def test_a_flood_of_one_request_costs_no_more_than_another() -> None:
    """What waits for an answer is bounded, whether the server answers or is silent."""
    answer = message("SIP/2.0 403 No")
    both = [row for _ in range(30_000) for row in ((ONE, PROXY, INVITE), (PROXY, ONE, answer))]
    assert set(outcomes(*both)[::2]) == {(403, False)}
    silent = [(ONE, PROXY, INVITE)] * 30_000
    found = outcomes(*silent, (PROXY, ONE, answer))
    assert found[:29_000] == [(0, False)] * 29_000
    assert found[29_999] == (403, False)
