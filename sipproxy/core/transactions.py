"""What the module tm tells others of its transactions (Kamailio modules/tm/t_hooks.h)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sipproxy.core.context import Context
from sipproxy.sip.message import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of a transaction: its status, and the message that brought it.

    `message` is None for one of our own: a time-out, a CANCEL, what the script or tm itself sent.
    `reason` is the usual phrase of the status, `tag` the To tag, of such a reply of ours.
    """

    status: int
    message: Message | None
    reason: str
    tag: str


class Watch(Protocol):
    """Told what becomes of one transaction.

    The context is the transaction's request as the script left it, its request URI that of the
    branch the reply came from; flags that are changed in it are the transaction's.
    """

    def replied(self, ctx: Context, reply: Reply) -> None:
        """A reply was sent: a relayed one, or a final one of our own; no repeated 2xx."""

    def failed(self, ctx: Context, reply: Reply) -> None:
        """All branches failed; the failure route, if there is one, runs after this."""

    def acked(self, ctx: Context, reply: Reply) -> None:
        """The first ACK to this relayed 2xx came in; the context is of the ACK."""


class Transactions(Protocol):
    """The module tm as others bind it."""

    on_request: list[Callable[[Context], Watch | None]]
    """Asked of each transaction that a request makes, with its context: who wants to watch it."""
