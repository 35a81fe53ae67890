"""A SIP message as it came: its head, and values parsed when first asked for.

A message is never changed; what shall leave differently is said in :class:`~.lumps.Lumps`.
"""

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip import nameaddr
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.cseq import CSeq
from sipproxy.sip.head import Address, Head, is_number
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.names import spelling
from sipproxy.sip.scan import Header
from sipproxy.sip.uri import Uri
from sipproxy.sip.via import Place, Via, of_plain, places

__all__ = ["Address", "Message"]

_BLANKS = " \t"
_JUNK = " \t\r\n\0"


class Message(Head):
    """A parsed request or reply."""

    __slots__ = (
        "_contact",
        "_cseq",
        "_from",
        "_record_routes",
        "_routes",
        "_ruri_parsed",
        "_to",
        "_top",
        "_via",
        "_vias",
    )

    _contact: list[NameAddr]
    _cseq: CSeq
    _from: NameAddr
    _record_routes: list[NameAddr]
    _routes: list[NameAddr]
    _ruri_parsed: Uri
    _to: NameAddr
    _top: Place
    _via: Via
    _vias: list[Via]

    @property
    def top(self) -> Place:
        """The topmost Via with its place in the value of the first Via row."""
        try:
            return self._top
        except AttributeError:
            self._top = places(self.table["Via"].lstrip(_BLANKS))[0]
            return self._top

    @property
    def via(self) -> Via:
        """The topmost Via."""
        try:
            return self._via
        except AttributeError:
            hops = self.hops
            self._via = of_plain(hops[0]) if hops else self.top.via
            return self._via

    @property
    def branch(self) -> str:
        """The branch of the topmost Via, empty for none."""
        hops = self.hops
        if hops:
            return hops[0][5] or ""
        return self.via.branch or ""

    @property
    def hop(self) -> str:
        """Transport and sent-by of the topmost Via: `UDP 10.0.0.9:5070`."""
        hops = self.hops
        if hops:
            return hops[0].string[hops[0].start(1) : hops[0].start(4)]
        via = self.via
        port = "" if via.port is None else f":{via.port}"
        return f"{via.transport} {via.host}{port}"

    @property
    def vias(self) -> list[Via]:
        """All Vias, topmost first."""
        try:
            return self._vias
        except AttributeError:
            hops = self.hops
            if hops:
                self._vias = [of_plain(hop) for hop in hops]
            else:
                self._vias = [via for value in self.values("via") for via in Via.parse_list(value)]
            return self._vias

    @property
    def from_(self) -> NameAddr:
        """The From address. Raises MessageError if it is malformed."""
        try:
            return self._from
        except AttributeError:
            self._from = NameAddr.parse(self.table["From"])
            return self._from

    @property
    def to(self) -> NameAddr:
        """The To address."""
        try:
            return self._to
        except AttributeError:
            self._to = NameAddr.parse(self.table["To"])
            return self._to

    @property
    def from_uri(self) -> str:
        """The URI in From as written. Raises MessageError if the header is malformed."""
        plain = nameaddr.PLAIN.match(self.table["From"])
        return plain[1] if plain else self.from_.uri

    @property
    def to_uri(self) -> str:
        """The URI in To as written."""
        plain = nameaddr.PLAIN.match(self.table["To"])
        return plain[1] if plain else self.to.uri

    @property
    def from_tag(self) -> str | None:
        """The tag in From. Raises MessageError if the header is malformed."""
        return nameaddr.tag_of(self.table["From"])

    @property
    def to_tag(self) -> str | None:
        """The tag in To."""
        return nameaddr.tag_of(self.table["To"])

    @property
    def is_tagged(self) -> bool:
        """Whether To has a tag: the request belongs to a dialog."""
        return not self.table["To"].endswith(">") and self.to_tag is not None

    @property
    def via_row(self) -> Header:
        """The first Via row; the next proxy writes its own before it."""
        if not self.is_plain:
            return next(row for row in self.headers if row.id == "via")
        return self._first_plain("Via")

    @property
    def cseq(self) -> CSeq:
        """The CSeq value."""
        try:
            return self._cseq
        except AttributeError:
            text = self.table["CSeq"]
            self._cseq = CSeq(*text.split()) if self.is_plain else CSeq.parse(text)
            return self._cseq

    @property
    def call_id(self) -> str:
        """The Call-ID without blanks around it."""
        return self.table["Call-ID"].strip(_JUNK)

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
        if self.is_plain and spelling(name) not in self.table:
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
        value = self.table.get("Content-Length")
        return None if value is None else int(value)

    @property
    def max_forwards(self) -> int | None:
        """The Max-Forwards value, None if absent. Raises MessageError if it is no number."""
        value = self.table.get("Max-Forwards")
        if value is None:
            return None
        if not is_number(value):
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
