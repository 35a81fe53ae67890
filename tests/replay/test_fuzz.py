"""Captures with flipped bits and cut ends never raise: what cannot be read is counted or told."""

import gzip
import random  # noqa: TID251 - damages are chosen by a seed, nothing here runs in the proxy
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_text
from sipproxy.replay.capture import Capture
from sipproxy.replay.data import as_data
from sipproxy.replay.records import CaptureError
from sipproxy.replay.run import replay
from sipproxy.testing.messages import Messages

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "No"); exit; }
    if (is_method("INVITE")) { t_relay_to_tcp("192.0.2.1", "5070"); exit; }
    if ($fU =~ "^[0-9]" || $ua =~ "y" || $rb =~ "x") { sl_send_reply("403", "$tU $ct"); exit; }
    sl_send_reply("200", "OK");
}
"""
Make = Callable[[Any], bytes]


def messages() -> list[bytes]:
    made = Messages()
    source = "192.0.2.1:5070"
    invite = made.invite(source=source)
    return [
        made.register("bob", source=source),
        made.options(source=source),
        invite,
        made.response(invite, 180, "Ringing"),
        made.response(invite, 486, "Busy"),
    ]


def frames(wire: Any) -> list[bytes]:
    """Datagrams, fragments, and a stream both ways with its end, in IP packets."""
    found = []
    at, back = 100, 500
    found.append(wire.ipv4(wire.tcp(at, b"", 2), protocol=6))
    for number, data in enumerate(messages()):
        found.append(wire.ipv4(wire.udp(data)))
        found.append(wire.ipv6(wire.udp(data)))
        found += wire.fragments(wire.udp(data), 160, number=number)
        found.append(wire.ipv4(wire.tcp(at + 1, data), protocol=6))
        at += len(data)
        found.append(wire.ipv4(wire.tcp(back, data, back=True), protocol=6, back=True))
        back += len(data)
    found.append(wire.ipv4(wire.tcp(at + 1, b"", 0x11), protocol=6))
    return found


def pcap(wire: Any) -> bytes:
    packets = [wire.ethernet(0x0800, frame) for frame in frames(wire)]
    return Path(wire.pcap(packets, link=1)).read_bytes()


def pcapng(wire: Any) -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = 12 + len(body)
        return struct.pack("<II", kind, size) + body + struct.pack("<I", size)

    text = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    text += block(1, struct.pack("<HHI", 101, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + bytes(4))
    for second, frame in enumerate(frames(wire)):
        time = second * 1_000_000_000
        head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
        text += block(6, head + frame)
    return text


def gz(wire: Any) -> bytes:
    return gzip.compress(pcap(wire), mtime=0)


def hep(wire: Any) -> bytes:
    def chunk(kind: int, body: bytes) -> bytes:
        return struct.pack(">HHH", 0, kind, 6 + len(body)) + body

    packets = []
    for second, data in enumerate(messages()):
        chunks = (
            *(chunk(1, b"\x02"), chunk(2, b"\x11")),
            *(chunk(3, bytes((192, 0, 2, 1))), chunk(4, bytes((192, 0, 2, 2)))),
            *(chunk(7, struct.pack(">H", 5070)), chunk(8, struct.pack(">H", 5060))),
            *(chunk(9, struct.pack(">I", 1000 + second)), chunk(10, struct.pack(">I", 5))),
            *(chunk(11, b"\x01"), chunk(15, data)),
        )
        body = b"".join(chunks)
        packets.append(wire.ipv4(wire.udp(b"HEP3" + struct.pack(">H", 6 + len(body)) + body)))
    return Path(wire.pcap(packets)).read_bytes()


def sipdump(wire: Any) -> bytes:
    text = b""
    for second, data in enumerate(messages()):
        head = (
            f"tag: rcv\npid: 1\nprocess: 2\ntime: {1000 + second}.000001\ndate: x\n"
            "proto: udp ipv4\nsrcip: 192.0.2.1\nsrcport: 5070\ndstip: 192.0.2.2\ndstport: 5060\n"
        )
        text += b"=" * 20 + b"\n" + head.encode() + b"~" * 20 + b"\n" + data + b"|" * 20 + b"\n"
    return text


KINDS: dict[str, Make] = {
    "pcap": pcap,
    "pcapng": pcapng,
    "gz": gz,
    "hep": hep,
    "sipdump": sipdump,
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bits flipped, bytes put in, taken out or repeated, or the end cut off."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20, 200))):
        at = chance.randrange(len(found))
        match chance.randrange(8):
            case 0:
                del found[at : at + chance.randrange(1, 9)]
            case 1:
                found[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 2:
                found[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            case 3:
                found[at:at] = found[at : at + chance.randrange(1, 99)]
            case _:
                found[at] ^= 1 << chance.randrange(8)
        if len(found) < 10:
            break
    if chance.random() < 0.3:
        del found[chance.randrange(len(found) + 1) :]
    return bytes(found)


def fuzz(wire: Any, kind: str, seed: int, count: int) -> None:
    whole = KINDS[kind](wire)
    program = load_text(CFG)
    chance = random.Random(f"{kind} {seed}")
    for number in range(count):
        path = wire.write(damaged(whole, chance), "fuzzed")
        try:
            if number % 4:
                for packet in Capture(path):
                    assert packet.number > 0
            else:
                found = replay(program, [path], me=[("192.0.2.2", 5060)])
                assert found.player.proxy.host.counters["core.faults"] == 0
                assert as_data(found)["fed"] == found.player.fed
        except CaptureError:
            continue  # nothing of it looks like a capture: told in one sentence
        except Exception as error:
            raise AssertionError(f"{kind}, seed {seed}, number {number}") from error


@pytest.mark.parametrize("kind", KINDS)
def test_whole_captures_are_played(wire: Any, kind: str) -> None:
    path = wire.write(KINDS[kind](wire), "whole")
    found = replay(load_text(CFG), [path], me=[("192.0.2.2", 5060)])
    methods = found.player.sources["192.0.2.1"].requests
    assert {"REGISTER", "OPTIONS", "INVITE"} <= set(methods)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_captures_never_raise(wire: Any, kind: str) -> None:
    fuzz(wire, kind, 1, 40)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_damaged_captures_never_raise(wire: Any, kind: str, seed: int) -> None:
    fuzz(wire, kind, 100 + seed, 200)
