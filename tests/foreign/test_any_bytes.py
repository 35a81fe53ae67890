"""Messages changed at random: read or refused, and never more than a message's end for a proxy."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy import text as wire
from sipproxy.core.flow import Flow
from sipproxy.errors import MessageError
from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.testing import ProxyUnderTest, load_cfg

HERE = Path(__file__).resolve().parent
FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.9", 5070))
DEFINES = {"PORT": "5060", "SINK": "5099", "CTL": '"unix:ctl"', "STATEFUL": ""}

MESSAGES = [
    row["text"].replace("\n", "\r\n").encode("latin-1")
    for row in tomllib.loads((HERE / "own.toml").read_text(encoding="utf-8"))["message"]
]
PIECES = [
    *(bytes([code]) for code in b"\r\n\0\t \"<>;,:@%[]?\\=/()*'&+.\x7f\xff"),
    *(b"\r\n", b"\r\n\r\n", b"\r\n ", b"\xc3\xb6", b"%00", b"sip:", b"tel:+1", b"SIP/2.0"),
    *(b"-1", b"9" * 20, b";tag=", b";branch=z9hG4bK", b"Via: ", b"v:", b"i:", b";lr", b'="'),
    b"Content-Length: 3\r\n",
    b"Route: <sip:127.0.0.1;lr>\r\n",
    b"Route: <sip:127.0.0.1;lr>, <sip:x@h;r2=on>\r\n",
    b'Authorization: Digest username="a", realm="example.com", nonce="x", uri="sip:x",'
    b' response="00000000000000000000000000000000"\r\n',
]
VALUES = (
    *("ruri_parsed", "vias", "via", "from_", "to", "is_tagged", "cseq", "call_id", "contact"),
    *("routes", "record_routes", "content_length", "max_forwards"),
)

places = st.floats(0, 1, exclude_max=True)
changes = st.lists(
    st.tuples(places, st.sampled_from([0, 0, 1, 1, 2, 5, 30, 100]), st.sampled_from(PIECES))
    | st.tuples(places, st.just(0), places)
    | st.tuples(places, st.sampled_from([1, 5, 40]), st.just(b"")),
    max_size=5,
)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A message with some stretches replaced, taken out, or written a second time."""
    data: bytes = draw(st.sampled_from(MESSAGES))
    for place, length, put in draw(changes):
        start = int(place * len(data))
        if isinstance(put, float):
            other = int(put * len(data))
            put = data[min(start, other) : max(start, other)][:200]
        data = data[:start] + put + data[start + length :]
    return data


def read_or_refuse(data: bytes) -> None:
    """Reading raises MessageError or nothing; so does every value of what was read."""
    try:
        msg = Message.parse(data, source=FLOW.remote, dest=FLOW.local)
    except MessageError as refused:
        assert refused.status == 0
        return
    assert wire.encode(msg.head) + msg.body == data
    assert rebuild(msg, Lumps(msg)) == data
    for name in VALUES:
        try:
            value = getattr(msg, name)
        except MessageError:
            continue
        if name == "from_":
            _ = value.tag
        for address in value if name in ("contact", "routes", "record_routes") else ():
            try:
                _ = address.parsed, address.tag, address.param("q")
            except MessageError:
                continue
    _ = msg.to.tag, msg.via.branch, msg.via.received
    msg.credentials("authorization")


def survive(proxy: ProxyUnderTest, data: bytes) -> None:
    """No fault of ours, whatever the script does with the message."""
    proxy.proxy.receive(data, FLOW, proxy.clock.now())
    proxy.proxy.settle()
    proxy.proxy.outbox.clear()
    faults = [text for *_, text in proxy.log.records if "Traceback" in text]
    proxy.log.records.clear()
    assert faults == []
    assert proxy.host.counters["core.broken"] == 0


@pytest.fixture(scope="module", params=["reader.cfg", "edge.cfg"])
def proxy(request: pytest.FixtureRequest) -> ProxyUnderTest:
    """One that reads everything, and one that relays with state."""
    return load_cfg(str(HERE / request.param), defines=DEFINES)


@settings(max_examples=1500, deadline=None)
@given(mutants())
def test_any_message_is_read_or_refused(data: bytes) -> None:
    read_or_refuse(data)


@settings(max_examples=500, deadline=None)
@given(data=mutants())
def test_any_message_ends_that_message_only(proxy: ProxyUnderTest, data: bytes) -> None:
    survive(proxy, data)


@pytest.mark.soak
@settings(max_examples=100_000, deadline=None)
@given(mutants())
def test_any_message_is_read_or_refused_at_length(data: bytes) -> None:
    read_or_refuse(data)


@pytest.mark.soak
@settings(max_examples=30_000, deadline=None)
@given(data=mutants())
def test_any_message_ends_that_message_only_at_length(proxy: ProxyUnderTest, data: bytes) -> None:
    survive(proxy, data)
