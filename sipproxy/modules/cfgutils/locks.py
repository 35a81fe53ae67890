"""The locks of lock(), trylock() and unlock(): who holds a slot, and who waits for it."""

from collections import deque
from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.waiting import Wait

Later = Callable[[Wait], None]
"""Finishes a Wait when the route that runs now is over or waits itself."""


class Slot:
    """One lock: the run that holds it, and those that wait, first come first served."""

    __slots__ = ("holder", "waiting")

    def __init__(self) -> None:
        self.holder: Context | None = None
        self.waiting: deque[tuple[Context, Wait]] = deque()

    def try_take(self, ctx: Context) -> bool:
        """Take it if it is free."""
        if self.holder is not None:
            return False
        self.holder = ctx
        return True

    async def take(self, ctx: Context) -> None:
        """Take it, when it is free."""
        if self.try_take(ctx):
            return
        wait = Wait()
        self.waiting.append((ctx, wait))
        await wait

    def release(self, later: Later) -> None:
        """Free it, whoever holds it: the next that waits gets it."""
        self.holder = None
        if self.waiting:
            self.holder, wait = self.waiting.popleft()
            later(wait)
