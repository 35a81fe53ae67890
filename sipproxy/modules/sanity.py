"""sanity: checks of incoming messages, with a reply for those that fail (modules/sanity)."""

from collections.abc import Callable
from typing import NamedTuple, cast

from sipproxy import text as wire
from sipproxy.core.bindings import Replies
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam
from sipproxy.errors import MessageError
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.nameaddr import NameAddr

_PASSED = "passed"
_SILENT = ""
"""Outcomes of a check besides the text of a reply: `400 Bad Headers`."""

_ON_NUMBER = 4294967296


class Failure(NamedTuple):
    """What a failed check would have been answered with, kept for sanity_reply()."""

    status: int
    reason: str


class Sanity(Module, name="sanity"):
    """Checks whether requests and replies make sense."""

    default_checks = modparam(3047, "Sum of the checks sanity_check() makes.")
    uri_checks = modparam(7, "Sum of the URIs looked at: 1 R-URI, 2 From, 4 To, 8 Contact.")
    proxy_require = modparam("", "Extensions a request may demand in Proxy-Require.")
    autodrop = modparam(1, "Non-zero: a failed check ends the script.")
    noreply = modparam(0, "Non-zero: a failed check is answered by sanity_reply() only.")

    def start(self) -> None:
        self._replies = cast(Replies, self.host.bind("sl"))
        supported = (name.strip() for name in self.proxy_require.split(","))
        self._supported = frozenset(filter(None, supported))

    @function("REQUEST", "ONREPLY", name="sanity_check")
    def check(self, ctx: Context, checks: int | None = None, uris: int | None = None) -> int:
        """1 when all checks pass; 0 (or -1 without autodrop) when one fails and is answered."""
        wanted = self.default_checks if checks is None else checks
        wanted_uris = self.uri_checks if uris is None else uris
        if not 1 <= wanted < _ALL << 1 or not 1 <= wanted_uris < 16:
            text = f"checks {wanted} or URI checks {wanted_uris} are out of range"
            report(self.host.log, ERROR, "sanity", text)
            return -1
        ctx.scratch.pop("sanity", None)
        for bit, found in _CHECKS:
            if wanted & bit:
                outcome = found(self, ctx, wanted_uris)
                if outcome != _PASSED:
                    self._fail(ctx, outcome)
                    return 0 if self.autodrop else -1
        return 1

    def _fail(self, ctx: Context, outcome: str) -> None:
        if outcome == _SILENT:
            ctx.scratch["sanity"] = None
            return
        if not ctx.msg.is_request or ctx.msg.method == "ACK":
            return
        failure = Failure(int(outcome[:3]), outcome[4:])
        if self.noreply:
            ctx.scratch["sanity"] = failure
        else:
            self._replies.reply(ctx, *failure)

    @function("REQUEST", "ONREPLY", name="sanity_reply")
    def answer(self, ctx: Context) -> int:
        """Send what a check found with noreply on, else 500."""
        if not ctx.msg.is_request or ctx.msg.method == "ACK" or not self.noreply:
            return 1
        failure = ctx.scratch.get("sanity", Failure(500, "Server Sanity Failure"))
        if not isinstance(failure, Failure):
            return 1
        return -1 if self._replies.reply(ctx, *failure) < 0 else 1

    # -- the checks: each gets the mask of URIs too, and says how it ended

    def _sip_version(self, ctx: Context, uris: int) -> str:
        # In a reply Kamailio reads the reason here, which seldom is a version.
        if not ctx.msg.is_request:
            return _PASSED if ctx.msg.reason.endswith("/2.0") else _SILENT
        good = ctx.msg.version.endswith("/2.0")
        return _PASSED if good else "505 Version Not Supported (R-URI)"

    def _ruri_scheme(self, ctx: Context, uris: int) -> str:
        return _PASSED if _readable(lambda: ctx.ruri_parsed) else "400 Bad Request URI"

    def _required_headers(self, ctx: Context, uris: int) -> str:
        msg = ctx.msg
        if msg.malformed:
            return "400 Bad Headers"
        names = [row.id for row in msg.headers]
        once = all(names.count(name) < 2 for name in ("from", "to", "call-id", "cseq"))
        return _PASSED if once else _SILENT

    def _nothing(self, ctx: Context, uris: int) -> str:
        # What these look at is checked when a message is read.
        return _PASSED

    def _cseq_method(self, ctx: Context, uris: int) -> str:
        if ctx.msg.is_request and ctx.msg.cseq.method == ctx.msg.method:
            return _PASSED
        return "400 CSeq method does not match request method"

    def _cseq_value(self, ctx: Context, uris: int) -> str:
        return _PASSED if _is_uint(ctx.msg.cseq.number) else "400 CSeq number is illegal"

    def _content_length(self, ctx: Context, uris: int) -> str:
        length = ctx.msg.content_length
        if length is None:
            return "400 Content-Length Failure" if ctx.msg.malformed else _PASSED
        if ctx.msg.headers_end == len(ctx.msg.head):
            return "400 Content-Length Body Failure"
        return _PASSED if length == len(ctx.msg.body) else "400 Content-Length mis-match"

    def _expires(self, ctx: Context, uris: int) -> str:
        value = ctx.msg.header("Expires")
        if value is None:
            return "400 Bad Expires Header" if ctx.msg.malformed else _PASSED
        words = value.split()
        if not words:
            return "400 Bad Expires Header"
        return _PASSED if _is_uint(words[0]) else "400 Expires value is illegal"

    def _proxy_require(self, ctx: Context, uris: int) -> str:
        value = ctx.msg.header("Proxy-Require")
        if value is None:
            return "400 Bad Proxy Require Header" if ctx.msg.malformed else _PASSED
        if not value.strip():
            return "400 Bad Proxy Require Header"
        for name in (part.strip() for part in value.split(",")):
            if name not in self._supported:
                ctx.lumps.append_to_reply(f"Unsupported: {name}\r\n")
                return "420 Bad Proxy Require Extension"
        return _PASSED

    def _uris(self, ctx: Context, uris: int) -> str:
        msg = ctx.msg
        if uris & 1 and not _readable(lambda: ctx.ruri_parsed):
            return "400 Bad Request URI"
        if uris & 2 and not _readable(lambda: msg.from_.parsed):
            return "400 Invalid From Header"
        if uris & 4 and not _readable(lambda: msg.to.parsed):
            return "400 Ivalid To Header"
        return self._contact(ctx) if uris & 8 else _PASSED

    def _contact(self, ctx: Context) -> str:
        rows = ctx.msg.values("Contact")
        try:
            addresses = [NameAddr.parse_list(value) for value in rows]
        except MessageError:
            return "400 Bad Contact Header"
        # Kamailio's list begins with the last address of the first header.
        first = addresses[0][-1] if addresses else None
        if first is None or first.uri == "*" or _readable(lambda: first.parsed):
            return _PASSED
        return "400 Bad Contact URI"

    def _digest(self, ctx: Context, uris: int) -> str:
        return self._credentials(ctx, _SILENT)

    def _authorization(self, ctx: Context, uris: int) -> str:
        return self._credentials(ctx, _PASSED)

    def _credentials(self, ctx: Context, other_scheme: str) -> str:
        """Look at all credentials; the first that are no Digest end the check as told."""
        if ctx.msg.malformed:
            return "400 Bad Headers"
        for name in ("Authorization", "Proxy-Authorization"):
            for value in ctx.msg.values(name):
                scheme, *fields = value.split(None, 1)
                if scheme.lower() != "digest" or not fields:
                    return other_scheme
                try:
                    outcome = _judged(Credentials.parse(value))
                except MessageError:
                    return "400 Bad Auth Header"
                if outcome != _PASSED:
                    return outcome
        return _PASSED

    def _tags(self, ctx: Context, uris: int) -> str:
        try:
            addresses = {"From": ctx.msg.from_, "To": ctx.msg.to}
            for name, address in addresses.items():
                if _tag_count(address) > 1:
                    return f"400 Many {name} Tag Params"
        except MessageError:
            return _SILENT
        return _PASSED


