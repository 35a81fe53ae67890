"""What a record of acc says, and the line it makes (Kamailio modules/acc/acc.c)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.transactions import Reply
from sipproxy.modules.acc.extras import Field

ANSWERED = "ACC: transaction answered: "
MISSED = "ACC: call missed: "
ACKED = "ACC: request acknowledged: "
ASKED = "ACC: request accounted: "

LONGEST = 65534
"""Bytes of the fields of a line; what does not fit is left out."""

SECONDS, MICROSECONDS, FRACTION, LOCAL_TIME, UTC_TIME = range(5)
"""Values of time_mode."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: status as digits (none for `acc_request("text")`), reason phrase,
    and the To tag of the answer.
    """

    code: str
    reason: str
    to_tag: str

    @classmethod
    def said(cls, comment: str, to_tag: str) -> "Outcome":
        """What the script says: `404 not found`, or a text without a code."""
        if len(comment) >= 3 and comment[:3].isascii() and comment[:3].isdigit():
            return cls(comment[:3], comment[3:].lstrip(" \t\n\v\f\r"), to_tag)
        return cls("", comment, to_tag)

    @classmethod
    def of(cls, reply: Reply, *, reason_header: bool) -> "Outcome":
        """What a reply says, or its header Reason. Raises MessageError."""
        message = reply.message
        if message is None:
            return cls(str(reply.status), reply.reason, reply.tag)
        reason = message.header("reason") if reason_header else None
        reason = message.reason if reason is None else reason
        return cls(str(message.status), reason, message.to.tag or "")


def core_fields(ctx: Context, outcome: Outcome, *, upstream: bool) -> list[Field]:
    """The fields that each record begins with. Raises MessageError.

    `upstream`: the callee sent the request, and the tags change places.
    """
    msg = ctx.msg
    from_tag, to_tag = msg.from_.tag or "", outcome.to_tag
    if upstream:
        from_tag, to_tag = to_tag, from_tag
    return [
        ("method", msg.cseq.method),
        ("from_tag", from_tag),
        ("to_tag", to_tag),
        ("call_id", msg.call_id),
        ("code", outcome.code),
        ("reason", outcome.reason),
    ]


def line_of(fields: list[Field]) -> str:
    """`;name=value;name=value`, cut before the field that makes it too long."""
    line = "".join(f";{name}={value}" for name, value in fields)
    if len(line) * 4 < LONGEST or wire.byte_length(line) < LONGEST:
        return line
    line = ""
    for name, value in fields:
        longer = f"{line};{name}={value}"
        if wire.byte_length(longer) >= LONGEST:
            break
        line = longer
    return line


def time_of(now: float, mode: int, names: tuple[str, str], layout: str) -> str:
    """The time of a record as time_mode has it; `names` are time_exten and time_attr."""
    stamp = f"timestamp={int(now)}"
    exten, attr = names
    if mode == MICROSECONDS:
        return f"{stamp};{exten}={microseconds_of(now)}"
    if mode == FRACTION:
        return f"{stamp};{attr}={now:.3f}"
    if mode in (LOCAL_TIME, UTC_TIME):
        return f"{stamp};{attr}={written_time(now, mode, layout)}"
    return stamp


def microseconds_of(now: float) -> int:
    """The microseconds since the second began."""
    return int(now % 1 * 1_000_000)


def written_time(now: float, mode: int, layout: str) -> str:
    """The second in the layout of strftime, in local time or in UTC."""
    moment = datetime.fromtimestamp(int(now), UTC)
    if mode == LOCAL_TIME:
        moment = moment.astimezone()
    return moment.strftime(layout)
