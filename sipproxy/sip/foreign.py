"""Requests of other protocols than SIP that look like it: HTTP (Kamailio's non-SIP messages).

Kamailio reads whatever has a request line and header rows; only SIP needs From, To and the like.
"""

import re

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip import scan
from sipproxy.sip.message import Address, Message

_LEAST = 16
_LINE = re.compile(
    r"(?P<method>[^ \t\r\n]+) (?P<uri>[^ \t\r\n]+)[ \t]+(?P<version>[^ \t\r\n]+)[ \t]*\r?\n"
)
_STATUS = re.compile(r"(HTTP/\S+) ([0-9]{3}) ([^\r\n]*)\r?\n", re.IGNORECASE)
_HTTP = ("http/1.", "http/2")


class ForeignRequest(Message):
    """A request that is not SIP. What it has no header for raises MessageError when asked."""

    __slots__ = ()

    @classmethod
    def parse(
        cls, data: bytes, *, source: Address, dest: Address, proto: str = "udp"
    ) -> "ForeignRequest":
        """Read a request of another protocol. Raises MessageError for what is none."""
        message = cls()
        message.raw = data
        message.source = source
        message.dest = dest
        message.proto = proto
        message._read_foreign(data)
        return message

    def _read_foreign(self, data: bytes) -> None:
        begin = len(data) - len(data.lstrip(b" \t\r\n\0"))
        if len(data) - begin <= _LEAST:
            raise MessageError("message too short", 0)
        end = scan.END_OF_HEAD.search(data, begin)
        at = end.end() if end else len(data)
        self.head = head = wire.decode(data[:at])
        self.body = data[at:]
        found = _LINE.match(head, begin)
        if found is None:
            raise MessageError("bad request line", 0)
        self.method, self.ruri, self.version = found.groups()
        if any(wire.lower(word).startswith("sip/2.0") for word in (self.method, self.version)):
            raise MessageError("a message of SIP", 0)
        self.first_line = head[begin : found.end()].rstrip("\r\n")
        rows = scan.read_rows(head, found.end())
        if rows.malformed or not rows.rows:
            raise MessageError(rows.malformed or "no header", 0)
        self._rows, _, self.malformed, self.headers_end = rows
        self.table = _Table(rows.table)
        self.hops = []
        self.repeats = True
        self.is_request = True
        self.status = 0
        self.reason = ""

    @property
    def is_http(self) -> bool:
        """Whether it is a request of HTTP 1 or 2."""
        return wire.lower(self.version).startswith(_HTTP)

    @property
    def is_tagged(self) -> bool:
        """Whether no tag can be put into To: it has one, is not there, or nothing makes one."""
        return "To" not in self.table or "Call-ID" not in self.table or super().is_tagged

    def with_via(self, proto: str) -> "ForeignRequest":
        """The request with a Via of its source on top, which says where a reply goes."""
        host, port = self.source
        host = f"[{host}]" if ":" in host else host
        end = len(wire.encode(self.head[: self.headers[0].start]))
        via = f"Via: SIP/2.0/{proto.upper()} {host}:{port}\r\n".encode()
        data = self.raw[:end] + via + self.raw[end:]
        return ForeignRequest.parse(data, source=self.source, dest=self.dest, proto=self.proto)


class _Table(dict[str, str]):
    """Header values by name: asking for one that is not there is the message's fault."""

    def __missing__(self, name: str) -> str:
        raise MessageError(f"no {name}", 0)


class HttpReply(Message):
    """An answer to HTTP, for those who look at what was sent."""

    __slots__ = ()

    @classmethod
    def parse(
        cls, data: bytes, *, source: Address, dest: Address, proto: str = "udp"
    ) -> "HttpReply":
        """Read an answer. Raises MessageError for what is none."""
        message = cls()
        end = scan.END_OF_HEAD.search(data)
        at = end.end() if end else len(data)
        message.raw, message.head, message.body = data, wire.decode(data[:at]), data[at:]
        message.source, message.dest, message.proto = source, dest, proto
        found = _STATUS.match(message.head)
        if found is None:
            raise MessageError("no answer to HTTP", 0)
        message.version, status, message.reason = found.groups()
        message.first_line = found[0].rstrip("\r\n")
        rows = scan.read_rows(message.head, found.end())
        message._rows, _, message.malformed, message.headers_end = rows
        message.table = _Table(rows.table)
        message.hops = []
        message.repeats, message.is_request, message.status = True, False, int(status)
        message.method = message.ruri = ""
        return message
