"""What modules offer each other: bound by name with `host.bind`, known by these protocols."""

from typing import Protocol

from sipproxy.core.context import Context


class Replies(Protocol):
    """Replies to the request in hand, as the module sl offers them."""

    def reply(self, ctx: Context, status: int, reason: str) -> int:
        """Reply statelessly; 1, or -1 when nothing was sent."""

    def send_reply(self, ctx: Context, code: int, reason: str) -> int:
        """Reply in the transaction where there is one, else statelessly."""
