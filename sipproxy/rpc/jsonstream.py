"""JSON documents that come one after the other by a FIFO (Kamailio jsonrpcs_fifo.c).

Nothing stands between two documents: one ends where its last brace closes. Text before its first
brace belongs to it too, so that it is no JSON then and gets no answer.
"""

import re
from collections.abc import Iterator

MOST_DOCUMENT = 65_535
"""Bytes; Kamailio takes 8,190."""

_MARKS = re.compile(rb"[\"'{}]")
_QUOTES = b"\"'"
_OPEN = ord("{")
_BACKSLASH = ord("\\")


class Documents:
    """Cuts a stream into documents."""

    def __init__(self) -> None:
        self.forget()

    @property
    def half(self) -> bool:
        """Whether a document has begun and not ended."""
        return bool(self._buffer.strip())

    def forget(self) -> None:
        """Give up what came half."""
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._quote = 0
        """The quote that is open, as a byte's number."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The documents that are whole with these bytes. To be consumed before the next bytes.

        One that is too long is given up, with all that came along with its last bytes: an empty one
        stands for it.
        """
        self._buffer += data
        while (end := self._end()) is not None:
            document = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._scanned = 0
            yield document.strip()
        if len(self._buffer) > MOST_DOCUMENT:
            self.forget()
            yield b""

    def _end(self) -> int | None:
        """Where the first document ends; None while it is not whole."""
        buffer = self._buffer
        for mark in _MARKS.finditer(buffer, self._scanned):
            at = mark.start()
            byte = buffer[at]
            if byte in _QUOTES:
                if self._quote in (0, byte) and not self._is_escaped(at):
                    self._quote = byte - self._quote
            elif self._quote:
                continue
            elif byte == _OPEN:
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    return at + 1
        self._scanned = len(buffer)
        return None

    def _is_escaped(self, at: int) -> bool:
        first = at
        while first and self._buffer[first - 1] == _BACKSLASH:
            first -= 1
        return (at - first) % 2 == 1
