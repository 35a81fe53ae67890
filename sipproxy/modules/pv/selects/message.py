"""Selects of the message: its first line, any header, its body."""

import re
from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.select_parts import address_of, params_of, uri_of
from sipproxy.core.selects import Maker, Path, Read, plain

_BLANKS = " \t\r\n"
_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z", re.ASCII)
_SDP = re.compile(r"\s*application\s*/\s*sdp\s*(?:;|\Z)", re.IGNORECASE)
_SDP_PART = re.compile(
    r"^content-type\s*:\s*application\s*/\s*sdp\s*(?:;|$)", re.IGNORECASE | re.MULTILINE
)
_MULTIPART = re.compile(
    r"\s*multipart\s*/.*?;\s*boundary\s*=\s*(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\s;\"]+))",
    re.IGNORECASE | re.DOTALL,
)


def _of_request(read: Read) -> Read:
    return lambda ctx: read(ctx) if ctx.msg.is_request else None


def _of_reply(read: Read) -> Read:
    return lambda ctx: None if ctx.msg.is_request else read(ctx)


def _raw(ctx: Context) -> str:
    return wire.decode(ctx.msg.raw)


def _version(ctx: Context) -> str:
    return ctx.msg.version


_METHOD = _of_request(lambda ctx: ctx.msg.method)
_STATUS = _of_reply(lambda ctx: ctx.msg.status)
_REASON = _of_reply(lambda ctx: ctx.msg.reason)


def _request_uri(path: Path) -> Read:
    return uri_of(path, _of_request(lambda ctx: ctx.msg.ruri))


def _first_line(whole: Read, parts: dict[str, Maker]) -> Maker:
    return lambda path: path.choose(parts) if path else whole


_REQUEST = _first_line(
    _of_request(_raw),
    {
        "method": plain(_METHOD),
        "uri": _request_uri,
        "version": plain(_of_request(_version)),
    },
)
_RESPONSE = _first_line(
    _of_reply(_raw),
    {
        "version": plain(_of_reply(_version)),
        "status": plain(_STATUS),
        "code": plain(_STATUS),
        "reason": plain(_REASON),
    },
)


def _headers(ctx: Context) -> str:
    """All headers, with the empty line behind them."""
    raw, body = ctx.msg.raw, ctx.msg.body
    head = raw[: len(raw) - len(body)] if body else raw
    return wire.decode(head.partition(b"\n")[2])


def _picked(name: str, number: int) -> Read:
    """The header of this number among those of a name, counted from 1; below 1 the last."""

    def read(ctx: Context) -> str | None:
        found = ctx.msg.values(name)
        if not found or number > len(found):
            return None
        return found[number - 1 if number > 0 else -1].strip(_BLANKS)

    return read


def _header(path: Path) -> Read:
    """`header`: all of them; `header.x[2]`: one, and parts of it.

    As in Kamailio, of an address no number counts: it is in the last header of a name without a
    number, else in the first.
    """
    if not path:
        return _headers
    name = path.name()
    name = name[:1] + name[1:].replace("_", "-")
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name of a header")
    number = path.number()
    if not path:
        return _picked(name, 1 if number is None else number)
    if str(path.peek()).lower() == "nameaddr":
        path.name()
        return address_of(path, _picked(name, 0 if number is None else 1))
    return params_of(path, _picked(name, 1 if number is None else number))


def _sdp(ctx: Context) -> str | None:
    """The body, or the part of it, that is a session description."""
    kind = ctx.msg.header("Content-Type") or ""
    if _SDP.match(kind):
        return wire.decode(ctx.msg.body)
    boundary = _MULTIPART.match(kind)
    if boundary is None:
        return None
    for part in wire.decode(ctx.msg.body).split(f"--{boundary['quoted'] or boundary['plain']}")[1:]:
        head, _, content = part.lstrip("\r\n").partition("\r\n\r\n")
        if _SDP_PART.search(head):
            return content.removesuffix("\r\n")
    return None


def _sdp_line(path: Path) -> Read:
    """The first line of a letter: `line.c`, `line["m="]`."""
    written = path.name("the letter of a line")
    if len(written) > 2 or written[1:] not in ("", "="):
        raise ValueError(f"{written!r} is no letter of a line")

    def read(ctx: Context) -> str | None:
        for line in (_sdp(ctx) or "").split("\n")[:-1]:
            if line.startswith(written[0]):
                return (line[2:].removesuffix("\r") or None) if line[1:2] == "=" else None
        return None

    return plain(read)(path)


def _body(path: Path) -> Read:
    """The body; `sdp`: the part that is one, and a line of it."""

    def sdp(path: Path) -> Read:
        return path.choose({"line": _sdp_line}) if path else _sdp

    return path.choose({"sdp": sdp}) if path else lambda ctx: wire.decode(ctx.msg.body)


class MessageSelects(Module):
    """`@msg` and short names of what is below it."""

    mi: Callable[[Context], int]

    @select_root("msg")
    @select_root("message")
    def select_message(self, path: Path) -> Read:
        """The whole message, and `first_line flags len id type header body request response`."""
        if not path:
            return _raw

        def number(path: Path) -> Read:
            if path:
                return path.choose({"hex": plain(lambda ctx: f"{self.mi(ctx):08x}")})
            return self.mi

        return path.choose(
            {
                "first_line": plain(lambda ctx: ctx.msg.first_line.strip(_BLANKS)),
                "flags": plain(lambda ctx: ctx.flags),
                "len": plain(lambda ctx: len(ctx.msg.raw)),
                "id": number,
                "type": plain(lambda ctx: 1 if ctx.msg.is_request else 2),
                "header": _header,
                "h": _header,
                "body": _body,
                "content": _body,
                "request": _REQUEST,
                "req": _REQUEST,
                "response": _RESPONSE,
                "res": _RESPONSE,
            }
        )

    @select_root("method")
    def select_method(self, path: Path) -> Read:
        """Method of a request."""
        return plain(_METHOD)(path)

    @select_root("version")
    def select_version(self, path: Path) -> Read:
        """SIP/2.0."""
        return plain(_version)(path)

    @select_root("code")
    @select_root("status")
    def select_status(self, path: Path) -> Read:
        """Status of a reply."""
        return plain(_STATUS)(path)

    @select_root("reason")
    def select_reason(self, path: Path) -> Read:
        """Reason phrase of a reply."""
        return plain(_REASON)(path)
