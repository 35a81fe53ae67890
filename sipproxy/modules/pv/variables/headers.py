"""`$hdr(X)`, `$hfl(X)` and the variables of single headers."""

from functools import lru_cache

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.modules.pv import paramlist, vias
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.names import header_id

_LISTED = ("via", "record-route", "route", "contact")
_VIA_PARTS = ("host", "port", "proto", "protoid", "branch", "rport", "received", "i")
_REPLY_PARTS = {"duri": "u", "dhost": "d", "dport": "p", "dproto": "P"}


class HeaderVariables(Module):
    """Headers as received; edits do not show."""

    @pvar("hdr")
    def hdr(self, ctx: Context, name: str, index: int | str | None = None) -> Value:
        """Value of a header by any of its names; `*` is any header.

        The index counts header lines, from the end if negative; `[*]` joins all by commas.
        """
        msg = ctx.msg
        if msg.malformed:
            return None
        if not index and name != "*":
            return msg.header(name)
        return _picked(_values(msg, name), index, ",")

    @pvar("hdrc")
    def hdrc(self, ctx: Context, name: str) -> int:
        """How many lines of a header there are."""
        return 0 if ctx.msg.malformed else len(ctx.msg.values(name))

    @pvar("hfl")
    def hfl(self, ctx: Context, name: str, index: int | str | None = None) -> Value:
        """As `$hdr`, but Via, Route, Record-Route and Contact are counted by element.

        For those a negative index is off by one in Kamailio: `[-2]` is the last element.
        """
        if index == "*" or header_id(name) not in _LISTED:
            return self.hdr(ctx, name, index)
        if ctx.msg.malformed:
            return None
        found = _elements_of(ctx.msg, name)
        at = index if isinstance(index, int) else 0
        if at < 0:
            at += len(found) + 1
        return found[at] if 0 <= at < len(found) else None

    @pvar("hflc")
    def hflc(self, ctx: Context, name: str) -> int:
        """How many elements `$hfl` finds."""
        if header_id(name) not in _LISTED:
            return self.hdrc(ctx, name)
        return 0 if ctx.msg.malformed else len(_elements_of(ctx.msg, name))

    @pvar("ci", fixed=True)
    def ci(self, ctx: Context) -> Value:
        """Call-ID."""
        return ctx.msg.header("Call-ID")

    @pvar("cs", fixed=True)
    def cs(self, ctx: Context) -> Value:
        """Number of the CSeq as text."""
        try:
            return ctx.msg.cseq.number
        except MessageError:  # a request of HTTP
            return None

    @pvar("csb")
    def csb(self, ctx: Context) -> Value:
        """The whole CSeq."""
        return ctx.msg.header("CSeq")

    @pvar("ct", fixed=True)
    def ct(self, ctx: Context) -> Value:
        """First Contact header."""
        return ctx.msg.header("Contact") or None

    @pvar("cT")
    def content_type(self, ctx: Context) -> Value:
        """Content-Type."""
        return ctx.msg.header("Content-Type")

    @pvar("cl", bind=True)
    def cl(self, inner: str | None, index: str | None) -> PvAccess:
        """Content-Length: a number, as text the way it is written."""
        access = PvAccess(lambda ctx: ctx.msg.content_length)
        access.textual = PvAccess(lambda ctx: ctx.msg.header("Content-Length"))
        return access

    @pvar("ua", fixed=True)
    def ua(self, ctx: Context) -> Value:
        """User-Agent."""
        return ctx.msg.header("User-Agent")

    @pvar("rt")
    def rt(self, ctx: Context) -> Value:
        """URI of Refer-To."""
        return _uri_of(_address(ctx, "Refer-To"))

    @pvar("re")
    def re(self, ctx: Context) -> Value:
        """URI of Remote-Party-ID."""
        return _uri_of(_address(ctx, "Remote-Party-ID"))

    @pvar("di")
    def di(self, ctx: Context) -> Value:
        """URI of Diversion."""
        return _uri_of(_address(ctx, "Diversion"))

    @pvar("dir")
    def dir(self, ctx: Context) -> Value:
        """Parameter reason of Diversion."""
        return _diversion(ctx, "reason")

    @pvar("dip")
    def dip(self, ctx: Context) -> Value:
        """Parameter privacy of Diversion."""
        return _diversion(ctx, "privacy")

    @pvar("dic")
    def dic(self, ctx: Context) -> Value:
        """Parameter counter of Diversion."""
        return _diversion(ctx, "counter")

    @pvar("ai")
    def ai(self, ctx: Context, index: int | str | None = None) -> Value:
        """URI of P-Asserted-Identity, by index where there are several."""
        return _uri_of(_identity(ctx, "P-Asserted-Identity", index))

    @pvar("pu")
    def pu(self, ctx: Context, index: int | str | None = None) -> Value:
        """URI of P-Preferred-Identity, by index where there are several."""
        return _uri_of(_identity(ctx, "P-Preferred-Identity", index))

    @pvar("pU")
    def p_user(self, ctx: Context, index: int | str | None = None) -> Value:
        """User part of P-Preferred-Identity's URI."""
        address = _identity(ctx, "P-Preferred-Identity", index)
        return _part(address, "user")

    @pvar("pd")
    def pd(self, ctx: Context, index: int | str | None = None) -> Value:
        """Host of P-Preferred-Identity's URI."""
        address = _identity(ctx, "P-Preferred-Identity", index)
        return _part(address, "host")

    @pvar("pn")
    def pn(self, ctx: Context, index: int | str | None = None) -> Value:
        """Display name of P-Preferred-Identity."""
        address = _identity(ctx, "P-Preferred-Identity", index)
        return (address.display or None) if address else None

    @pvar("expires", bind=True)
    def expires(self, inner: str | None, index: str | None) -> PvAccess:
        """Least (`min`) or greatest (`max`) expiry that Contact and Expires name."""
        if inner not in ("min", "max"):
            raise ValueError("min and max exist")
        choose = min if inner == "min" else max

        def read(ctx: Context) -> Value:
            found = _expiries(ctx.msg)
            return choose(found) if found else None

        return PvAccess(read)

    @pvar("via0", bind=True)
    def via0(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the topmost Via: `host port proto protoid branch rport received i`."""
        return _via(inner, 0)

    @pvar("via1", bind=True)
    def via1(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the second Via."""
        return _via(inner, 1)

    @pvar("viaZ", bind=True)
    def via_last(self, inner: str | None, index: str | None) -> PvAccess:
        """Part of the last Via."""
        return _via(inner, -1)

    @pvar("rpl", bind=True)
    def rpl(self, inner: str | None, index: str | None) -> PvAccess:
        """Where a reply goes (`duri dhost dport dproto dprotoid`), its `cntvia`, its `cntrr`."""
        known = (*_REPLY_PARTS, "dprotoid", "cntvia", "cntrr")
        if inner not in known:
            raise ValueError(f"{', '.join(known)} exist")

        def read(ctx: Context) -> Value:
            return None if ctx.msg.is_request else _of_reply(ctx.msg, inner)

        return PvAccess(read)


def _values(msg: Message, name: str) -> list[str]:
    return [row.value for row in msg.headers] if name == "*" else msg.values(name)


def _picked(values: list[str], index: int | str | None, separator: str) -> str | None:
    if index == "*":
        return separator.join(values) if values else None
    at = index if isinstance(index, int) else 0
    return values[at] if -len(values) <= at < len(values) else None


def _elements_of(msg: Message, name: str) -> list[str]:
    if header_id(name) == "via":
        return via_texts(msg)
    if header_id(name) != "contact":
        return [element for value in msg.values(name) for element in elements(value)]
    # Kamailio keeps the contacts of one header in reverse order, and `*` is none.
    rows = [elements(value) for value in msg.values(name) if value.strip(" \t\r\n") != "*"]
    return [element for row in rows for element in reversed(row)]


def via_texts(msg: Message) -> list[str]:
    """Every Via as written; where several share a line, with the comma that follows."""
    rows = [elements(value) for value in msg.values("via")]
    return [
        text if at == len(row) - 1 else f"{text}," for row in rows for at, text in enumerate(row)
    ]


@lru_cache(maxsize=1024)
def elements(value: str) -> tuple[str, ...]:
    """The elements of a header value between commas outside of quotes and angle brackets."""
    found: list[str] = []
    start = at = 0
    quoted = angle = False
    while at < len(value):
        char = value[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angle = char == "<"
        elif char == "," and not angle:
            found.append(value[start:at].strip(" \t\r\n"))
            start = at + 1
        at += 1
    return (*found, value[start:].strip(" \t\r\n"))


def _address(ctx: Context, name: str) -> NameAddr | None:
    value = ctx.msg.header(name)
    if value is None:
        return None
    try:
        return NameAddr.parse(value)
    except MessageError:
        return None


def _uri_of(address: NameAddr | None) -> Value:
    return None if address is None else address.uri


def _diversion(ctx: Context, name: str) -> Value:
    address = _address(ctx, "Diversion")
    return address.param(name) if address else None


def _identity(ctx: Context, name: str, index: int | str | None) -> NameAddr | None:
    if index == "*":
        return None
    try:
        found = [one for value in ctx.msg.values(name) for one in NameAddr.parse_list(value)]
    except MessageError:
        return None
    at = max(index, 0) if isinstance(index, int) else 0
    return found[at] if at < len(found) else None


def _part(address: NameAddr | None, name: str) -> Value:
    if address is None:
        return None
    try:
        return getattr(address.parsed, name) or None
    except MessageError:
        return None


def _expiries(msg: Message) -> list[int]:
    general = msg.header("Expires")
    found: list[int] = []
    try:
        contacts = msg.contact
    except MessageError:
        return []
    default = paramlist.number(general) if general is not None else None
    for contact in contacts:
        own = contact.param("expires")
        if own:
            if not own.isdigit():
                return []
            found.append(int(own))
        elif default is not None:
            found.append(default)
    if not found and default is not None:
        found.append(default)
    return found


def _via(inner: str | None, at: int) -> PvAccess:
    if inner not in _VIA_PARTS:
        raise ValueError(f"{', '.join(_VIA_PARTS)} exist")

    def read(ctx: Context) -> Value:
        found = ctx.msg.vias
        return vias.attribute(found[at] if at < len(found) else None, inner)

    return PvAccess(read)


def _of_reply(msg: Message, part: str) -> Value:
    if part == "cntvia":
        return len(msg.vias)
    if part == "cntrr":
        return len(_elements_of(msg, "Record-Route"))
    if part == "dprotoid":
        via = vias.second(msg)
        return None if via is None else PROTO_NUMBER.get(wire.lower(via.transport), 0)
    return vias.reply_part(msg, _REPLY_PARTS[part])
