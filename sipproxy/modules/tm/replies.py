"""Replies to the request: our own and those relayed from a branch."""

from abc import abstractmethod

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.log import INFO, report
from sipproxy.core.totag import ToTags
from sipproxy.modules.tm.reasons import reason_of
from sipproxy.modules.tm.states import sent_as
from sipproxy.modules.tm.transaction import FAKED, OWN_REPLY, Branch, Transaction
from sipproxy.modules.tm.watching import Watching
from sipproxy.sip.build import build_forwarded_reply, build_reply, reply_destination
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message


class Replies(Watching):
    """Builds and sends what goes back to the client."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.tags = ToTags(self.host, "tm", "-")
        self._rport = False

    def start(self) -> None:
        self._rport = bool(getattr(self.host.settings, "force_rport", 0))

    def answer(
        self,
        t: Transaction,
        status: int,
        reason: str,
        ctx: Context | None = None,
        body: bytes = b"",
        *,
        lumps: Lumps | None = None,
        tag: str = "",
    ) -> int:
        """Reply ourselves, with what the script put into the reply; 1, or -1 if it came too late.

        A final reply ends the branches (Kamailio t_reply.c _reply_light). Without a context
        `lumps` are what goes into it, and `tag` is its To tag, empty for the usual one.
        """
        if t.status >= 200 or t.over:
            text = f"can't generate {status} reply when a final {t.status} was sent out"
            report(self.host.log, INFO, "tm", text)
            self.finish_branches(t, 0)
            self.drive(t, "release")
            return -1
        if ctx is None:
            data = self.own_reply(t, status, reason, lumps, body=body, tag=tag)
        else:
            lumps = ctx.lumps if ctx.touched("lumps") else None
            data = self.own_reply(t, status, reason, lumps, ctx.force_rport, body)
            ctx.answered = True
        t.status = status
        t.relayed_branch = OWN_REPLY
        if status >= 200:
            self.finish_branches(t, status)
        self.count_reply(t, status, own=True)
        self.drive(t, sent_as(status, invite=t.invite, own=True), data)
        if status >= 200:
            self.tell_replied(t, status, None)
        if self.tells_of_own:
            local, remote = t.reply_flow.local, t.reply_flow.remote
            self.host.post("tm:local-response", Message.parse(data, source=local, dest=remote))
        return 1

    tells_of_own = False
    """Whether the cfg has event_route[tm:local-response]."""

    def own_reply(
        self,
        t: Transaction,
        status: int,
        reason: str,
        lumps: Lumps | None,
        force_rport: bool = False,
        body: bytes = b"",
        tag: str = "",
    ) -> bytes:
        """The bytes of a reply of ours to the transaction's request; `tag` is its To tag."""
        msg = t.request
        tag = "" if status < 180 or msg.is_tagged else tag or self.tags.of(msg)
        if tag and t.invite and 200 <= status < 300 and t.to_tag is None:
            self.known.add_dialog(t, tag)
        elif t.invite and 200 <= status < 300 and t.to_tag is None:
            self.known.add_dialog(t, msg.to.tag or "")
        rport = force_rport or t.force_rport or self._rport
        if t.flow.proto == "udp":
            remote = reply_destination(msg, force_rport=rport)
            if remote != t.reply_flow.remote:
                t.reply_flow = Flow("udp", t.flow.local, remote)
        headers = lumps.reply_headers if lumps is not None else ""
        if not body and lumps is not None:
            body = lumps.reply_body
        server = self.host.server_text
        return build_reply(msg, status, reason, tag, headers, body, server, force_rport=rport)

    def relay_answer(
        self,
        t: Transaction,
        b: Branch,
        status: int,
        ctx: Context | None,
        seen: Context | None,
    ) -> None:
        """Send a branch's reply to the client: the one just received (`ctx`) or a stored one.

        `seen` is what came in just now; onsend_route looks at it and at what is about to leave.
        """
        reply = ctx.msg if ctx is not None else b.reply
        own = False
        if not isinstance(reply, Message):
            own = True
            status = 487 if t.canceled else status
            data = self._faked(t, status)
        elif status == 503 and self.remap_503_500:
            own = True
            status = 500
            data = self.own_reply(t, 500, reason_of(503), None)
        elif status in (401, 407) and self.aggregate_challenges and self._challengers(t, b, reply):
            own = True
            data = self._faked(t, status, self._challenges(t, b, reply))
        else:
            lumps = b.reply_lumps
            if ctx is not None:
                lumps = ctx.lumps if ctx.touched("lumps") else None
            data = build_forwarded_reply(reply, lumps, proto=t.flow.proto)
            self._aim(t)
        late = t.status >= 200
        event = sent_as(status, invite=t.invite, own=False)
        if not late:
            t.status = status
            t.relayed_branch = b.index
        self.count_reply(t, status, own=own)
        lets_out = self.host.lets_reply_out
        if lets_out is not None and seen is not None and not t.muted:
            t.muted = not lets_out(seen, data, t.reply_flow)
        self.drive(t, event, data)
        self.tell_replied(t, status, None if own or not isinstance(reply, Message) else reply)

    def _aim(self, t: Transaction) -> None:
        """Replies go where the request came from, whoever made them."""
        if t.flow.proto == "udp" and not t.reply and not t.rests:
            rport = t.force_rport or self._rport
            remote = reply_destination(t.request, force_rport=rport)
            if remote != t.reply_flow.remote:
                t.reply_flow = Flow("udp", t.flow.local, remote)

    def put_to_rest(self, t: Transaction) -> None:
        """Its first route is over: what replies need to know of the request is noted before."""
        self._aim(t)
        t.rest()

    def _faked(self, t: Transaction, status: int, lumps: Lumps | None = None) -> bytes:
        return self.own_reply(t, status, reason_of(status), lumps)

    def _challengers(self, t: Transaction, b: Branch, reply: Message) -> bool:
        """Whether more than one branch challenges (auth_reply_count)."""
        return sum(1 for one in self._challenging(t, b, reply)) > 1

    def _challenging(self, t: Transaction, b: Branch, reply: Message) -> list[Message]:
        stored = [reply if one is b else one.reply for one in t.branches]
        return [one for one in stored if isinstance(one, Message) and one.status in (401, 407)]

    def _challenges(self, t: Transaction, b: Branch, reply: Message) -> Lumps:
        """The challenges of all branches as header lines (RFC 3261 section 16.7 step 7)."""
        lumps = Lumps(t.request)
        for one in self._challenging(t, b, reply):
            for row in one.headers:
                if row.id in ("www-authenticate", "proxy-authenticate"):
                    lumps.append_to_reply(one.head[row.start : row.end])
        return lumps

    def is_faked(self, b: Branch) -> bool:
        """Whether the branch's final reply is one of ours."""
        return b.reply == FAKED

    @abstractmethod
    def finish_branches(self, t: Transaction, status: int) -> None:
        """Our own final reply leaves nothing for the branches to do."""

    @abstractmethod
    def count_reply(self, t: Transaction, status: int, *, own: bool) -> None:
        """Keep tm.stats."""
