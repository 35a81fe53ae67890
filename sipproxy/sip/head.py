"""The head of a message: start line and header rows, found the quick or the exact way."""

import re
from functools import lru_cache
from operator import methodcaller
from typing import Self

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip import nameaddr, scan, via
from sipproxy.sip.cseq import CSeq
from sipproxy.sip.names import HEADERS, METHODS, SPELLING, spelling
from sipproxy.sip.scan import Header

Address = tuple[str, int]

_SPLIT = methodcaller("split", ":", 1)
_BLANKS = " \t"
_JUNK = " \t\r\n\0"
_PLAIN_CSEQ = re.compile(r" *(\d+) (\w+)\Z", re.ASCII)
_PLAIN_STATUS = re.compile(r"SIP/2\.0 ([0-9]{3}) ((?:[!-~][ -~]*)?)\Z")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")


class Head:
    """What is read of a message when it comes in: its start line, and where its headers are.

    `raw` is the datagram; `head` its text up to and with the empty line, `body` the bytes behind
    it, whatever Content-Length says. `first_line` has no line end. For a request `method`, `ruri`
    and `version` are as written, `status` is 0 and `reason` empty; for a reply `method` is the one
    of its CSeq and `ruri` is empty. `malformed` tells why headers after the mandatory ones could
    not be read; then `headers` holds those before the bad one. `repeats` tells that some header may
    stand more than once. `headers_end` is the offset in
    `head` behind the last header row.
    """

    __slots__ = (
        "_rows",
        "body",
        "dest",
        "first_line",
        "head",
        "headers_end",
        "hops",
        "is_request",
        "malformed",
        "method",
        "proto",
        "raw",
        "reason",
        "repeats",
        "ruri",
        "source",
        "status",
        "table",
        "version",
    )

    raw: bytes
    head: str
    body: bytes
    source: Address
    dest: Address
    proto: str
    is_request: bool
    first_line: str
    method: str
    ruri: str
    version: str
    status: int
    reason: str
    repeats: bool
    malformed: str
    headers_end: int
    table: dict[str, str]
    """First value of each header by its usual spelling; leading blanks may still be there."""
    hops: list[re.Match[str]]
    """Of a plain message its Via rows in `head`, as :data:`~.via.PLAIN_ROW` has them; else none."""
    _rows: list[Header]

    @classmethod
    def parse(cls, data: bytes, *, source: Address, dest: Address, proto: str = "udp") -> Self:
        """Read a datagram. Raises MessageError with status 0 for what Kamailio drops silently."""
        message = cls()
        message.raw = data
        message.source = source
        message.dest = dest
        message.proto = proto
        message.malformed = ""
        if not message._read_plain(data):
            message._read_exactly(data)
        return message

    def _read_plain(self, data: bytes) -> bool:
        """Read a message without folded, compact or oddly spelled headers; False for any other."""
        at = data.find(b"\r\n\r\n") + 4
        if at < 20:
            return False
        head = data[:at].decode("utf-8", "surrogateescape")
        lines = head.split("\r\n")
        count = len(lines)
        try:
            # Reversed, so that the first of two rows wins; runs in C throughout.
            table = dict(map(_SPLIT, lines[-3:0:-1]))
            repeats = len(table) != count - 3
            hops = _plain_hops(head, repeats)
            cseq = _PLAIN_CSEQ.match(table["CSeq"])
            table["From"], table["Call-ID"]
            if (
                not hops
                or cseq is None
                or head.count("\n") != count - 1
                or nameaddr.PLAIN.match(table["To"]) is None
                or not (HEADERS.issuperset(table) or _own_forms(table))
                or ("Content-Length" in table and not is_number(table["Content-Length"]))
                or "Retry-After" in table
                or (repeats and len(table) + len(hops) != count - 2 and not _may_repeat(lines))
            ):
                return False
        except (ValueError, KeyError):
            return False
        self.repeats = repeats
        self.first_line = first = lines[0]
        parts = first.split(" ")
        if len(parts) == 3 and parts[2] == "SIP/2.0" and parts[0] in METHODS:
            self.is_request = True
            self.method, self.ruri, self.version = parts
            self.status = 0
            self.reason = ""
            if not self.ruri.isprintable():
                return False
        elif (status := _PLAIN_STATUS.match(first)) is not None:
            self.is_request = False
            self.method, self.ruri, self.version = cseq[2], "", "SIP/2.0"
            self.status = int(status[1])
            self.reason = status[2]
        else:
            return False
        self.head = head
        self.body = data[at:]
        self.headers_end = len(head) - 2
        self.table = table
        self.hops = hops
        return True

    def patched(self, name: str, value: str, text: str) -> Self:
        """The message with `text` in the room of `value` in the first row of a header.

        Both are as long, in ASCII, so that nothing else moves: places found before stay true.
        """
        plain = self.is_plain and not self.repeats and name in self.table
        if plain:
            known = self.table[name]
            start = self.head.index(f"\r\n{name}:{known}\r\n") + len(name) + 3
            start += known.index(value)
        else:
            row = self.rows(name)[0]
            start = row.value_at + row.value.index(value)
        end = start + len(value)
        at = start if self.head.isascii() else len(wire.encode(self.head[:start]))
        raw = b"%b%b%b" % (self.raw[:at], text.encode(), self.raw[at + len(value) :])
        if not plain:
            return self.parse(raw, source=self.source, dest=self.dest, proto=self.proto)
        twin = self._twin()
        twin.head = f"{self.head[:start]}{text}{self.head[end:]}"
        twin.raw = raw
        twin.table = {**self.table, name: known.replace(value, text, 1)}
        return twin

    def _twin(self) -> Self:
        """A copy of a plain message without what was read from it on demand."""
        twin = type(self)()
        twin.source = self.source
        twin.dest = self.dest
        twin.proto = self.proto
        twin.malformed = self.malformed
        twin.repeats = self.repeats
        twin.first_line = self.first_line
        twin.is_request = self.is_request
        twin.method = self.method
        twin.ruri = self.ruri
        twin.version = self.version
        twin.status = self.status
        twin.reason = self.reason
        twin.body = self.body
        twin.headers_end = self.headers_end
        twin.hops = self.hops
        return twin

    def _read_exactly(self, data: bytes) -> None:
        begin = len(data) - len(data.lstrip(_JUNK.encode()))
        if len(data) - begin <= 16:
            raise MessageError("message too short", 0)
        end = scan.END_OF_HEAD.search(data, begin)
        at = end.end() if end else len(data)
        self.head = head = wire.decode(data[:at])
        self.body = data[at:]
        start = scan.start_line(head, begin)
        self.first_line = head[begin : start.end].rstrip("\r\n")
        rows = scan.rows(head, start.end)
        self._rows, self.table, self.malformed, self.headers_end = rows
        self.hops = []
        self.repeats = True
        self._set_start(start, CSeq.parse(rows.table["CSeq"]).method)

    def _set_start(self, start: scan.StartLine, cseq_method: str) -> None:
        self.is_request = start.is_request
        self.method = start.method if start.is_request else cseq_method
        self.ruri = start.uri
        self.version = start.version
        self.status = start.status
        self.reason = start.reason

    @property
    def is_http(self) -> bool:
        """Whether it is no SIP at all, but a request of HTTP."""
        return False

    @property
    def is_plain(self) -> bool:
        """Whether each header stands on one line in its usual spelling."""
        return bool(self.hops)

    @property
    def headers_start(self) -> int:
        """Where the first header begins in `head`."""
        return len(self.first_line) + 2 if self.is_plain else self.headers[0].start

    @property
    def headers(self) -> list[Header]:
        """All header rows in order, with their places in `head`."""
        try:
            return self._rows
        except AttributeError:
            self._rows = self._place_rows()
            return self._rows

    def _place_rows(self) -> list[Header]:
        at = len(self.first_line) + 2
        rows = []
        for line in self.head.split("\r\n")[1:-2]:
            name, _, value = line.partition(":")
            end = at + len(line) + 2
            value = value.lstrip(_BLANKS)
            value_at = end - 2 - len(value)
            rows.append(Header(wire.lower(name), name, value.rstrip("\r\0"), at, end, value_at))
            at = end
        return rows

    def header(self, name: str) -> str | None:
        """First value of a header; the name in any case, full or compact."""
        full = spelling(name)
        value = self.table.get(full)
        if value is not None:
            return value.lstrip(_BLANKS).rstrip("\r\0")
        if full in HEADERS:
            return None
        return next((row.value for row in self.headers if row.id == full), None)

    def values(self, name: str) -> list[str]:
        """Values of all rows of a header, in order."""
        full = spelling(name)
        if self.hops and full in HEADERS:
            value = self.table.get(full)
            if value is None:
                return []
            if not self.repeats:
                return [value.lstrip(_BLANKS).rstrip("\r\0")]
            start = f"{full}:"
            own = [line for line in self.head.split("\r\n")[1:-2] if line.startswith(start)]
            return [line[len(start) :].lstrip(_BLANKS).rstrip("\r\0") for line in own]
        wanted = wire.lower(full)
        return [row.value for row in self.headers if row.id == wanted]

    def rows(self, name: str) -> list[Header]:
        """All rows of a header, in order."""
        full = spelling(name)
        if self.hops and full in HEADERS:
            if full not in self.table:
                return []
            if not self.repeats:
                return [self._first_plain(full)]
        wanted = wire.lower(full)
        return [row for row in self.headers if row.id == wanted]

    def _first_plain(self, name: str) -> Header:
        """The first row of a header that a plain message has, without a look at the others."""
        start = self.head.index(f"\r\n{name}:") + 2
        end = self.head.index("\r\n", start) + 2
        value = self.table[name].lstrip(_BLANKS)
        value_at = end - 2 - len(value)
        return Header(wire.lower(name), name, value.rstrip("\r\0"), start, end, value_at)


