"""Frames as tests write them, layer by layer."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

SOURCE, DEST = ("192.0.2.1", 5070), ("192.0.2.2", 5060)
Timed = tuple[float, bytes]


class Wire:
    """Builds packets from 192.0.2.1:5070 to 192.0.2.2:5060, or back."""

    source, dest = SOURCE, DEST

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0

    def udp(self, data: bytes, size: int | None = None) -> bytes:
        return struct.pack(">HHHH", 5070, 5060, 8 + len(data) if size is None else size, 0) + data

    def tcp(self, number: int, data: bytes, flags: int = 0x18, *, back: bool = False) -> bytes:
        ports = (5060, 5070) if back else (5070, 5060)
        number %= 1 << 32
        return struct.pack(">HHIIBBHHH", *ports, number, 1, 0x50, flags, 9000, 0, 0) + data

    def ipv4(
        self,
        inner: bytes,
        *,
        protocol: int = 17,
        fragment: int = 0,
        number: int = 0,
        options: bytes = b"",
        back: bool = False,
    ) -> bytes:
        words = 5 + len(options) // 4
        size = words * 4 + len(inner)
        head = struct.pack(">BBHHHBBH", 0x40 | words, 0, size, number, fragment, 64, protocol, 0)
        ends = [bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])]
        return head + b"".join(ends[::-1] if back else ends) + options + inner

    def ipv6(self, inner: bytes, kind: int = 17) -> bytes:
        head = struct.pack(">IHBB", 6 << 28, len(inner), kind, 64)
        return head + bytes(15) + b"\1" + bytes(15) + b"\2" + inner

    def ethernet(self, kind: int, packet: bytes, tags: bytes = b"") -> bytes:
        return bytes(12) + tags + struct.pack(">H", kind) + packet

    def fragments(self, inner: bytes, size: int, number: int = 7) -> list[bytes]:
        """An IPv4 payload in fragments of `size` bytes, a multiple of 8."""
        pieces = [inner[at : at + size] for at in range(0, len(inner), size)]
        return [
            self.ipv4(piece, number=number, fragment=at * size // 8 | more << 13)
            for at, (piece, more) in enumerate(
                zip(pieces, [1] * (len(pieces) - 1) + [0], strict=True)
            )
        ]

    def pcap(self, frames: Sequence[bytes | Timed], link: int = 101) -> str:
        """A capture file of these frames, a second apart where they have no time."""
        text = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link)
        for second, frame in enumerate(frames):
            time, data = frame if isinstance(frame, tuple) else (float(second), frame)
            whole = divmod(round(time * 1_000_000), 1_000_000)
            text += struct.pack("<IIII", *whole, len(data), len(data)) + data
        return self.write(text)

    def write(self, text: bytes, name: str = "") -> str:
        self._files += 1
        path = self._folder / (name or f"{self._files}.pcap")
        path.write_bytes(text)
        return str(path)


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path)
