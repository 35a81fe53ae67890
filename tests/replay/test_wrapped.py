"""HEP3 packets, and the mark of Kamailio's sipdump."""

import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.links import Unreadable
from sipproxy.replay.wrapped import Unwrapped, open_hep, undumped

SIP = b"OPTIONS sip:a SIP/2.0\r\n\r\n"


def hep(**changes: Any) -> bytes:
    chunks: dict[int, bytes] = {
        1: b"\2",
        2: b"\x11",
        3: bytes([192, 0, 2, 1]),
        4: bytes([192, 0, 2, 2]),
        7: struct.pack(">H", 5070),
        8: struct.pack(">H", 5060),
        9: struct.pack(">I", 1_700_000_000),
        10: struct.pack(">I", 250_000),
        11: b"\1",
        15: SIP,
    }
    for name, value in changes.items():
        chunks[int(name[1:])] = value
    rows = [
        struct.pack(">HHH", 0, kind, len(data) + 6) + data
        for kind, data in chunks.items()
        if data is not None
    ]
    rows.append(struct.pack(">HHH", 31, 15, 8) + b"xx")  # a vendor's own chunk
    inner = b"".join(rows)
    return b"HEP3" + struct.pack(">H", len(inner) + 6) + inner


WHOLE = Unwrapped(1_700_000_000.25, ("192.0.2.1", 5070), ("192.0.2.2", 5060), "udp", SIP)


def test_a_message_in_hep() -> None:
    assert open_hep(hep()) == WHOLE


def test_ipv6_tcp_and_a_compressed_message() -> None:
    found = open_hep(
        hep(
            c2=b"\6", c3=None, c4=None, c5=bytes(15) + b"\1", c6=bytes(15) + b"\2",
            c15=None, c16=zlib.compress(SIP),
        )
    )  # fmt: skip
    assert (found.source, found.dest) == (("::1", 5070), ("::2", 5060))
    assert (found.proto, found.data) == ("tcp", SIP)


@pytest.mark.parametrize(
    "packet",
    [
        b"HEP3",
        hep()[:-1],
        hep(c15=None),
        hep(c3=b"\1"),
        hep(c15=None, c16=b"no zlib"),
        b"HEP3\0\x10" + bytes(10),
    ],
)
def test_broken_hep(packet: bytes) -> None:
    with pytest.raises(Unreadable, match="broken HEP3"):
        open_hep(packet)


def test_hep_with_something_else() -> None:
    with pytest.raises(Unreadable, match="without SIP"):
        open_hep(hep(c11=b"\5"))


@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    try:
        open_hep(b"HEP3" + data)
    except Unreadable:
        return


def test_the_mark_of_sipdump() -> None:
    plain = b"SIP/2.0 200 OK\r\nTo: x\r\n\r\n"
    marked = plain.replace(b"To", b"P-KSR-SIPDump: tls pid=7 pno=1\r\nTo")
    assert undumped(marked) == ("tls", plain)
    assert undumped(marked.replace(b"tls", b"odd")) == ("udp", plain)
    assert undumped(plain) == ("udp", plain)
