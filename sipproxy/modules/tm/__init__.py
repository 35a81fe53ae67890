"""tm: transactions, the stateful core of a proxy (Kamailio modules/tm)."""

from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.errorcodes import status_of
from sipproxy.core.module import event, rpc
from sipproxy.modules.tm.contacts import Contacts
from sipproxy.modules.tm.matching import request_key
from sipproxy.modules.tm.selects import TransactionSelects
from sipproxy.modules.tm.transaction import Transaction
from sipproxy.sip.message import Message


class Tm(Contacts, TransactionSelects, name="tm"):
    """Transactions: found, made, relayed, answered, ended."""

    local_request = event("tm:local-request", "A request of our own is about to be sent.")
    local_response = event("tm:local-response", "A reply of our own was sent.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._waiting: set[tuple[str, ...]] = set()

    def start(self) -> None:
        super().start()
        self.host.reply_takers.append(self.take_reply)
        self.host.request_filters.append(self.wants)
        self.host.on_wait.append(self.waits)
        self.host.claims.append(self.claims)

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

    # -- after a reload of the cfg

    def claims(self, msg: Message) -> bool:
        """Whether a message belongs to one of the transactions, or repeats a request that waits.

        Raises MessageError.
        """
        known = self.known
        if not msg.is_request:
            return known.of_reply(msg) is not None
        if msg.method == "CANCEL" and known.canceled_by(msg) is not None:
            return True
        return known.of_request(msg) is not None or (
            bool(self._waiting) and request_key(msg, msg.method) in self._waiting
        )

    def take_over(self, previous: Any) -> None:
        """Count on; those before count their last transactions too."""
        self.tallies = previous.tallies

    # -- numbers

    def count_reply(self, t: Transaction, status: int, *, own: bool) -> None:
        """Keep tm.stats."""
        tallies = self.tallies
        tallies.sent += 1
        tallies.generated += own
        if status >= 200:
            tallies.replied[status // 100] += 1

    def ended(self, t: Transaction) -> None:
        """Count a transaction that is gone."""
        super().ended(t)
        self.tallies.deleted += 1

    def kill_with(self, t: Transaction, error: int) -> None:
        """Answer with what an internal error means (kill_transaction)."""
        status, text = status_of(error)
        self.answer(t, status, f"{text} ({-error}/TM)")

    @rpc("tm.stats")
    def stats(self) -> dict[str, int]:
        """Print transaction statistics."""
        now, tallies = self.known.all(), self.tallies
        return {
            "current": len(now),
            "waiting": sum(1 for t in now if t.wait is not None),
            "total": tallies.created,
            "total_local": tallies.own_created,
            "rpl_received": tallies.received,
            "rpl_generated": tallies.generated,
            "rpl_sent": tallies.sent,
            **{f"{kind}xx": tallies.replied[kind] for kind in (6, 5, 4, 3, 2)},
            "created": tallies.created,
            "freed": tallies.deleted,
            "delayed_free": 0,
        }
