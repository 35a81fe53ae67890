"""A SIP message as it came: bytes, header table, values parsed when first asked for.

A message is never changed; what shall leave differently is said in :class:`~.lumps.Lumps`.
"""

import re
from functools import lru_cache
from operator import methodcaller

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip import scan
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.cseq import CSeq
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.names import HEADERS, METHODS, SPELLING, spelling
from sipproxy.sip.scan import Header
from sipproxy.sip.uri import Uri
from sipproxy.sip.via import Place, Via, places

Address = tuple[str, int]

_SPLIT = methodcaller("split", ":", 1)
_BLANKS = " \t"
_JUNK = " \t\r\n\0"
_PLAIN_CSEQ = re.compile(r" *(\d+) (\w+)\Z", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")


class Message:
    """A parsed request or reply.

    `raw` is the datagram; `head` its text up to and with the empty line, `body` the bytes behind
    it, whatever Content-Length says. `first_line` has no line end. For a request `method`, `ruri`
    and `version` are as written, `status` is 0 and `reason` empty; for a reply `method` is the one
    of its CSeq and `ruri` is empty. `malformed` tells why headers after the mandatory ones could
    not be read; then `headers` holds those before the bad one. `repeats` tells that some header may
    stand more than once. `headers_end` is the offset in
    `head` behind the last header row.
    """

    __slots__ = (
        "_contact",
        "_cseq",
        "_from",
        "_plain_via",
        "_record_routes",
        "_routes",
        "_rows",
        "_ruri_parsed",
        "_table",
        "_to",
        "_top",
        "_vias",
        "body",
        "dest",
        "first_line",
        "head",
        "headers_end",
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
    _contact: list[NameAddr]
    _cseq: CSeq
    _from: NameAddr
    _record_routes: list[NameAddr]
    _routes: list[NameAddr]
    _ruri_parsed: Uri
    _to: NameAddr
    _top: Place
    _vias: list[Via]
    _table: dict[str, str]  # spelling -> first value; leading blanks still there if plain
    _rows: list[Header]
    _plain_via: re.Match[str] | None  # only of a plain message

    @classmethod
    def parse(cls, data: bytes, *, source: Address, dest: Address, proto: str = "udp") -> "Message":
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
        # Mostly there is no body. An empty line further up would show as a row without a colon.
        at = len(data) if data.endswith(b"\r\n\r\n") else data.find(b"\r\n\r\n") + 4
        if at < 20:
            return False
        head = data[:at].decode("utf-8", "surrogateescape")
        lines = head.split("\r\n")
        count = len(lines)
        try:
            # Reversed, so that the first of two rows wins; runs in C throughout.
            table = dict(map(_SPLIT, lines[-3:0:-1]))
            via = scan.PLAIN_VIA.match(table["Via"])
            cseq = _PLAIN_CSEQ.match(table["CSeq"])
            table["From"], table["Call-ID"]
            if (
                via is None
                or cseq is None
                or head.count("\n") != count - 1
                or scan.PLAIN_ADDRESS.match(table["To"]) is None
                or not (HEADERS.issuperset(table) or _own_forms(table))
                or ("Content-Length" in table and not _is_number(table["Content-Length"]))
                or "Retry-After" in table
                or (len(table) != count - 3 and not _repeats_are_plain(lines[1:-2]))
            ):
                return False
        except (ValueError, KeyError):
            return False
        self.repeats = len(table) != count - 3
        self.first_line = first = lines[0]
        parts = first.split(" ")
        if len(parts) == 3 and parts[2] == "SIP/2.0" and parts[0] in METHODS:
            self.is_request = True
            self.method, self.ruri, self.version = parts
            self.status = 0
            self.reason = ""
            if not self.ruri.isprintable():
                return False
        elif parts[0] == "SIP/2.0":
            self._set_start(scan.start_line(head), cseq[2])
        else:
            return False
        self.head = head
        self.body = data[at:]
        self.headers_end = len(head) - 2
        self._table = table
        self._plain_via = via
        return True

    def patched(self, name: str, value: str, text: str) -> "Message":
        """The message with `text` in the room of `value` in the first row of a header.

        Both are as long, in ASCII, so that nothing else moves: places found before stay true.
        """
        plain = self._plain_via is not None and not self.repeats and name in self._table
        if plain:
            known = self._table[name]
            start = self.head.index(f"\r\n{name}:{known}\r\n") + len(name) + 3
            start += known.index(value)
        else:
            row = self.rows(name)[0]
            start = row.value_at + row.value.index(value)
        end = start + len(value)
        at = start if self.head.isascii() else len(wire.encode(self.head[:start]))
        raw = b"%b%b%b" % (self.raw[:at], text.encode(), self.raw[at + len(value) :])
        if not plain:
            return Message.parse(raw, source=self.source, dest=self.dest, proto=self.proto)
        twin = self._twin()
        twin.head = f"{self.head[:start]}{text}{self.head[end:]}"
        twin.raw = raw
        twin._table = {**self._table, name: known.replace(value, text, 1)}
        return twin

    def _twin(self) -> "Message":
        """A copy of a plain message without what was read from it on demand."""
        twin = Message()
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
        twin._plain_via = self._plain_via
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
        self._rows, self._table, self.malformed, self.headers_end = rows
        self._plain_via = None
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
        return self._plain_via is not None

    @property
    def table(self) -> dict[str, str]:
        """First value of each header by its usual spelling; leading blanks may still be there."""
        return self._table

    @property
    def plain_via(self) -> re.Match[str] | None:
        """Of a plain message: host (1) and parameters (2) of its first Via row."""
        return self._plain_via

    @property
    def headers_start(self) -> int:
        """Where the first header begins in `head`."""
        plain = self._plain_via is not None
        return len(self.first_line) + 2 if plain else self.headers[0].start

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
        value = self._table.get(full)
        if value is not None:
            return value.lstrip(_BLANKS).rstrip("\r\0")
        if full in HEADERS:
            return None
        return next((row.value for row in self.headers if row.id == full), None)

    def values(self, name: str) -> list[str]:
        """Values of all rows of a header, in order."""
        full = spelling(name)
        if self._plain_via is not None and full in HEADERS:
            value = self._table.get(full)
            if value is None:
                return []
            if not self.repeats:
                return [value.lstrip(_BLANKS).rstrip("\r\0")]
        wanted = wire.lower(full)
        return [row.value for row in self.headers if row.id == wanted]

    def rows(self, name: str) -> list[Header]:
        """All rows of a header, in order."""
        full = spelling(name)
        if self._plain_via is not None and full in HEADERS:
            if full not in self._table:
                return []
            if not self.repeats:
                return [self._first_plain(full)]
        wanted = wire.lower(full)
        return [row for row in self.headers if row.id == wanted]

    def _first_plain(self, name: str) -> Header:
        """The first row of a header that a plain message has, without a look at the others."""
        start = self.head.index(f"\r\n{name}:") + 2
        end = self.head.index("\r\n", start) + 2
        value = self._table[name].lstrip(_BLANKS)
        value_at = end - 2 - len(value)
        return Header(wire.lower(name), name, value.rstrip("\r\0"), start, end, value_at)

    @property
    def top(self) -> Place:
        """The topmost Via with its place in the value of the first Via row."""
        try:
            return self._top
        except AttributeError:
            self._top = places(self._table["Via"].lstrip(_BLANKS))[0]
            return self._top

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.top.via

    @property
    def vias(self) -> list[Via]:
        """All Vias, topmost first."""
        try:
            return self._vias
        except AttributeError:
            self._vias = [via for value in self.values("via") for via in Via.parse_list(value)]
            return self._vias

    @property
    def from_(self) -> NameAddr:
        """The From address. Raises MessageError if it is malformed."""
        try:
            return self._from
        except AttributeError:
            self._from = NameAddr.parse(self._table["From"])
            return self._from

    @property
    def to(self) -> NameAddr:
        """The To address."""
        try:
            return self._to
        except AttributeError:
            self._to = NameAddr.parse(self._table["To"])
            return self._to

    @property
    def from_uri(self) -> str:
        """The URI in From as written. Raises MessageError if the header is malformed."""
        plain = scan.PLAIN_ADDRESS.match(self._table["From"])
        return plain[1] if plain else self.from_.uri

    @property
    def to_uri(self) -> str:
        """The URI in To as written."""
        plain = scan.PLAIN_ADDRESS.match(self._table["To"])
        return plain[1] if plain else self.to.uri

    @property
    def is_tagged(self) -> bool:
        """Whether To has a tag: the request belongs to a dialog."""
        return not self._table["To"].endswith(">") and self.to.tag is not None

    @property
    def via_row(self) -> Header:
        """The first Via row; the next proxy writes its own before it."""
        if self._plain_via is None:
            return next(row for row in self.headers if row.id == "via")
        return self._first_plain("Via")

    @property
    def cseq(self) -> CSeq:
        """The CSeq value."""
        try:
            return self._cseq
        except AttributeError:
            self._cseq = CSeq.parse(self._table["CSeq"])
            return self._cseq

    @property
    def call_id(self) -> str:
        """The Call-ID without blanks around it."""
        return self._table["Call-ID"].strip(_JUNK)

    @property
    def contact(self) -> list[NameAddr]:
        """Addresses of all Contact rows; `*` is an address too. Raises MessageError."""
        try:
            return self._contact
        except AttributeError:
            self._contact = self._addresses("contact")
            return self._contact

    @property
    def routes(self) -> list[NameAddr]:
        """Addresses of all Route rows, topmost first. Raises MessageError."""
        try:
            return self._routes
        except AttributeError:
            self._routes = self._addresses("route")
            return self._routes

    @property
    def record_routes(self) -> list[NameAddr]:
        """Addresses of all Record-Route rows, topmost first. Raises MessageError."""
        try:
            return self._record_routes
        except AttributeError:
            self._record_routes = self._addresses("record-route")
            return self._record_routes

    def _addresses(self, name: str) -> list[NameAddr]:
        if self.is_plain and spelling(name) not in self._table:
            return []
        return [address for value in self.values(name) for address in NameAddr.parse_list(value)]

    @property
    def ruri_parsed(self) -> Uri:
        """The Request-URI taken apart. Raises MessageError."""
        try:
            return self._ruri_parsed
        except AttributeError:
            self._ruri_parsed = Uri.parse(self.ruri)
            return self._ruri_parsed

    @property
    def content_length(self) -> int | None:
        """The Content-Length as written, None if absent."""
        value = self._table.get("Content-Length")
        return None if value is None else int(value)

    @property
    def max_forwards(self) -> int | None:
        """The Max-Forwards value, None if absent. Raises MessageError if it is no number."""
        value = self._table.get("Max-Forwards")
        if value is None:
            return None
        if not _is_number(value):
            raise MessageError(f"bad Max-Forwards {value!r}")
        return int(value)

    def credentials(self, name: str) -> list[Credentials]:
        """Digest credentials of all rows of `Authorization` or `Proxy-Authorization`.

        Rows of another scheme are left out. Raises MessageError for malformed ones.
        """
        wanted = []
        for value in self.values(name):
            if wire.lower(value[:6]) == "digest":
                wanted.append(Credentials.parse(value))
        return wanted

    def __repr__(self) -> str:
        return f"<Message {self.first_line!r} from {self.source[0]}:{self.source[1]}>"


def _is_number(value: str) -> bool:
    digits = value.strip(_BLANKS)
    return digits.isascii() and digits.isdigit() and len(digits) < 10


def _repeats_are_plain(lines: list[str]) -> bool:
    """Whether only headers repeat that may, and all Vias are plain."""
    names = [line.partition(":")[0] for line in lines]
    if any(names.count(name) > 1 for name in scan.SINGLE):
        return False
    vias = [line for name, line in zip(names, lines, strict=True) if name == "Via"]
    return all(scan.PLAIN_VIA.match(line, 4) for line in vias)


def _own_forms(table: dict[str, str]) -> bool:
    """Whether each name is a usual spelling or unknown, and no two differ in case only."""
    odd = table.keys() - HEADERS
    return all(map(_is_unknown, odd)) and len({wire.lower(name) for name in odd}) == len(odd)


@lru_cache(maxsize=4096)
def _is_unknown(name: str) -> bool:
    return _TOKEN.match(name) is not None and wire.lower(name) not in SPELLING
