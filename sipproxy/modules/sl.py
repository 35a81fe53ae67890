"""sl: stateless replies, and the ACKs that answer them (Kamailio modules/sl)."""

import hashlib
import zlib
from collections import Counter

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.forward import forward_reply
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, event, function, modparam, pvar, rpc
from sipproxy.core.params import Plain
from sipproxy.sip.build import build_reply, reply_destination
from sipproxy.sip.message import Message

_ACK_WAIT = 2.0
"""Seconds after our last reply during which an ACK may be one to it."""

_ERRORS = {
    -477: (477, "Unfortunately error on sending to next hop occurred"),
    -478: (478, "Unresolvable destination"),
    -400: (400, "Bad Request"),
    -479: (479, "Regretfully, we were not able to process the URI"),
    -9: (400, "Transaction tuple incomplete"),
    -13: (400, "Bad To"),
    -11: (500, "Error in external logic"),
    -12: (500, "Forking capacity exceeded"),
    -15: (400, "Invalid character in q parameter"),
    -16: (400, "Empty q parameter"),
    -17: (400, "Q parameter too big"),
    -18: (400, "Decimal part missing in q"),
    -487: (487, "Transaction canceled"),
    0: (500, "No error"),
}
"""Status and text for an internal error (Kamailio core/error.c)."""

_COUNTED = (200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500)
"""Statuses with a counter of their own in sl.stats; others count by class."""


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
        self._tag_start = ""
        self._force_rport = False
        self._tells_of_replies = False

    def start(self) -> None:
        self._force_rport = bool(getattr(self.host.settings, "force_rport", 0))
        self.host.ack_filters.append(self.wants)

    def ready(self) -> None:
        self._tells_of_replies = self.host.has_route("sl:local-response")

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
        if not ctx.msg.is_request:
            return -1
        if reason is None:
            reason = self.default_reason
        return self.reply(ctx, code or self.default_code, reason)

    @function("REQUEST")
    def sl_reply_error(self, ctx: Context) -> int:
        """Reply with what the last action's error means."""
        error = ctx.scratch.get("error", -1)
        assert isinstance(error, int)
        status, text = _ERRORS.get(error, (500, "I'm terribly sorry, server error occurred"))
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
        if 300 <= status < 400:
            self._add_contacts(ctx)
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
        self.host.send(data, flow)
        self._acks_until = ctx.now + _ACK_WAIT
        self.sent[status] += 1
        ctx.answered = True
        if self._tells_of_replies:
            sent = Message.parse(data, source=flow.local, dest=flow.remote, proto=flow.proto)
            self.host.post("sl:local-response", sent)
        return 1

    def to_tag(self, msg: Message) -> str:
        """Our To tag: one part is the server's, the other the same for a retransmission."""
        return f"{self._tag_start or self._make_tag_start()}.{_transaction_digest(msg)}"

    def _make_tag_start(self) -> str:
        sockets = self.host.own.sockets
        first = sockets[0].sent_by if sockets else ""
        digest = hashlib.md5(f"stateless {first}".encode(), usedforsecurity=False)
        self._tag_start = digest.hexdigest()
        return self._tag_start

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

    def _add_contacts(self, ctx: Context) -> None:
        """A redirection names the destinations the script chose."""
        entries = []
        if ctx.new_ruri is not None:
            entries.append(self._contact(ctx.new_ruri, "", ctx.scratch.get("q", -1), ctx.bflags))
        if ctx.touched("branches"):
            entries += [self._contact(b.uri, b.path, b.q, b.bflags) for b in ctx.branches]
        if entries:
            ctx.lumps.append_to_reply(f"Contact: {', '.join(entries)}\r\n")
        else:
            report(self.host.log, WARN, "sl", "no r-uri or branches")

    def _contact(self, uri: str, path: str, q: object, bflags: int) -> str:
        entry = f"<{uri}?Route={_escaped(path)}>" if path and self.rich_redirect & 2 else f"<{uri}>"
        if isinstance(q, int) and q >= 0:
            entry += f";q={q_text(q)}"
        return f"{entry};flags={bflags}" if self.rich_redirect & 1 else entry

    @rpc("sl.stats")
    def stats(self) -> dict[str, int]:
        """Print reply statistics."""
        counts = dict.fromkeys(map(str, _COUNTED), 0) | dict.fromkeys(
            ("2xx", "3xx", "4xx", "5xx", "6xx", "xxx"), 0
        )
        for status, count in self.sent.items():
            own_class = f"{status // 100}xx" if 200 <= status < 700 else "xxx"
            counts[str(status) if status in _COUNTED else own_class] += count
        return {name: counts[name] for name in sorted(counts, key=_stats_order)}


def _stats_order(name: str) -> str:
    """A class stands behind its statuses."""
    return name.replace("x", "~")


def _transaction_digest(msg: Message) -> str:
    """8 digits that are equal for an INVITE, its retransmissions and the ACK to our answer."""
    found = msg.plain_via
    if found is None:
        via = msg.via
        sent_by = via.host if via.port is None else f"{via.host}:{via.port}"
        branch = via.branch or ""
    else:
        sent_by = found.string[found.start(1) : found.start(2)]
        branch = found[2].partition(";branch=")[2].partition(";")[0]
    key = wire.encode(f"{sent_by};{branch};{msg.call_id}")
    return f"{zlib.crc32(key):08x}"


def q_text(q: int) -> str:
    """A priority of 0 to 1000 as a q value: `1`, `0`, `0.5`."""
    return "1" if q >= 1000 else f"0.{q:03d}".rstrip("0").rstrip(".")


def _escaped(path: str) -> str:
    """A path as a URI header: what may not stand there is written %xx."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/?:+$"
    return "".join(c if c in plain else "".join(f"%{b:02x}" for b in wire.encode(c)) for c in path)
