"""Writing pcapng files: frames of any link type, each with a comment that Wireshark shows.

Format: draft-ietf-opsawg-pcapng-03.
"""

import struct

from sipproxy.replay.records import MOST_FRAME, CaptureError
from sipproxy.text import encode, presentable

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_COMMENT, _APPLICATION = 1, 4


class PcapngWriter:
    """Writes frames as they were captured, to the microsecond."""

    def __init__(self, path: str) -> None:
        """Make the file; raises CaptureError."""
        try:
            self._stream = open(path, "wb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise CaptureError(f"cannot write {path}: {error.strerror}") from None
        self._interfaces: dict[int, int] = {}
        head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        self._block(_SECTION, head + _options((_APPLICATION, "sipproxy")))

    def add(self, time: float, link: int, frame: bytes, size: int, comment: str = "") -> None:
        """Write one frame of a link type, which was `size` bytes long on the wire."""
        number = self._interfaces.get(link)
        if number is None:
            number = self._interfaces[link] = len(self._interfaces)
            self._block(_INTERFACE, struct.pack("<HHI", link, 0, MOST_FRAME))
        micros = round(time * 1_000_000)
        head = struct.pack("<IIIII", number, micros >> 32, micros & 0xFFFFFFFF, len(frame), size)
        options = _options((_COMMENT, comment)) if comment else b""
        self._block(_PACKET, head + _padded(frame) + options)

    def _block(self, kind: int, body: bytes) -> None:
        size = len(body) + 12
        self._stream.write(struct.pack("<II", kind, size) + body + struct.pack("<I", size))

    def close(self) -> None:
        """The file is complete."""
        self._stream.close()

    def __enter__(self) -> "PcapngWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _options(*rows: tuple[int, str]) -> bytes:
    texts = [(code, encode(presentable(text))[:60_000]) for code, text in rows]
    packed = (struct.pack("<HH", code, len(text)) + _padded(text) for code, text in texts)
    return b"".join([*packed, bytes(4)])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
