"""`@tm`: a message's transaction, its replies and its branches (Kamailio modules/tm/select.c)."""

from collections.abc import Callable
from typing import Any

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.selects import Maker, Path, Read, plain
from sipproxy.modules.tm.transaction import Branch, Transaction
from sipproxy.sip.message import Message


def _raw(message: Message | str | None) -> str | None:
    return wire.decode(message.raw) if isinstance(message, Message) else None


def _repeats_ack(ctx: Context, t: Transaction) -> int:
    """1 for an ACK of a failure whose reply is not sent any more, else -1."""
    return 1 if ctx.msg.method == "ACK" and t.status >= 300 and t.repeat is None else -1


class TransactionSelects(Module):
    """Selects of transactions."""

    found: Callable[[Context], Transaction | None]

    @select_root("tm")
    def select_tm(self, path: Path) -> Read:
        """1 where the message belongs to a transaction, else 0; `method`; of the server's side
        `uas.status request response local_to_tag`; of the branches `uac.count relayed last_status
        response_retransmission`, and `uac[0].status uri request response`.
        """
        if not path:
            return lambda ctx: int(self.found(ctx) is not None)
        return path.choose(
            {
                "method": self._of(lambda ctx, t: t.method),
                "uas": self._uas,
                "uac": self._uac,
            }
        )

    def _of(self, part: Callable[[Context, Transaction], Any]) -> Maker:
        """A part of the transaction, None without one."""
        return plain(lambda ctx: part(ctx, t) if (t := self.found(ctx)) else None)

    def _uas(self, path: Path) -> Read:
        def request(path: Path) -> Read:
            if path:
                return path.choose({"neg_ack_retransmission": self._of(_repeats_ack)})
            return self._of(lambda ctx, t: _raw(t.request))(path)

        response = self._of(lambda ctx, t: wire.decode(t.reply) or None)
        return path.choose(
            {
                "status": self._of(lambda ctx, t: t.status),
                "request": request,
                "req": request,
                "response": response,
                "resp": response,
                "local_to_tag": self._of(lambda ctx, t: t.to_tag or ("" if t.status else None)),
            }
        )

    def _uac(self, path: Path) -> Read:
        number = path.number()
        if number is None:
            return path.choose(
                {
                    "count": self._of(lambda ctx, t: len(t.branches)),
                    "relayed": self._of(lambda ctx, t: t.relayed_branch),
                    "last_status": plain(self._last_status),
                    "response_retransmission": plain(self._is_repeated),
                }
            )

        def of(part: Callable[[Branch], Any]) -> Maker:
            def read(ctx: Context, t: Transaction) -> Any:
                return part(t.branches[number]) if 0 <= number < len(t.branches) else None

            return self._of(read)

        request = of(lambda branch: wire.decode(branch.sent) or None)
        response = of(lambda branch: _raw(branch.reply))
        return path.choose(
            {
                "status": of(lambda branch: branch.last_received),
                "uri": of(lambda branch: branch.uri),
                "request": request,
                "req": request,
                "response": response,
                "resp": response,
            }
        )

    def _last_status(self, ctx: Context) -> int | None:
        """What the branch of the reply in hand got before."""
        t = None if ctx.msg.is_request else self.found(ctx)
        if t is None or not 0 <= ctx.branch_index < len(t.branches):
            return None
        return t.branches[ctx.branch_index].last_received

    def _is_repeated(self, ctx: Context) -> int | None:
        """1 for a reply that is not newer than the one before it, else -1."""
        before = self._last_status(ctx)
        return None if before is None else 1 if ctx.msg.status <= before else -1
