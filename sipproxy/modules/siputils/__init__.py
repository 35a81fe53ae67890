"""siputils: questions about a message, a URI or a text (Kamailio modules/siputils)."""

import calendar
import re
from typing import cast

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.bindings import Replies
from sipproxy.core.context import Context
from sipproxy.core.forward import numeric
from sipproxy.core.module import function, modparam
from sipproxy.core.params import Parsed, Plain
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.modules.siputils import uris
from sipproxy.modules.siputils.contacts import ContactFunctions
from sipproxy.modules.siputils.identity import E164, IdentityFunctions
from sipproxy.sip.names import header_id
from sipproxy.sip.uri import Uri

_TEL = re.compile(r"(?:\+[1-9])?[0-9]*\Z", re.ASCII)
_SIP_DATE = re.compile(
    r"[A-Za-z]{3}, (\d\d) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT[ \t]*\Z", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class OptionTag(Parsed):
    """An option tag that is_supported knows."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> "OptionTag":
        """Read the tag in any case."""
        name = wire.lower(text)
        if name not in ("path", "gruu", "timer", "100rel", "outbound", "eventlist"):
            raise ValueError(f"unknown option <{text}>")
        return cls(name)


class Siputils(ContactFunctions, IdentityFunctions, name="siputils"):
    """Checks of messages, URIs and texts; a reply to OPTIONS."""

    options_accept = modparam("*/*", "Accept header of options_reply.")
    options_accept_encoding = modparam("", "Accept-Encoding header of options_reply.")
    options_accept_language = modparam("en", "Accept-Language header of options_reply.")
    options_support = modparam("", "Supported header of options_reply.")

    def start(self) -> None:
        self._replies = cast(Replies, self.host.bind("sl"))

    # -- the message

    @function()
    def is_request(self, ctx: Context) -> bool:
        """Whether the message is a request."""
        return ctx.msg.is_request

    @function()
    def is_reply(self, ctx: Context) -> bool:
        """Whether the message is a reply."""
        return not ctx.msg.is_request

    @function()
    def has_totag(self, ctx: Context) -> bool:
        """Whether To has a tag: the message belongs to a dialog."""
        return ctx.msg.is_tagged

    @function()
    def is_first_hop(self, ctx: Context, mode: int | None = 0) -> bool:
        """Whether we are the first proxy: no second Via, or our own Record-Route on top."""
        msg = ctx.msg
        if msg.is_request:
            try:
                return len(msg.vias) < 2
            except MessageError:
                return True
        try:
            if not msg.record_routes:
                return True
            uri = msg.record_routes[0].parsed
        except MessageError:
            return False
        address = numeric(uri.host)
        if address is None or not self.host.own.is_myself(
            uri.host, uri.port or 0, uri.transport or ""
        ):
            return False
        # A reply that comes from there went in a circle.
        source = (address, uri.port or 5060, uri.transport or "udp")
        return source != (*msg.source, msg.proto)

    @function()
    def is_supported(self, ctx: Context, option: OptionTag) -> bool:
        """Whether Supported names an option tag."""
        tags = (tag for value in ctx.msg.values("supported") for tag in value.split(","))
        return any(wire.lower(tag.strip()) == option.name for tag in tags)

    @function()
    def hdr_date_check(self, ctx: Context, seconds: int) -> int:
        """1 when Date is at most so old, -4 when it is older, -1 without a readable one."""
        found = _SIP_DATE.match(ctx.msg.header("Date") or "")
        if found is None or found[2] not in _MONTHS:
            self._complain("Date header field is not found or cannot be read")
            return -1
        day, month, year, *clock = found.groups()
        numbers = (int(year), _MONTHS.index(month) + 1, int(day), *map(int, clock))
        return -4 if int(ctx.now) > calendar.timegm((*numbers, 0, 0, 0)) + seconds else 1

    @function("REQUEST")
    def options_reply(self, ctx: Context) -> int:
        """Answer an OPTIONS for the server itself with what it can do."""
        if ctx.msg.method != "OPTIONS":
            self._complain("called for non-OPTIONS request")
            return -1
        try:
            if ctx.ruri_parsed.user:
                self._complain("ruri contains username")
                return -1
        except MessageError:
            self._complain("ERROR while parsing the R-URI")
            return -1
        headers = (
            f"Accept: {self.options_accept}\r\n"
            f"Accept-Encoding: {self.options_accept_encoding}\r\n"
            f"Accept-Language: {self.options_accept_language}\r\n"
            f"Supported: {self.options_support}\r\n"
        )
        ctx.lumps.append_to_reply(headers)
        return -1 if self._replies.send_reply(ctx, 200, "OK") == -1 else 1

    # -- the R-URI

    @function("REQUEST", "BRANCH", "FAILURE")
    def uri_param(self, ctx: Context, name: str, value: str = "") -> bool:
        """Whether the R-URI has a parameter with this value; without one: as a bare flag."""
        found = uris.param(self._ruri(ctx), name)
        return found == value

    @function("REQUEST", "BRANCH", "FAILURE")
    def uri_param_any(self, ctx: Context, name: str) -> bool:
        """Whether the R-URI has a parameter, whatever its value."""
        return uris.param(self._ruri(ctx), name, any_case=True) is not None

    @function("REQUEST")
    def add_uri_param(self, ctx: Context, param: Plain) -> int:
        """Add a parameter to the R-URI."""
        if not param:
            return 1
        uri = self._ruri(ctx)
        if uri is None:
            return -1
        ctx.new_ruri = uris.with_param(ctx.ruri, uri, param)
        return 1

    @function("REQUEST", "BRANCH", "FAILURE")
    def uri_param_rm(self, ctx: Context, name: str) -> int:
        """Remove a parameter from the R-URI, if it is there."""
        uri = self._ruri(ctx)
        if uri is None:
            return -1
        changed = uris.without_param(ctx.ruri, uri, name)
        if changed is not None:
            ctx.new_ruri = changed
        return 1

    @function("REQUEST", "LOCAL")
    def get_uri_param(self, ctx: Context, name: Plain, target: PvAccess) -> bool:
        """Write the value of a parameter of the R-URI to a variable."""
        value = uris.param(self._ruri(ctx), name)
        if value is None:
            return False
        target.write(ctx, value)
        return True

    def _ruri(self, ctx: Context) -> Uri | None:
        try:
            return ctx.ruri_parsed
        except MessageError:
            self._complain(f"failed to parse r-uri [{ctx.ruri}]")
            return None

    @function()
    def is_gruu(self, ctx: Context, uri: str | None = None) -> int:
        """1 for a public or temporary GRUU, 2 for one without value, -1 for another URI."""
        try:
            parsed = ctx.ruri_parsed if uri is None else Uri.parse(uri)
        except MessageError:
            self._complain(f"parsing of uri '{ctx.ruri if uri is None else uri}' failed")
            return -1
        value = uris.param(parsed, "gr", any_case=True)
        return -1 if value is None else 1 if value else 2

    # -- URIs in variables

    @function()
    def is_uri(self, ctx: Context, text: str) -> bool:
        """Whether a text is a URI."""
        try:
            Uri.parse(text)
        except MessageError:
            return False
        return True

    @function("REQUEST", "FAILURE", "LOCAL")
    def is_e164(self, ctx: Context, number: PvAccess) -> bool:
        """Whether a variable holds `+` and 2 to 15 digits."""
        return E164.match(self._string(ctx, number) or "") is not None

    @function()
    def is_uri_user_e164(self, ctx: Context, uri: PvAccess) -> bool:
        """Whether the user part of a URI in a variable is `+` and 2 to 15 digits."""
        text = self._string(ctx, uri)
        if not text:
            return False
        _, colon, rest = text.partition(":")
        if not colon:
            self._complain("parsing URI failed")
            return False
        user, at, _ = rest.partition("@")
        return bool(at) and E164.match(user) is not None

    @function()
    def set_uri_user(self, ctx: Context, uri: PvAccess, user: PvAccess) -> bool:
        """Replace the user of the URI in a variable; an empty one goes."""
        old, new = self._string(ctx, uri), self._string(ctx, user)
        if not old or new is None:
            return False
        changed = uris.with_user(old, new)
        if changed is None:
            self._complain("uri does not contain ':' character")
            return False
        uri.write(ctx, changed)
        return True

    @function()
    def set_uri_host(self, ctx: Context, uri: PvAccess, host: PvAccess) -> bool:
        """Replace the host of the URI in a variable."""
        old, new = self._string(ctx, uri), self._string(ctx, host)
        if not old or new is None:
            return False
        if not new:
            self._complain("hostpart of uri cannot be empty")
            return False
        changed = uris.with_host(old, new)
        if changed is None:
            self._complain("uri does not contain ':' character")
            return False
        uri.write(ctx, changed)
        return True

    def _string(self, ctx: Context, source: PvAccess) -> str | None:
        """The value of a variable when it is a string; else None and a line in the log."""
        value: Value = source.read(ctx)
        if isinstance(value, str):
            return value
        self._complain("pseudo variable value is not string")
        return None

    @function("REQUEST", "FAILURE", "BRANCH", "ONREPLY")
    def tel2sip(self, ctx: Context, uri: str | None, host: str | None, target: PvAccess) -> int:
        """Write the SIP form of a tel URI to a variable: 1 done, 2 it is no tel URI."""
        if uri is None or host is None:
            return -1
        if wire.lower(uri[:4]) != "tel:":
            return 2
        number, semicolon, params = wire.lower(uri[4:]).partition(";")
        digits = number.translate(str.maketrans("", "", "-.()"))
        target.write(ctx, f"sip:{digits}{semicolon}{params}@{host};user=phone")
        return 1

    @function()
    def cmp_uri(self, ctx: Context, one: str, other: str) -> int:
        """1 for equal URIs, -1 for others, -2 when one is no URI."""
        return uris.compared(one, other, uris.same)

    @function()
    def cmp_aor(self, ctx: Context, one: str, other: str) -> int:
        """1 for URIs of the same user, host and port, -1 for others, -2 when one is no URI."""
        return uris.compared(one, other, uris.same_record)

    @function()
    def cmp_hdr_name(self, ctx: Context, one: str, other: str) -> int:
        """1 for two names of one header, negative for others."""
        first, second = header_id(one.rstrip()), header_id(other.rstrip())
        if not first or not second:
            self._complain(f"error parsing header names [{one}] [{other}]")
            return -2
        if first == second:
            return 1
        known = uris.is_known(first) or uris.is_known(second)
        return -1 if known or first > second else -2

    # -- texts

    @function()
    def is_tel_number(self, ctx: Context, text: str) -> int:
        """1 for digits, perhaps after `+` and no zero; else -2."""
        return 1 if text and _TEL.match(text) else -2

    @function()
    def is_numeric(self, ctx: Context, text: str) -> int:
        """1 for decimal digits alone, else -2."""
        return 1 if text.isascii() and text.isdigit() else -2

    @function()
    def is_alphanum(self, ctx: Context, text: str) -> int:
        """1 for ASCII letters and digits alone, -2 for nothing, -3 for another text."""
        return 1 if text.isascii() and text.isalnum() else -3 if text else -2

    @function()
    def is_alphanumex(self, ctx: Context, text: str, others: str) -> int:
        """As is_alphanum, but some other characters may be among them."""
        if not text:
            return -2
        allowed = wire.encode(others)
        rest = bytes(b for b in wire.encode(text) if b not in allowed)
        return 1 if not rest or (rest.isascii() and rest.isalnum()) else -3
