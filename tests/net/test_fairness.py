"""Senders take turns, and a flood drops its own datagrams."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.net.fairness import OVERHEAD, FairQueue

PHONE, FLOOD, NEIGHBOUR = ("192.0.2.7", 5060), ("203.0.113.9", 5060), ("203.0.113.9", 5070)


def test_hosts_take_turns_and_the_ports_of_a_host_within_its_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for peer, letter in ((FLOOD, "f"), (PHONE, "p"), (NEIGHBOUR, "n")):
        for number in range(3):
            assert queue.offer(peer, f"{letter}{number}", 10)
    served = []
    while queue:
        served.append(queue.take())
    assert served == ["f0", "p0", "n0", "p1", "f1", "p2", "n1", "f2", "n2"]
    assert queue.size == 0


def test_a_flood_drops_its_own() -> None:
    queue: FairQueue[str] = FairQueue(room=100 * OVERHEAD)
    taken = sum(queue.offer(FLOOD, "flood", 0) for _ in range(1000))
    assert taken == 100
    assert queue.offer(PHONE, "phone", 0)
    assert queue.offer(NEIGHBOUR, "neighbour", 0), "another port of the same host is served too"
    assert not queue.offer(FLOOD, "flood", 0)
    assert queue.take() == "flood"
    assert queue.take() == "phone"
    assert queue.take() == "neighbour"


def test_many_ports_of_one_host_leave_room_for_others() -> None:
    queue: FairQueue[int] = FairQueue(room=100 * OVERHEAD)
    taken = sum(queue.offer(("203.0.113.9", port), port, 0) for port in range(5000))
    assert taken == 200
    assert queue.offer(PHONE, 0, 0)


peers = st.tuples(st.sampled_from(("10.0.0.1", "10.0.0.2", "::1")), st.integers(1, 4))


@given(st.lists(st.one_of(st.none(), st.tuples(peers, st.integers(0, 700)))))
def test_whatever_comes_each_port_keeps_its_order_and_the_bound_holds(
    steps: "list[tuple[tuple[str, int], int] | None]",
) -> None:
    """None takes one out."""
    room = 4000
    queue: FairQueue[tuple[tuple[str, int], int]] = FairQueue(room)
    waiting: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step is not None:
            peer, length = step
            if queue.offer(peer, (peer, number), length):
                waiting[peer].append(number)
            else:
                assert queue.size >= room
            assert queue.size < 4 * room + 700 + OVERHEAD
        elif queue:
            peer, first = queue.take()
            assert waiting[peer].pop(0) == first
        assert bool(queue) == any(waiting.values())
    while queue:
        peer, first = queue.take()
        assert waiting[peer].pop(0) == first
    assert not any(waiting.values())
    assert queue.size == 0