def is_number(value: str) -> bool:
    """Whether a value is up to nine digits, with blanks around them."""
    digits = value.strip(_BLANKS)
    return digits.isascii() and digits.isdigit() and len(digits) < 10


def _plain_hops(head: str, repeats: bool) -> list[re.Match[str]]:
    """Each Via row of a head as a match of via.PLAIN_ROW; none if one of them is not plain.

    `repeats`: there may be more than one.
    """
    hop = via.PLAIN_ROW.match(head, head.find("\r\nVia:"))
    hops = []
    while hop is not None:
        hops.append(hop)
        at = head.find("\r\nVia:", hop.end()) if repeats else -1
        if at < 0:
            return hops
        hop = via.PLAIN_ROW.match(head, at)
    return []


def _may_repeat(lines: list[str]) -> bool:
    """Whether of the rows of a head, given by all its lines, only those repeat that may."""
    names = [line.partition(":")[0] for line in lines[1:-2]]
    return not any(names.count(name) > 1 for name in scan.SINGLE)


def _own_forms(table: dict[str, str]) -> bool:
    """Whether each name is a usual spelling or unknown, and no two differ in case only."""
    odd = table.keys() - HEADERS
    return all(map(_is_unknown, odd)) and len({wire.lower(name) for name in odd}) == len(odd)


@lru_cache(maxsize=4096)
def _is_unknown(name: str) -> bool:
    return _TOKEN.match(name) is not None and wire.lower(name) not in SPELLING
