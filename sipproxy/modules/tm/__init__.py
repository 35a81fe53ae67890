"""tm: transactions, the stateful core of a proxy (Kamailio modules/tm)."""

from collections import Counter

from sipproxy.core.context import Context
from sipproxy.core.errorcodes import status_of
from sipproxy.core.module import event, rpc
from sipproxy.modules.tm.contacts import Contacts
from sipproxy.modules.tm.matching import request_key
from sipproxy.modules.tm.transaction import Transaction


class Tm(Contacts, name="tm"):
    """Transactions: found, made, relayed, answered, ended."""

    local_request = event("tm:local-request", "A request of our own is about to be sent.")
    local_response = event("tm:local-response", "A reply of our own was sent.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.replied: Counter[int] = Counter()
        """Final replies by class (2 to 6)."""
        self.generated = self.sent = self.deleted = 0
        self._waiting: set[tuple[str, ...]] = set()

    def start(self) -> None:
        super().start()
        self.host.reply_takers.append(self.take_reply)
        self.host.request_filters.append(self.wants)
        self.host.on_wait.append(self.waits)

    def ready(self) -> None:
        self.tells_of_own = self.host.has_route("tm:local-response")

    # -- requests whose route waits are known already

    def waits(self, ctx: Context) -> None:
        """A route began to wait: if its request has no transaction, repetitions are absorbed."""
        if ctx.kind != "request" or ctx.transaction is not None or not ctx.msg.is_request:
            return
        key = request_key(ctx.msg, ctx.msg.method)
        if key not in self._waiting:
            self._waiting.add(key)
            ctx.at_end.append(lambda done: self._waiting.discard(key))

    def wants(self, ctx: Context) -> bool:
        """Whether a request shall reach the script: a repetition of one that waits shall not."""
        return not self._waiting or request_key(ctx.msg, ctx.msg.method) not in self._waiting

    # -- numbers

    def count_reply(self, t: Transaction, status: int, *, own: bool) -> None:
        """Keep tm.stats."""
        self.sent += 1
        self.generated += own
        if status >= 200:
            self.replied[status // 100] += 1

    def ended(self, t: Transaction) -> None:
        """Count a transaction that is gone."""
        super().ended(t)
        self.deleted += 1

    def kill_with(self, t: Transaction, error: int) -> None:
        """Answer with what an internal error means (kill_transaction)."""
        status, text = status_of(error)
        self.answer(t, status, f"{text} ({-error}/TM)")

    @rpc("tm.stats")
    def stats(self) -> dict[str, int]:
        """Print transaction statistics."""
        now = self.known.all()
        return {
            "current": len(now),
            "waiting": sum(1 for t in now if t.wait is not None),
            "total": self.created,
            "total_local": self.own_created,
            "rpl_received": self.received,
            "rpl_generated": self.generated,
            "rpl_sent": self.sent,
            **{f"{kind}xx": self.replied[kind] for kind in (6, 5, 4, 3, 2)},
            "created": self.created,
            "freed": self.deleted,
            "delayed_free": 0,
        }
