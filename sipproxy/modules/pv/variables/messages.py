"""`$rm $rs $rr $rb $bs $ml $mb $mt $mi $msg(...)`: the message as a whole."""

from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.methods import method_bit
from sipproxy.core.module import Module, pvar
from sipproxy.core.values import Value
from sipproxy.sip.build import rebuild
from sipproxy.sip.message import Message

_BLANKS = " \t\r\n"


_EMPTY_LINE = ("\r\n\r\n", "\n\n", "\n\r\n")


class MessageVariables(Module):
    """Start line, body, sizes."""

    _numbered: Message | None = None
    _number = 0

    @pvar("rm", bind=True)
    def rm(self, inner: str | None, index: str | None) -> PvAccess:
        """Method of a request, method in the CSeq of a reply."""
        access = PvAccess(lambda ctx: ctx.msg.method, type="str", slot="msg.method")
        access.number = method_bit
        return access

    @pvar("rmid")
    def rmid(self, ctx: Context) -> int:
        """Number of the method."""
        return method_bit(ctx.msg.method)

    @pvar("rv", bind=True)
    def rv(self, inner: str | None, index: str | None) -> PvAccess:
        """Version of the start line."""
        return PvAccess(lambda ctx: ctx.msg.version, type="str", slot="msg.version")

    @pvar("rs")
    def rs(self, ctx: Context) -> Value:
        """Status of a reply, undefined in a request."""
        return None if ctx.msg.is_request else ctx.msg.status

    @pvar("rsi")
    def rsi(self, ctx: Context) -> int:
        """Status of a reply, 0 in a request."""
        return ctx.msg.status

    @pvar("rr")
    def rr(self, ctx: Context) -> Value:
        """Reason phrase of a reply."""
        return None if ctx.msg.is_request else ctx.msg.reason

    @pvar("mt")
    def mt(self, ctx: Context) -> int:
        """1 for a request, 2 for a reply."""
        return 1 if ctx.msg.is_request else 2

    @pvar("mts")
    def mts(self, ctx: Context) -> str:
        """`rq` for a request, `rp` for a reply."""
        return "rq" if ctx.msg.is_request else "rp"

    @pvar("ml")
    def ml(self, ctx: Context) -> int:
        """Bytes of the message."""
        return len(ctx.msg.raw)

    @pvar("mb")
    def mb(self, ctx: Context) -> str:
        """The message as received."""
        return wire.decode(ctx.msg.raw)

    @pvar("mbu")
    def mbu(self, ctx: Context) -> str:
        """The message as it would leave, without a Via of ours."""
        return wire.decode(rebuild(ctx.msg, ctx.lumps, new_ruri=ctx.new_ruri))

    @pvar("rb")
    def rb(self, ctx: Context) -> Value:
        """The body; undefined where no empty line ends the headers."""
        msg = ctx.msg
        return wire.decode(msg.body) if msg.head.endswith(_EMPTY_LINE) else None

    @pvar("bs")
    def bs(self, ctx: Context) -> int:
        """Bytes of the body."""
        return len(ctx.msg.body)

    def renumber(self) -> None:
        """Give the next message the number 1."""
        self._numbered = None
        self._number = 0

    @pvar("mi")
    def mi(self, ctx: Context) -> int:
        """Number of the message; messages whose number nobody asks for are not counted."""
        if self._numbered is not ctx.msg:
            self._numbered = ctx.msg
            self._number += 1
        return self._number

    @pvar("msg", bind=True)
    def msg(self, inner: str | None, index: str | None) -> PvAccess:
        """`len buf body body_len hdrs hdrs_len hdrc fline fpart lpart` of the message."""
        read = _ATTRIBUTES.get(inner or "")
        if read is None:
            raise ValueError(f"{', '.join(_ATTRIBUTES)} exist")
        return PvAccess(lambda ctx: read(ctx.msg))

    @pvar("msgbuf")
    def msgbuf(self, ctx: Context, at: str) -> Value:
        """One byte of the message as received."""
        number = int(at) if at.isascii() and at.isdigit() else -1
        raw = ctx.msg.raw
        return wire.decode(raw[number : number + 1]) + "\0" if 0 <= number < len(raw) else None


def _lines(msg: Message) -> str:
    return msg.head[_first_end(msg) :].strip(_BLANKS)


def _first_end(msg: Message) -> int:
    return msg.head.index(msg.first_line) + len(msg.first_line)


_ATTRIBUTES: dict[str, Callable[[Message], Value]] = {
    "len": lambda msg: len(msg.raw),
    "buf": lambda msg: wire.decode(msg.raw),
    "body": lambda msg: wire.decode(msg.body),
    "body_len": lambda msg: len(msg.body),
    "hdrs": _lines,
    "hdrs_len": lambda msg: wire.byte_length(_lines(msg)),
    "hdrc": lambda msg: len(msg.headers),
    "fline": lambda msg: msg.first_line.strip(_BLANKS),
    "fpart": lambda msg: msg.head.strip(_BLANKS),
    "lpart": lambda msg: msg.head[_first_end(msg) :].lstrip("\r\n") + wire.decode(msg.body),
}
