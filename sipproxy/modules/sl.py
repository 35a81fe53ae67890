"""sl: stateless replies, and the ACKs that answer them (Kamailio modules/sl)."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.errorcodes import status_of
from sipproxy.core.flow import Flow
from sipproxy.core.forward import forward_reply
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, event, function, modparam, pvar, rpc
from sipproxy.core.params import Plain
from sipproxy.core.redirection import add_contacts
from sipproxy.core.statistics import Statistic
from sipproxy.core.totag import ToTags
from sipproxy.errors import MessageError
from sipproxy.sip.build import build_reply, reply_destination
from sipproxy.sip.foreign import ForeignRequest
from sipproxy.sip.message import Message

_ACK_WAIT = 2.0
"""Seconds after our last reply during which an ACK may be one to it."""

_COUNTED = (200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500)
"""Statuses with a counter of their own in sl.stats; others count by class."""

_CLASSES = ("2xx", "3xx", "4xx", "5xx", "6xx", "xxx")
"""Provisional replies and those of no class are `xxx`: so Kamailio counts, `1xx` stays 0."""


class Sl(Module, name="sl"):
    """Replies that keep no state: what they say comes from the request alone."""

    default_code = modparam(500, "Status where sl_send_reply gets none.")
    default_reason = modparam("Internal Server Error", "Reason where sl_send_reply gets none.")
    bind_tm = modparam(1, "Non-zero: send_reply answers in the transaction where there is one.")
    rich_redirect = modparam(0, "Contacts of a 3xx: 1 adds branch flags, 2 adds the path.")

    local_response = event("sl:local-response", "A stateless reply was sent; runs on the reply.")
    filtered_ack = event("sl:filtered-ack", "An ACK to a stateless reply came in.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.sent: Counter[int] = Counter()
        """Replies by status."""
        self.failures = 0
        self.filtered_acks = 0
        self._acks_until = 0.0
        self._tags = ToTags(self.host, "stateless", ".")
        self._force_rport = False
        self._tells_of_replies = False

    def start(self) -> None:
        self._force_rport = bool(getattr(self.host.settings, "force_rport", 0))
        self.host.request_filters.append(self.wants)
        for name, reading in self._readings().items():
            self.host.statistics.add(Statistic("sl", name, reading=reading))

    def ready(self) -> None:
        self._tells_of_replies = self.host.has_route("sl:local-response")

    def take_over(self, previous: Any) -> None:
        """ACKs to earlier replies still come, and the numbers go on."""
        self._acks_until = previous._acks_until
        self.sent = previous.sent
        self.failures, self.filtered_acks = previous.failures, previous.filtered_acks

    @function("REQUEST")
    def sl_send_reply(self, ctx: Context, code: int | None, reason: str | None) -> int:
        """Reply statelessly with a status and a reason; -1 for an ACK."""
        if reason is None:
            reason = self.default_reason
        return self.reply(ctx, code or self.default_code, reason)

    @function("REQUEST")
    def sl_reply(self, ctx: Context, code: int | None, reason: str | None) -> int:
        """The same as sl_send_reply."""
        if reason is None:
            reason = self.default_reason
        return self.reply(ctx, code or self.default_code, reason)

    @function("REQUEST", "ONREPLY", "FAILURE")
    def send_reply(self, ctx: Context, code: int | None, reason: str | None) -> int:
        """Reply in the transaction where there is one, else statelessly; -1 in a reply."""
        if reason is None:
            reason = self.default_reason
        code = code or self.default_code
        transactions: Any = self.host.modules.get("tm") if self.bind_tm else None
        if transactions is not None:
            answered: int | None = transactions.reply(ctx, code, reason)
            if answered is not None:
                return answered
        return self.reply(ctx, code, reason) if ctx.msg.is_request else -1

    @function("REQUEST")
    def sl_reply_error(self, ctx: Context) -> int:
        """Reply with what the last action's error means."""
        error = ctx.scratch.get("error", -1)
        assert isinstance(error, int)
        status, text = status_of(error)
        reason = f"{text} ({-error}/SL)"
        self.reply(ctx, status, reason)
        report(self.host.log, ERROR, "sl", f"stateless error reply used: {reason}")
        return 1

    @function("ONREPLY")
    def sl_forward_reply(self, ctx: Context, code: str = "", reason: str = "") -> int:
        """Relay a reply by its Vias, with another code of the same class and another reason."""
        msg = ctx.msg
        if msg.is_request:
            report(self.host.log, ERROR, "sl", "invalid SIP message type")
            return -1
        if code and not (len(code) == 3 and code.isascii() and code.isdigit()):
            report(self.host.log, ERROR, "sl", f"invalid reply code value {code}")
            return -1
        if code and int(code[0]) != msg.status // 100:
            report(self.host.log, ERROR, "sl", "reply code class cannot be changed")
            return -1
        return 1 if forward_reply(ctx, int(code or 0), reason) else -1

    @pvar("ltt")
    def reply_tag(self, ctx: Context, kind: Plain) -> str | None:
        """The To tag of our replies to this request: `s` stateless, `x` whichever is used."""
        return None if kind == "t" else self.to_tag(ctx.msg)

    def reply(self, ctx: Context, status: int, reason: str) -> int:
        """Send a reply; 1, or -1 when there is none: to an ACK, or to unreadable headers."""
        msg = ctx.msg
        if msg.method == "ACK" or msg.malformed:
            self.failures += 1
            return -1
        headers, body = "", b""
        if 300 <= status < 400 and not add_contacts(ctx, self.rich_redirect):
            report(self.host.log, WARN, "sl", "no r-uri or branches")
        if ctx.touched("lumps"):
            headers, body = ctx.lumps.reply_headers, ctx.lumps.reply_body
        rport = ctx.force_rport or self._force_rport
        data = build_reply(
            msg,
            status,
            reason,
            "" if status < 180 or msg.is_tagged else self.to_tag(msg),
            headers,
            body,
            self.host.server_text,
            force_rport=rport,
        )
        flow = ctx.flow
        if flow.proto == "udp":
            remote = reply_destination(msg, force_rport=rport)
            if remote != flow.remote:
                flow = Flow("udp", flow.local, remote)
        elif ctx.reply_hints:
            flow = flow._replace(hints=ctx.reply_hints)
        self.host.send(data, flow)
        self._acks_until = ctx.now + _ACK_WAIT
        self.sent[status] += 1
        ctx.answered = True
        if self._tells_of_replies:
            self._tell_of(data, flow, msg.is_http)
        return 1

    def _tell_of(self, data: bytes, flow: Flow, is_http: bool) -> None:
        """Run the event route on a reply that was sent.

        An answer to HTTP is read as a request, as Kamailio reads it: if its reason is one word.
        """
        kind = ForeignRequest if is_http else Message
        try:
            sent = kind.parse(data, source=flow.local, dest=flow.remote, proto=flow.proto)
        except MessageError:
            return
        self.host.post("sl:local-response", sent)

    def to_tag(self, msg: Message) -> str:
        """Our To tag: one part is the server's, the other the same for a retransmission."""
        return self._tags.of(msg)

    def wants(self, ctx: Context) -> bool:
        """Whether an ACK shall reach the script: one to a reply of ours shall not."""
        msg = ctx.msg
        if msg.method != "ACK" or ctx.now > self._acks_until:
            return True
        if msg.to.tag != self.to_tag(msg):
            return True
        self.filtered_acks += 1
        self.host.post("sl:filtered-ack", msg)
        return False

    def _readings(self) -> dict[str, Callable[[], int]]:
        """The statistics of the group `sl`."""
        names = (*map(str, _COUNTED), *_CLASSES)
        counted = {f"{name}_replies": partial(self._count, name) for name in names}
        return counted | {
            "1xx_replies": lambda: 0,
            "sent_replies": lambda: self.sent.total(),
            "sent_err_replies": lambda: 0,
            "failures": lambda: self.failures,
            "received_ACKs": lambda: self.filtered_acks,
        }

    def _count(self, name: str) -> int:
        return self.stats()[name]

    @rpc("sl.stats")
    def stats(self) -> dict[str, int]:
        """Print reply statistics."""
        counts = dict.fromkeys((*map(str, _COUNTED), *_CLASSES), 0)
        for status, count in self.sent.items():
            own_class = f"{status // 100}xx" if 200 <= status < 700 else "xxx"
            counts[str(status) if status in _COUNTED else own_class] += count
        return {name: counts[name] for name in sorted(counts, key=_stats_order)}


def _stats_order(name: str) -> str:
    """A class stands behind its statuses."""
    return name.replace("x", "~")
