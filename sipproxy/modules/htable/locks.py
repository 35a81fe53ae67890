"""`sht_lock` and `sht_unlock`: a slot of a table held by one run.

A route that never suspends is atomic in its worker, so nothing waits here. A lock is the holder's
until it unlocks as often as it locked, or its message ends; only a run that was suspended with a
lock in hand can meet another one.
"""

from sipproxy.core.context import Context

Slot = tuple[str, int]
"""A table's name and a slot's number."""


class Locks:
    """The slots held at present, with their holder and how often it locked them."""

    def __init__(self) -> None:
        self._held: dict[Slot, tuple[Context, int]] = {}

    def lock(self, ctx: Context, slot: Slot) -> bool:
        """Take a slot, or take it once more; False when another run has it."""
        holder, depth = self._held.get(slot, (ctx, 0))
        if holder is not ctx:
            return False
        self._held[slot] = ctx, depth + 1
        return True

    def unlock(self, ctx: Context, slot: Slot) -> None:
        """Give a slot back once; nothing for a slot that this run does not hold."""
        holder, depth = self._held.get(slot, (None, 0))
        if holder is ctx and depth > 1:
            self._held[slot] = ctx, depth - 1
        elif holder is ctx:
            del self._held[slot]

    def holds(self, ctx: Context) -> bool:
        """Whether this run holds any slot."""
        return any(holder is ctx for holder, _ in self._held.values())

    def release(self, ctx: Context) -> list[Slot]:
        """Take everything from a run that is over; answers what it had left locked."""
        left = [slot for slot, (holder, _) in self._held.items() if holder is ctx]
        for slot in left:
            del self._held[slot]
        return left
