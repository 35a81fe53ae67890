"""Those who watch transactions, and when they are told (Kamailio modules/tm/t_hooks.c)."""

from abc import abstractmethod
from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.totag import ToTags
from sipproxy.core.transactions import Reply, Watch
from sipproxy.errors import MessageError
from sipproxy.modules.tm.reasons import reason_of
from sipproxy.modules.tm.timers import Timing
from sipproxy.modules.tm.transaction import Transaction
from sipproxy.sip.message import Message

SHARED = ("avps", "xavps", "xavis", "xavus")
"""What the routes of a transaction share, by the Context's names."""


class Watching(Timing):
    """Tells other modules of replies, failures and ACKs."""

    tags: ToTags

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.on_request: list[Callable[[Context], Watch | None]] = []

    def look_at(self, t: Transaction, ctx: Context) -> None:
        """A request made its transaction: who wants to watch it?"""
        found = (asked(ctx) for asked in self.on_request)
        t.watches = tuple(watch for watch in found if watch is not None)
        if t.watches:
            # A reply may be sent while the route still sets AVPs: it is to see them.
            t.adopted = {name: getattr(ctx, name) for name in SHARED}

    def tell_replied(self, t: Transaction, status: int, message: Message | None) -> None:
        """A reply was sent to the client."""
        if t.watches and not self._repeats(t, status, message):
            t.flags = self._tell(t, [watch.replied for watch in t.watches], status, message)

    def tell_failed(self, t: Transaction, status: int, reply: Message | str | None) -> int:
        """All branches failed; `reply` is what the best of them stored. The flags from now on."""
        if not t.watches:
            return t.flags
        message = reply if isinstance(reply, Message) else None
        return self._tell(t, [watch.failed for watch in t.watches], status, message)

    def tell_acked(self, ctx: Context) -> None:
        """An ACK that belongs to no transaction's hop came in: to a 2xx that was relayed?"""
        t = self.known.answered(ctx.msg)
        if t is not None:
            reply = Reply(t.status, None, reason_of(t.status), ctx.msg.to.tag or "")
            ack = Context(ctx.msg, ctx.flow, ctx.now, self.host, ctx.kind)
            ack.new_ruri, ack.dst_uri = ctx.new_ruri, ctx.dst_uri
            self._share(t, ack)
            for watch in t.watches:
                watch.acked(ack, reply)

    def _repeats(self, t: Transaction, status: int, message: Message | None) -> bool:
        """Whether this 2xx was told of already: by its To tag (update_totag_set)."""
        if message is None or not t.invite or not 200 <= status < 300:
            return False
        try:
            tag = message.to.tag or ""
        except MessageError:
            return False
        if tag in t.answers:
            return True
        self.known.add_answer(t, tag)
        return False

    def _tell(
        self,
        t: Transaction,
        watches: list[Callable[[Context, Reply], None]],
        status: int,
        message: Message | None,
    ) -> int:
        """Tell them of a reply; the flags that they leave."""
        ctx = self.faked_request(t, "failure")
        ctx.transaction = t
        index = t.relayed_branch if t.relayed_branch >= 0 else t.picked if status >= 300 else -1
        if 0 <= index < len(t.branches):
            ctx.new_ruri = t.branches[index].uri
            ctx.branch_index = index
        self._share(t, ctx)
        tag = t.request.to.tag or self.tags.of(t.request)
        reply = Reply(status, message, reason_of(status), tag)
        for told in watches:
            told(ctx, reply)
        return ctx.flags

    def _share(self, t: Transaction, ctx: Context) -> None:
        """Give a context what the routes of the transaction share."""
        for name, shared in t.adopted.items():
            setattr(ctx, name, shared)

    @abstractmethod
    def faked_request(self, t: Transaction, kind: str) -> Context:
        """A context of the transaction's request."""
