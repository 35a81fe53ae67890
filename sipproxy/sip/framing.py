"""SIP messages out of a stream of bytes (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

No socket and no clock: the TCP server and the reader of captures both feed it.
"""

import re

from sipproxy.errors import MessageError
from sipproxy.sip.chunks import Chunks

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t\r\n]*(\d+)", re.IGNORECASE | re.MULTILINE)
_LINE_ENDS = b"\r\n"
_MOST_DIGITS = 10
_TWICE = "two lengths of one message on a stream"
_HTTP = re.compile(rb"[^ \r\n]+ [^ \r\n]+[ \t]+HTTP/1\.[^\r\n]*\r?\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"Expect: 100-continue", re.IGNORECASE)
_CHUNKED = re.compile(rb"Transfer-Encoding: chunked", re.IGNORECASE)
_VIA = re.compile(rb"\nVia:", re.IGNORECASE)
_CHUNKED_TIMES = 4
"""How many times as much a body in chunks may take as it holds."""


class Framer:
    """Cuts one direction of a connection into messages by Content-Length.

    `most` bytes is the longest message taken. Without `needs_length` a message whose head does not
    tell its length ends with its head, but for requests of HTTP in chunks, and `expecting` counts
    those that want to hear something (100 Continue) before they send their body. `pings` counts the
    double CRLFs between messages.
    """

    def __init__(self, most: int = 65_535, *, needs_length: bool = True) -> None:
        self.pings = 0
        self.expecting = 0
        self.fault: MessageError | None = None
        """Why nothing more can be framed; the messages before it were given."""
        self._most = most
        self._needs_length = needs_length
        self._buffer = bytearray()
        self._wanted = 0
        """Bytes the message at hand takes in all; 0 while its head is not whole."""
        self._head = 0
        """Bytes of the head of a message in chunks."""
        self._chunks: Chunks | None = None
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
            messages.append(self._whole())
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
        if self._chunks is not None:
            return self._find_chunks(self._chunks)
        if not self._wanted:
            self._skip_line_ends()
            end = self._end_of_head()
            if end is None:
                self._limit(len(self._buffer))
                return False
            if not self._needs_length and self._is_chunked_http(end):
                self._head, self._chunks = end, Chunks(end)
                return self._find_chunks(self._chunks)
            self._wanted = end + self._body_length(end)
            self._limit(self._wanted)
        return len(self._buffer) >= self._wanted

    def _whole(self) -> bytes:
        """The message at the start of the buffer, its chunks put together."""
        if self._chunks is None:
            return bytes(self._buffer[: self._wanted])
        body, self._chunks = self._chunks.body, None
        return bytes(self._buffer[: self._head] + body)

    def _is_chunked_http(self, end: int) -> bool:
        """Look at what HTTP has of its own in a head (Kamailio tcp_read.c, tcp_http11_continue).

        Its Via has another form than SIP's and is renamed: `Hia` is nothing to us.
        """
        buffer = self._buffer
        if _HTTP.match(buffer, 0, end) is None:
            return False
        if _EXPECTS.search(buffer, 0, end) is not None:
            self.expecting += 1
        if (via := _VIA.search(buffer, 0, end)) is not None:
            buffer[via.start() + 1] = ord("H")
        chunked = _CHUNKED.search(buffer, 0, end) is not None
        return chunked and _LENGTH.search(buffer, 0, end) is None

    def _find_chunks(self, chunks: Chunks) -> bool:
        end = chunks.end(self._buffer)
        self._limit(self._head + len(chunks.body))
        self._limit(len(self._buffer) // _CHUNKED_TIMES)
        if end is None:
            return False
        self._wanted = end
        return True

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
