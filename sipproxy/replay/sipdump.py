"""The text files that Kamailio's module sipdump writes (modes 1 and 2; modules/sipdump).

Each message stands between a line of `=` with lines `name: value`, a line of `~`, and a line of
`|`.
"""

from collections.abc import Iterator
from io import BufferedIOBase

from sipproxy.replay.wrapped import Unwrapped

BEGIN = b"====================\n"
_MIDDLE = b"~~~~~~~~~~~~~~~~~~~~\n"
_END = b"||||||||||||||||||||\n"
_MOST = 1 << 20


def dumped(stream: BufferedIOBase) -> Iterator[Unwrapped | str]:
    """The messages of a file; a text says why one cannot be read."""
    while block := _block(stream):
        head, middle, data = block.partition(_MIDDLE)
        if not middle:
            yield "sipdump record without its end"
            continue
        try:
            yield _message(head, data)
        except (KeyError, ValueError):
            yield "broken sipdump record"


def _block(stream: BufferedIOBase) -> bytes:
    """What stands between two marks; empty at the end of the file."""
    lines: list[bytes] = []
    size = 0
    for line in iter(lambda: stream.readline(_MOST), b""):
        if line == BEGIN and not lines:
            continue
        if line.endswith(_END):
            # A message need not end with a line end, so the mark may stand behind its last line.
            lines.append(line[: -len(_END)])
            return b"".join(lines) or b"\n"
        size += len(line)
        if size < _MOST or not lines:
            lines.append(line[:_MOST])
    return b"".join(lines)


def _message(head: bytes, data: bytes) -> Unwrapped:
    rows = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines() if ": " in line)
    return Unwrapped(
        float(rows["time"]),
        (rows["srcip"], int(rows["srcport"])),
        (rows["dstip"], int(rows["dstport"])),
        rows["proto"].split(" ")[0],
        data,
    )
