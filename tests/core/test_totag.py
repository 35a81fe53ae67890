"""To tags of replies of our own."""

from types import SimpleNamespace

from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.core.totag import ToTags, request_digest
from sipproxy.sip.message import Message
from sipproxy.testing import request


def parsed(data: bytes) -> Message:
    return Message.parse(data, source=("127.0.0.1", 5080), dest=("127.0.0.1", 5060))


def maker(name: str, port: int = 5060) -> ToTags:
    own = OwnAddresses([ListenSocket("udp", "127.0.0.1", port)])
    return ToTags(SimpleNamespace(own=own), name, ".")


def test_a_repetition_gets_the_same() -> None:
    tags, first = maker("a"), parsed(request("INVITE"))
    assert tags.of(first) == tags.of(parsed(request("INVITE")))
    assert tags.of(first) == tags.of(parsed(request("ACK")))
    assert tags.of(first) != tags.of(parsed(request("INVITE", number=2)))


def test_makers_and_servers_differ() -> None:
    msg = parsed(request("INVITE"))
    assert len({maker("a").of(msg), maker("b").of(msg), maker("a", 5070).of(msg)}) == 3


def test_the_digest_does_not_depend_on_how_via_is_written() -> None:
    plain = request("INVITE")
    spaced = plain.replace(b"Via: SIP/2.0/UDP ", b"Via:  SIP / 2.0 / UDP  ", 1)
    assert request_digest(parsed(plain)) == request_digest(parsed(spaced))
    assert len(request_digest(parsed(plain))) == 8
