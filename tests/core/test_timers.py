"""The timer queue: order, cancelling, and what a naive queue would do."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.timers import Timer, TimerQueue


def test_runs_in_order_of_deadline_then_of_setting() -> None:
    queue = TimerQueue()
    ran: list[tuple[str, float]] = []
    queue.after(0.0, 2.0, lambda due: ran.append(("b", due)))
    queue.after(0.0, 1.0, lambda due: ran.append(("a", due)))
    queue.after(1.0, 1.0, lambda due: ran.append(("c", due)))
    assert queue.next_deadline() == 1.0
    assert queue.expire(2.0) == 3
    assert ran == [("a", 1.0), ("b", 2.0), ("c", 2.0)]
    assert queue.next_deadline() is None
    assert len(queue) == 0


def test_a_cancelled_timer_is_gone() -> None:
    queue = TimerQueue()
    ran: list[float] = []
    timer = queue.after(0.0, 1.0, ran.append)
    queue.after(0.0, 3.0, ran.append)
    assert queue.cancel(timer)
    assert not queue.cancel(timer)
    assert queue.next_deadline() == 3.0
    assert len(queue) == 1
    queue.expire(10.0)
    assert ran == [3.0]


def test_a_timer_set_by_a_timer_runs_at_its_own_instant() -> None:
    queue = TimerQueue()
    ran: list[float] = []

    def first(due: float) -> None:
        queue.after(due, 0.5, ran.append)

    queue.after(0.0, 1.0, first)
    queue.expire(5.0)
    assert ran == [1.5]


def test_every_keeps_its_phase() -> None:
    queue = TimerQueue()
    ran: list[float] = []
    queue.every(100.0, 20.0, ran.append)
    queue.expire(145.0)
    queue.expire(165.0)
    assert ran == [120.0, 140.0, 160.0]


def test_a_periodic_timer_leaves_nothing_behind() -> None:
    queue = TimerQueue()
    ran: list[float] = []
    queue.every(0.0, 1.0, ran.append)
    queue.every(0.0, 2.5, ran.append)
    for second in range(1000):
        queue.expire(float(second))
    assert len(ran) == 999 + 399
    assert len(queue) == len(queue._heads) == 2


def test_a_timer_set_for_an_earlier_instant_when_its_like_are_gone() -> None:
    queue = TimerQueue()
    ran: list[float] = []
    queue.cancel(queue.after(10.0, 5.0, ran.append))
    queue.after(2.0, 5.0, ran.append)
    queue.after(2.0, 6.0, ran.append)
    assert queue.next_deadline() == 7.0
    queue.expire(20.0)
    assert ran == [7.0, 8.0]


def test_a_clock_that_was_set_back_does_not_lose_order() -> None:
    queue = TimerQueue()
    ran: list[float] = []
    queue.after(10.0, 5.0, ran.append)
    queue.after(2.0, 5.0, ran.append)
    assert queue.next_deadline() == 7.0
    queue.expire(20.0)
    assert ran == [7.0, 15.0]


def test_arguments_come_before_the_instant() -> None:
    queue = TimerQueue()
    ran: list[tuple[object, ...]] = []
    queue.after(0.0, 1.0, lambda *told: ran.append(told), "a", 7)
    queue.expire(2.0)
    assert ran == [("a", 7, 1.0)]


def test_a_timer_that_is_over_holds_no_other_and_goes_at_once() -> None:
    queue = TimerQueue()
    first, second = queue.after(0.0, 1.0, print), queue.after(0.0, 1.0, print)
    third = queue.after(0.0, 1.0, print)
    queue.cancel(second)
    assert gc.get_referents(second).count(first) == gc.get_referents(second).count(third) == 0
    gone = [id(second)]
    del second
    assert not any(id(one) in gone and isinstance(one, Timer) for one in gc.get_objects())
    assert len(queue) == 2


def test_odd_durations_leave_nothing_behind() -> None:
    queue = TimerQueue()
    for number in range(100):
        queue.after(0.0, number / 7, lambda due: None)
        queue.after(-number, 50.0, lambda due: None)
    queue.expire(100.0)
    assert queue.next_deadline() is None
    assert (len(queue._lanes), len(queue._heads)) == (0, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from([1, 2, 5, 32]), st.booleans()), max_size=60
    )
)
def test_agrees_with_a_sorted_list(steps: list[tuple[int, int, bool]]) -> None:
    queue: TimerQueue = TimerQueue()
    ran: list[tuple[float, int]] = []
    expected: list[tuple[float, int]] = []
    for number, (now, delay, cancelled) in enumerate(steps):

        def action(due: float, number: int = number) -> None:
            ran.append((due, number))

        timer = queue.after(now, delay, action)
        if cancelled:
            queue.cancel(timer)
        else:
            expected.append((now + delay, number))
    assert len(queue) == len(expected)
    queue.expire(1000.0)
    assert ran == sorted(expected)


def test_what_recurs_can_be_ended_and_the_rest_stays() -> None:
    queue = TimerQueue()
    ran: list[tuple[str, float]] = []
    queue.every(0.0, 1.0, lambda due: ran.append(("each", due)))
    queue.after(0.0, 2.5, lambda due: ran.append(("once", due)))
    queue.expire(1.0)
    queue.end_recurring()
    queue.end_recurring()
    queue.expire(9.0)
    assert ran == [("each", 1.0), ("once", 2.5)]
    assert queue.next_deadline() is None