Check = Callable[[Sanity, Context, int], str]

_CHECKS: tuple[tuple[int, Check], ...] = (
    (1, Sanity._sip_version),
    (2, Sanity._ruri_scheme),
    (4, Sanity._required_headers),
    (16384, Sanity._nothing),
    (8, Sanity._nothing),
    (16, Sanity._nothing),
    (32, Sanity._cseq_method),
    (64, Sanity._cseq_value),
    (128, Sanity._content_length),
    (256, Sanity._expires),
    (512, Sanity._proxy_require),
    (1024, Sanity._uris),
    (2048, Sanity._digest),
    (8192, Sanity._authorization),
    (4096, Sanity._tags),
)
"""The checks with their bits, in the order they are made."""

_ALL = 16384


def _readable(read: Callable[[], object]) -> bool:
    try:
        read()
    except MessageError:
        return False
    return True


def _is_uint(text: str) -> bool:
    digits = text.isascii() and text.isdigit() and len(text) <= 10
    return digits and int(text) <= _ON_NUMBER


def _judged(found: Credentials) -> str:
    needed = [found.username, found.realm, found.nonce, found.uri, found.response]
    if found.qop in ("auth", "auth-int"):
        needed += [found.cnonce, found.nc]
    if None in needed:
        return "400 Bad Auth Credentials"
    if not found.username:
        return "400 Auth Empty User"
    if not found.nonce:
        return "400 Auth Empty Nonce"
    return _PASSED if found.response else "400 Auth Empty Response"


def _tag_count(address: NameAddr) -> int:
    return sum(wire.lower(name) == "tag" for name, _ in address.pairs)
