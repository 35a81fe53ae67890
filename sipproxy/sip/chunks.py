"""A body in chunks, as HTTP sends one whose length it does not know (RFC 9112 section 7.1)."""

import re

from sipproxy.errors import MessageError

_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]*)?\r?\n")
_MOST_LINE = 1024
"""Bytes of a line between two chunks."""


class Chunks:
    """Takes the chunks that begin at an offset of a buffer, and what stands behind the last one.

    The buffer may grow between two calls, but nothing may be taken from its start.
    """

    def __init__(self, at: int) -> None:
        self.body = bytearray()
        self._at = at
        self._trailer = False

    def end(self, buffer: bytearray) -> int | None:
        """Where the body ends; None while it is not whole. Raises MessageError."""
        while not self._trailer:
            found = _SIZE.match(buffer, self._at)
            if found is None:
                if b"\n" in buffer[self._at :] or len(buffer) - self._at > _MOST_LINE:
                    raise MessageError("a bad chunk of a body")
                return None
            size = int(found[1], 16)
            if not size:
                self._trailer = True
                self._at = found.end()
                break
            start = found.end()
            close = buffer[start + size : start + size + 2]
            if (close[:1] == b"\r" and len(close) < 2) or not close:
                return None
            length = {b"\r\n": 2, b"\n": 1}.get(bytes(close[: 1 + (close[:1] == b"\r")]))
            if length is None:
                raise MessageError("a chunk of a body is longer than it says")
            self.body += buffer[start : start + size]
            self._at = start + size + length
        return self._behind_trailer(buffer)

    def _behind_trailer(self, buffer: bytearray) -> int | None:
        """Behind the empty line that ends the rows after the last chunk, which mean nothing."""
        while (line_end := buffer.find(b"\n", self._at)) >= 0:
            line = buffer[self._at : line_end].rstrip(b"\r")
            self._at = line_end + 1
            if not line:
                return self._at
        return None
