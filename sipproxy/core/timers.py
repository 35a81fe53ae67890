"""The proxy's one timer queue.

SIP uses few durations, so timers of one duration stand in an insertion-ordered dict (their
deadlines only grow) and a small heap holds the dicts' heads. Scheduling and cancelling cost the
same however many timers are pending, and a cancelled timer is really gone: nothing is swept.
"""

import heapq
from collections.abc import Callable
from itertools import count
from math import inf

Action = Callable[[float], None]
"""What a timer does; it is given the instant it was due."""


class Timer:
    """A pending timer; made by :meth:`TimerQueue.after`."""

    __slots__ = ("action", "deadline", "lane", "number")

    def __init__(self, deadline: float, number: int, action: Action, lane: float) -> None:
        self.deadline = deadline
        self.number = number
        self.action = action
        self.lane = lane


class TimerQueue:
    """Timers in the order of their deadlines; of one instant, in the order they were set."""

    def __init__(self) -> None:
        self._lanes: dict[float, dict[int, Timer]] = {}
        self._heads: list[tuple[float, int, float]] = []
        self._rows: dict[float, float] = {}
        """The deadline in the row of a lane, for each lane that has one among the heads."""
        self._numbers = count()
        self._recurring: list[_Recurring] = []

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def after(self, now: float, delay: float, action: Action) -> Timer:
        """Run `action` when `delay` seconds have passed since `now`."""
        timer = Timer(now + delay, next(self._numbers), action, delay)
        lane = self._lanes.setdefault(delay, {})
        # A clock that was set back may bring a deadline before the lane's last: it gets its own.
        if lane and next(reversed(lane.values())).deadline > timer.deadline:
            timer.lane = -timer.number - 1.0
            lane = self._lanes.setdefault(timer.lane, {})
        # A row of a timer that is gone serves too, if it comes up no later than this timer.
        if not lane and timer.deadline < self._rows.get(timer.lane, inf):
            self._rows[timer.lane] = timer.deadline
            heapq.heappush(self._heads, (timer.deadline, timer.number, timer.lane))
        lane[timer.number] = timer
        return timer

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
        lane = self._lanes.get(timer.lane)
        if lane is None or lane.pop(timer.number, None) is None:
            return False
        if not lane and timer.lane < 0:
            del self._lanes[timer.lane]
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
            timer.action(timer.deadline)
            ran += 1
        return ran

    def _head(self) -> Timer | None:
        """The first pending timer; heap rows whose timer is gone are replaced by their lane's."""
        heads = self._heads
        while heads:
            _, number, key = heads[0]
            lane = self._lanes.get(key)
            if not lane:
                heapq.heappop(heads)
                self._rows.pop(key, None)
                continue
            first = next(iter(lane.values()))
            if first.number == number:
                return first
            heapq.heapreplace(heads, (first.deadline, first.number, key))
            self._rows[key] = first.deadline
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
