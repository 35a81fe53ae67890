"""The proxy's one timer queue.

SIP uses few durations, so timers of one duration stand in one lane, linked in the order in which
they were set (their deadlines only grow), and a small heap holds the lanes' heads. Scheduling and
cancelling cost the same however many timers are pending, and a cancelled timer is really gone:
nothing is swept, and nothing looks for the next one behind those that are gone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf
from typing import Final

Action = Callable[..., None]
"""What a timer does; it is given the timer's arguments and the instant it was due."""


class _Link:
    """A place in the ring of a lane."""

    __slots__ = ("before", "behind", "deadline")

    before: _Link
    behind: _Link
    deadline: float


_NOWHERE: Final = _Link()
"""Both neighbours of a timer that is over."""


class Timer(_Link):
    """A pending timer; made by :meth:`TimerQueue.after`."""

    __slots__ = ("action", "args", "number")

    def __init__(
        self, deadline: float, number: int, action: Action, args: tuple[object, ...]
    ) -> None:
        self.deadline = deadline
        self.number = number
        self.action = action
        self.args = args


class _Lane(_Link):
    """The timers of one duration as a ring: behind it stands the first, before it the last."""

    __slots__ = ("row",)

    def __init__(self) -> None:
        self.before = self.behind = self
        self.deadline = -inf
        self.row = inf
        """The deadline in the lane's row among the heads."""


class TimerQueue:
    """Timers in the order of their deadlines; of one instant, in the order they were set."""

    def __init__(self) -> None:
        self._lanes: dict[float, _Lane] = {}
        self._heads: list[tuple[float, int, float]] = []
        self._pending = 0
        self._numbers = count()
        self._recurring: list[_Recurring] = []

    def __len__(self) -> int:
        return self._pending

    def after(self, now: float, delay: float, action: Action, *args: object) -> Timer:
        """Run `action` when `delay` seconds have passed since `now`."""
        deadline = now + delay
        timer = Timer(deadline, next(self._numbers), action, args)
        key = delay
        lane = self._lanes.get(key) or self._lane(key)
        last = lane.before
        # A clock that was set back may bring a deadline before the lane's last: it gets its own.
        if last.deadline > deadline:
            key = -timer.number - 1.0
            lane = last = self._lane(key)
        # A row of a timer that is gone serves too, if it comes up no later than this timer.
        if last is lane and deadline < lane.row:
            lane.row = deadline
            heapq.heappush(self._heads, (deadline, timer.number, key))
        timer.before, timer.behind = last, lane
        last.behind = lane.before = timer
        self._pending += 1
        return timer

    def _lane(self, key: float) -> _Lane:
        lane = self._lanes[key] = _Lane()
        return lane

    def every(self, now: float, interval: float, action: Action) -> None:
        """Run `action` each `interval` seconds, first one interval after `now`."""

        one = _Recurring(self, interval, action)
        one.timer = self.after(now, interval, one.tick)
        self._recurring.append(one)

    def end_recurring(self) -> None:
        """Take out what :meth:`every` set; what was set by :meth:`after` is still to come."""
        for one in self._recurring:
            self.cancel(one.timer)
        self._recurring.clear()

    def cancel(self, timer: Timer) -> bool:
        """Take a timer out; False when it has run or was cancelled before."""
        before, behind = timer.before, timer.behind
        if behind is _NOWHERE:
            return False
        before.behind, behind.before = behind, before
        timer.before = timer.behind = _NOWHERE
        self._pending -= 1
        return True

    def next_deadline(self) -> float | None:
        """The earliest deadline, or None when nothing is pending."""
        head = self._head()
        return head.deadline if head else None

    def expire(self, now: float) -> int:
        """Run every timer due at or before `now`, each at its own instant; how many ran."""
        ran = 0
        while (timer := self._head()) is not None and timer.deadline <= now:
            self.cancel(timer)
            timer.action(*timer.args, timer.deadline)
            ran += 1
        return ran

    def _head(self) -> Timer | None:
        """The first pending timer; heap rows whose timer is gone are replaced by their lane's."""
        heads = self._heads
        while heads:
            _, number, key = heads[0]
            lane = self._lanes.get(key)
            first = lane.behind if lane is not None else None
            if lane is None or not isinstance(first, Timer):
                heapq.heappop(heads)
                if lane is not None:
                    del self._lanes[key]
                    lane.before = lane.behind = _NOWHERE  # it held itself
                continue
            if first.number == number:
                return first
            heapq.heapreplace(heads, (first.deadline, first.number, key))
            lane.row = first.deadline
        return None


class _Recurring:
    """What is done again and again: the timer of the next time."""

    __slots__ = ("_action", "_interval", "_queue", "timer")

    timer: Timer

    def __init__(self, queue: TimerQueue, interval: float, action: Action) -> None:
        self._queue = queue
        self._interval = interval
        self._action = action

    def tick(self, due: float) -> None:
        """Set the next time, then act."""
        self.timer = self._queue.after(due, self._interval, self.tick)
        self._action(due)
