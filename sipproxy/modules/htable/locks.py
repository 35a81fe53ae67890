"""`sht_lock` and `sht_unlock`: a slot of a table held by one run.

A route that does not wait is atomic in its worker: it meets no lock but that of a run that waits
for something with a lock in hand. What such a run holds is a lease. Others wait for it, in the
order in which they came, until it unlocks as often as it locked or its message ends. Who has waited
for `LEASE` seconds takes the slot from whoever holds it then.
"""

from collections import deque
from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.waiting import Wait

Slot = tuple[str, int]
"""A table's name and a slot's number."""

Later = Callable[[float, Callable[[float], None]], object]
"""Has something done in so many seconds; in 0 it is done after what goes on now."""

LEASE = 10.0
"""Seconds for which a run waits at most."""


class Locks:
    """The slots held at present, with their holder, how often it locked them, and who waits."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._held: dict[Slot, tuple[Context, int]] = {}
        self._waiting: dict[Slot, deque[Wait]] = {}

    def lock(self, ctx: Context, slot: Slot) -> bool:
        """Take a slot, or take it once more; False when another run has it."""
        holder, depth = self._held.get(slot, (ctx, 0))
        if holder is not ctx:
            return False
        self._held[slot] = ctx, depth + 1
        return True

    async def wait(self, ctx: Context, slot: Slot) -> bool:
        """Take a slot as soon as it is free; False when its holder had to lose it."""
        late = False

        def give_up(due: float) -> None:
            nonlocal late
            late = True
            _finish(turn)

        turn = Wait()
        self._later(LEASE, give_up)
        while not self.lock(ctx, slot):
            if late:
                self._held[slot] = ctx, 1
                return False
            turn = Wait()
            self._waiting.setdefault(slot, deque()).append(turn)
            await turn
        return True

    def unlock(self, ctx: Context, slot: Slot) -> None:
        """Give a slot back once; nothing for a slot that this run does not hold."""
        holder, depth = self._held.get(slot, (None, 0))
        if holder is ctx and depth > 1:
            self._held[slot] = ctx, depth - 1
        elif holder is ctx:
            self._free(slot)

    def holds(self, ctx: Context) -> bool:
        """Whether this run holds any slot."""
        return any(holder is ctx for holder, _ in self._held.values())

    def release(self, ctx: Context) -> list[Slot]:
        """Take everything from a run that is over; answers what it had left locked."""
        left = [slot for slot, (holder, _) in self._held.items() if holder is ctx]
        for slot in left:
            self._free(slot)
        return left

    def _free(self, slot: Slot) -> None:
        """Nobody's any more; whoever waits first goes on when the present run pauses or ends."""
        del self._held[slot]
        waiting = self._waiting.pop(slot, deque())
        while waiting and waiting[0].finished:
            waiting.popleft()
        if waiting:
            turn = waiting.popleft()
            self._later(0.0, lambda due: _finish(turn))
        if waiting:
            self._waiting[slot] = waiting


def _finish(turn: Wait) -> None:
    if not turn.finished:
        turn.finish()
