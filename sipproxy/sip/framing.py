"""SIP messages out of a stream of bytes (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

No socket and no clock: the TCP server and the reader of captures both feed it.
"""

import re

from sipproxy.errors import MessageError

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t\r\n]*(\d+)", re.IGNORECASE | re.MULTILINE)
_LINE_ENDS = b"\r\n"
_MOST_DIGITS = 10
_TWICE = "two lengths of one message on a stream"


class Framer:
    """Cuts one direction of a connection into messages by Content-Length.

    `most` bytes is the longest message taken. Without `needs_length` a message whose head does not
    tell its length ends with its head. `pings` counts the double CRLFs between messages.
    """

    def __init__(self, most: int = 65_535, *, needs_length: bool = True) -> None:
        self.pings = 0
        self.fault: MessageError | None = None
        """Why nothing more can be framed; the messages before it were given."""
        self._most = most
        self._needs_length = needs_length
        self._buffer = bytearray()
        self._wanted = 0
        """Bytes the message at hand takes in all; 0 while its head is not whole."""
        self._searched = 0
        """How far the head's end was looked for."""
        self._ends = 0
        """Line ends seen in a row since the last message."""

    @property
    def half(self) -> int:
        """Bytes of a message that is not whole yet, 0 between messages."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came; the messages it completes.

        Raises MessageError for what cannot be framed: the stream is of no use from there on. Behind
        whole messages it is a `fault` first, which the next call raises.
        """
        if self.fault is not None:
            raise self.fault
        self._buffer += data
        messages: list[bytes] = []
        while self._found(messages):
            messages.append(bytes(self._buffer[: self._wanted]))
            del self._buffer[: self._wanted]
            self._wanted = 0
        return messages

    def _found(self, messages: list[bytes]) -> bool:
        try:
            return self._find()
        except MessageError as error:
            self.fault = error
            if messages:
                return False
            raise

    def _find(self) -> bool:
        """Whether a whole message stands at the start of the buffer."""
        if not self._wanted:
            self._skip_line_ends()
            end = self._end_of_head()
            if end is None:
                self._limit(len(self._buffer))
                return False
            self._wanted = end + self._body_length(end)
            self._limit(self._wanted)
        return len(self._buffer) >= self._wanted

    def _skip_line_ends(self) -> None:
        """What stands between messages: two CRLFs are a ping, single ones mean nothing."""
        buffer = self._buffer
        if not buffer or buffer[0] not in _LINE_ENDS:
            return
        rest = buffer.lstrip(_LINE_ENDS)
        self._ends += buffer[: len(buffer) - len(rest)].count(b"\n")
        self.pings += self._ends // 2
        self._ends %= 2
        self._buffer = rest

    def _end_of_head(self) -> int | None:
        if not self._buffer:
            return None
        self._ends = 0
        found = _END_OF_HEAD.search(self._buffer, max(0, self._searched - 3))
        self._searched = 0 if found else len(self._buffer)
        return found.end() if found else None

    def _body_length(self, end: int) -> int:
        found = _LENGTH.search(self._buffer, 0, end)
        if found is not None:
            other = _LENGTH.search(self._buffer, found.end(), end)
            if other is not None and other[1] != found[1]:
                raise MessageError(_TWICE)  # whoever reads the other one sees other messages
        if found is None:
            if self._needs_length:
                raise MessageError("a message on a stream without Content-Length")
            return 0
        if len(found[1]) > _MOST_DIGITS:
            raise MessageError("bad Content-Length on a stream")
        return int(found[1])

    def _limit(self, size: int) -> None:
        if size > self._most:
            raise MessageError(f"a message of more than {self._most} bytes on a stream")
