"""Phones and the log while somebody floods the server with garbage."""

import shutil

import pytest

from benchmarks import flood
from benchmarks.compare import SERVERS
from sipproxy.errors import MessageError
from sipproxy.sip.message import Message

SECONDS = 10


def test_the_garbage_is_garbage() -> None:
    """Of its four kinds none is a message, save a few whose flipped bytes hurt nothing."""
    readable = 0
    for data in flood.garbage():
        try:
            message = Message.parse(data, source=("127.0.0.1", 9), dest=("127.0.0.1", 5060))
        except MessageError:
            continue
        readable += not message.malformed
    assert readable < 0.15 * len(flood.garbage())


@pytest.mark.soak
@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("cc"), reason="a C compiler is not installed")
@pytest.mark.skipif(not shutil.which("kamailio"), reason="kamailio is not installed")
def test_phones_are_served_at_least_as_well_as_by_kamailio() -> None:
    ours, theirs = (
        flood.measure(server, SECONDS)
        for server in SERVERS
        if server.name in ("sipproxy", "kamailio-tlsf")
    )
    assert ours.asked == theirs.asked == (SECONDS - 1) * flood.RATE
    assert ours.share >= max(theirs.share, 0.8), (ours, theirs)
    assert ours.log < 1 << 20
    assert ours.flood > 20_000, "the flood was none"
