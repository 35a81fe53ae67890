"""Capture files: pcap, pcapng and gzip, in every byte order, whole, cut and damaged."""

import gzip
import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.records import (
    Broken,
    CaptureError,
    RecordFile,
    Window,
    pcap_records,
    pcapng_records,
)


def pcap(order: str, magic: int, *records: tuple[int, int, bytes, int]) -> bytes:
    """A capture of raw IP: (seconds, fraction, frame, its size on the wire) each."""
    text = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 101)
    for seconds, fraction, frame, size in records:
        text += struct.pack(f"{order}IIII", seconds, fraction, len(frame), size) + frame
    return text


def block(order: str, kind: int, inner: bytes) -> bytes:
    inner += bytes(-len(inner) % 4)
    length = len(inner) + 12
    return struct.pack(f"{order}II", kind, length) + inner + struct.pack(f"{order}I", length)


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link: int, *options: tuple[int, bytes]) -> bytes:
    inner = struct.pack(f"{order}HHI", link, 0, 0)
    for code, value in options:
        padded = value + bytes(-len(value) % 4)
        inner += struct.pack(f"{order}HH", code, len(value)) + padded
    return block(order, 1, inner + bytes(4))


def enhanced(order: str, number: int, ticks: int, frame: bytes) -> bytes:
    size = len(frame)
    head = struct.pack(f"{order}IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, size, size)
    return block(order, 6, head + frame)


def read(path: str) -> list[tuple[float, int, bytes]]:
    return [(r.time, r.link, r.data[r.start : r.end]) for r in RecordFile(path)]


@pytest.mark.parametrize(
    ("order", "magic", "fraction"),
    [
        ("<", 0xA1B2C3D4, 500_000),
        (">", 0xA1B2C3D4, 500_000),
        ("<", 0xA1B23C4D, 500_000_000),
        (">", 0xA1B23C4D, 500_000_000),
    ],
)
def test_byte_orders_and_units(wire: Any, order: str, magic: int, fraction: int) -> None:
    path = wire.write(pcap(order, magic, (7, fraction, b"frame", 5)))
    assert read(path) == [(7.5, 101, b"frame")]


def test_gzip(wire: Any) -> None:
    text = pcap("<", 0xA1B2C3D4, (7, 0, b"frame", 5), (8, 0, b"other", 5))
    assert read(wire.write(gzip.compress(text))) == [(7.0, 101, b"frame"), (8.0, 101, b"other")]


def test_damaged_gzip(wire: Any) -> None:
    packed = gzip.compress(pcap("<", 0xA1B2C3D4, *[(7, 0, bytes(range(256)), 256)] * 9000))
    records = RecordFile(wire.write(packed[: len(packed) // 2]))
    list(records)
    assert "compressed file is damaged" in records.broken or "ends in the middle" in records.broken


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_two_interfaces_and_two_sections(wire: Any, order: str) -> None:
    text = section(order) + interface(order, 1) + interface(order, 101, (9, b"\x09"))
    text += enhanced(order, 1, 7_500_000_000, b"nano")
    text += block(order, 0xBAD, b"unknown") + enhanced(order, 0, 8_500_000, b"micro")
    text += section(order) + interface(
        order, 113, (9, b"\x82"), (14, struct.pack(f"{order}q", 100))
    )
    text += enhanced(order, 0, 6, b"quarters")
    assert read(wire.write(text)) == [
        (7.5, 101, b"nano"),
        (8.5, 1, b"micro"),
        (101.5, 113, b"quarters"),
    ]


def test_old_and_simple_packets_of_pcapng(wire: Any) -> None:
    text = section("<") + interface("<", 1)
    text += block("<", 2, struct.pack("<HHIIII", 0, 0, 0, 2_000_000, 3, 3) + b"old")
    text += block("<", 3, struct.pack("<I", 4) + b"bare")
    assert read(wire.write(text)) == [(2.0, 1, b"old"), (0.0, 1, b"bare")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (pcap("<", 0xA1B2C3D4, (1, 0, b"frame", 5))[:-1], "the file ends in the middle of frame 1"),
        (pcap("<", 0xA1B2C3D4) + b"\0" * 5, "the file ends in the middle of frame 1"),
        (
            pcap("<", 0xA1B2C3D4) + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30),
            "frame 1 has the impossible length 1073741824",
        ),
        (section("<") + b"\6\0", "the file ends in the middle of block 2"),
        (section("<") + enhanced("<", 0, 0, b"x")[:-4], "the file ends in the middle of block 2"),
        (section("<") + enhanced("<", 0, 0, b"x"), "block 2 is damaged"),
        (section("<") + struct.pack("<III", 6, 7, 7), "block 2 has the impossible length 7"),
        (section("<")[:8] + bytes(20), "section 1 has no byte order"),
        (
            section("<")
            + interface("<", 1)
            + block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99)),
            "block 3 is damaged",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told(wire: Any, content: bytes, sentence: str) -> None:
    records = RecordFile(wire.write(content))
    list(records)
    assert records.broken == sentence


@pytest.mark.parametrize(
    "content", [b"", b"hello, this is some text of no use", b"\xd4\xc3\xb2\xa1"]
)
def test_what_is_no_capture(wire: Any, content: bytes) -> None:
    with pytest.raises(CaptureError, match="is no pcap or pcapng capture"):
        RecordFile(wire.write(content))


def test_files_that_cannot_be_read(wire: Any) -> None:
    with pytest.raises(CaptureError, match=r"cannot read .*: No such file or directory"):
        RecordFile("none.pcap")
    with pytest.raises(CaptureError, match="cannot read"):
        RecordFile(wire.write(b"\x1f\x8b\x08" + bytes(40)))


def test_long_files_are_read_in_pieces(wire: Any) -> None:
    frame = bytes(200_000)
    path = wire.write(pcap("<", 0xA1B2C3D4, *[(n, 0, frame, len(frame)) for n in range(20)]))
    assert [time for time, _, data in read(path) if data == frame] == [float(n) for n in range(20)]


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_behind_a_header(data: bytes, ng: bool) -> None:
    head = section("<") + interface("<", 1) if ng else pcap("<", 0xA1B2C3D4)
    window = Window(io.BytesIO(head + data))
    window.has(4)
    try:
        for record in pcapng_records(window) if ng else pcap_records(window):
            assert record.end <= len(record.data)
    except Broken as error:
        assert str(error)


def test_what_stands_before_a_damage_of_a_compressed_file_is_read(wire: Any) -> None:
    frames = [bytes([number]) * 60 for number in range(50)]
    whole = gzip.compress(Path(wire.pcap(frames)).read_bytes())
    for damaged in (whole[:-20], whole[:-8] + bytes(8), whole[:-1]):
        found = RecordFile(wire.write(damaged, "x.pcap.gz"))
        assert len(list(found)) >= 40
        assert found.broken.startswith("the compressed file is damaged: ")


@pytest.mark.parametrize("cut", [3, 12, 18])
def test_a_compressed_file_of_which_little_is_left(wire: Any, cut: int) -> None:
    whole = gzip.compress(Path(wire.pcap([bytes(60)])).read_bytes())
    with pytest.raises(CaptureError, match=r"cannot read .*damaged|cannot read .*ended|no pcap"):
        RecordFile(wire.write(whole[:cut], "x.pcap.gz"))
