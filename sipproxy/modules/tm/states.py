"""The four machines of RFC 3261 section 17, corrected by RFC 6026, as tables.

A table says for (state, input) the next state and the actions, which are methods of whoever owns
the machine. What is not in a table changes nothing. The docs draw their diagrams from here.

Timers stand under the RFC's letters; Kamailio's parameters set them: A, E and G start with
retr_timer1 and grow up to retr_timer2, B, F and H are fr_timer, C is fr_inv_timer, and one
wt_timer, started with the final reply, is I, J, L, D, K and M at once. So a final reply that no
ACK answers is repeated for wt_timer and not for 64*T1.
"""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

Step: TypeAlias = tuple[str, tuple[str, ...]]
Table: TypeAlias = Mapping[tuple[str, str], Step]


class Machine(Protocol):
    """What has a state in one of the tables."""

    state: str


SERVER_INVITE: Table = {
    ("proceeding", "request"): ("proceeding", ("repeat_reply",)),
    ("proceeding", "send 1xx"): ("proceeding", ("send_reply",)),
    ("proceeding", "send 2xx"): ("accepted", ("send_reply", "start_wait")),
    ("proceeding", "send own 2xx"): (
        "answered",
        ("send_reply", "start_g", "start_h", "start_wait"),
    ),
    ("proceeding", "send 3xx-6xx"): (
        "completed",
        ("send_reply", "start_g", "start_h", "start_wait"),
    ),
    ("proceeding", "release"): ("proceeding", ("start_wait",)),
    ("proceeding", "wait over"): ("terminated", ("forget",)),
    ("accepted", "request"): ("accepted", ("repeat_reply",)),
    ("accepted", "send 2xx"): ("accepted", ("pass_reply",)),
    ("accepted", "wait over"): ("terminated", ("forget",)),
    ("answered", "request"): ("answered", ("repeat_reply",)),
    ("answered", "timer G"): ("answered", ("repeat_reply", "slow_g")),
    ("answered", "ack"): ("confirmed", ("stop_g", "stop_h")),
    ("answered", "timer H"): ("confirmed", ("stop_g",)),
    ("answered", "wait over"): ("terminated", ("stop_g", "stop_h", "forget")),
    ("completed", "request"): ("completed", ("repeat_reply",)),
    ("completed", "timer G"): ("completed", ("repeat_reply", "slow_g")),
    ("completed", "ack"): ("confirmed", ("stop_g", "stop_h")),
    ("completed", "timer H"): ("confirmed", ("stop_g",)),
    ("completed", "send 2xx"): ("completed", ("pass_reply",)),
    ("completed", "wait over"): ("terminated", ("stop_g", "stop_h", "forget")),
    ("confirmed", "request"): ("confirmed", ("repeat_reply",)),
    ("confirmed", "send 2xx"): ("confirmed", ("pass_reply",)),
    ("confirmed", "wait over"): ("terminated", ("forget",)),
}
"""RFC 3261 figure 5, RFC 6026 figure 7. `answered` is `accepted` for a 2xx of our own, which we
and no one else repeat until its ACK comes; a relayed 2xx is repeated by who made it."""

SERVER_OTHER: Table = {
    ("trying", "send 1xx"): ("proceeding", ("send_reply",)),
    ("trying", "send final"): ("completed", ("send_reply", "start_wait")),
    ("trying", "release"): ("trying", ("start_wait",)),
    ("trying", "wait over"): ("terminated", ("forget",)),
    ("proceeding", "request"): ("proceeding", ("repeat_reply",)),
    ("proceeding", "send 1xx"): ("proceeding", ("send_reply",)),
    ("proceeding", "send final"): ("completed", ("send_reply", "start_wait")),
    ("proceeding", "release"): ("proceeding", ("start_wait",)),
    ("proceeding", "wait over"): ("terminated", ("forget",)),
    ("completed", "request"): ("completed", ("repeat_reply",)),
    ("completed", "wait over"): ("terminated", ("forget",)),
}
"""RFC 3261 figure 8."""

CLIENT_INVITE: Table = {
    ("calling", "timer A"): ("calling", ("repeat_request", "slow_a")),
    ("calling", "timer B"): ("completed", ("stop_a", "time_out")),
    ("calling", "recv 1xx"): ("proceeding", ("stop_a", "pass_up")),
    ("calling", "recv 2xx"): ("accepted", ("stop_a", "stop_b", "pass_up")),
    ("calling", "recv 3xx-6xx"): ("completed", ("stop_a", "stop_b", "send_ack", "pass_up")),
    ("calling", "kill"): ("completed", ("stop_a", "stop_b")),
    ("proceeding", "timer B"): ("completed", ("time_out",)),
    ("proceeding", "recv 1xx"): ("proceeding", ("pass_up",)),
    ("proceeding", "recv 2xx"): ("accepted", ("stop_b", "pass_up")),
    ("proceeding", "recv 3xx-6xx"): ("completed", ("stop_b", "send_ack", "pass_up")),
    ("proceeding", "kill"): ("completed", ("stop_b",)),
    ("accepted", "recv 1xx"): ("accepted", ("pass_up",)),
    ("accepted", "recv 2xx"): ("accepted", ("pass_up",)),
    ("accepted", "recv 3xx-6xx"): ("accepted", ("send_ack", "pass_up")),
    ("completed", "recv 2xx"): ("accepted", ("pass_up",)),
    ("completed", "recv 1xx"): ("completed", ("pass_up",)),
    ("completed", "recv 3xx-6xx"): ("completed", ("send_ack", "pass_up")),
}
"""RFC 3261 figure 5 of 17.1.1, RFC 6026 figure 8. Timer B is fr_timer until something came, and
fr_inv_timer (timer C of section 16.6) from then on. A branch that timed out or was given up still
takes a late 2xx. The end of D and M is that of the whole transaction."""

CLIENT_OTHER: Table = {
    ("trying", "timer E"): ("trying", ("repeat_request", "slow_a")),
    ("trying", "timer F"): ("completed", ("stop_a", "time_out")),
    ("trying", "recv 1xx"): ("proceeding", ("slowest_a", "pass_up")),
    ("trying", "recv final"): ("completed", ("stop_a", "stop_b", "pass_up")),
    ("trying", "kill"): ("completed", ("stop_a", "stop_b")),
    ("proceeding", "timer E"): ("proceeding", ("repeat_request", "slowest_a")),
    ("proceeding", "timer F"): ("completed", ("stop_a", "time_out")),
    ("proceeding", "recv 1xx"): ("proceeding", ("slowest_a", "pass_up")),
    ("proceeding", "recv final"): ("completed", ("stop_a", "stop_b", "pass_up")),
    ("proceeding", "kill"): ("completed", ("stop_a", "stop_b")),
    ("completed", "recv 1xx"): ("completed", ("pass_up",)),
    ("completed", "recv final"): ("completed", ("pass_up",)),
}
"""RFC 3261 figure 6."""

TABLES = {
    "INVITE server transaction": SERVER_INVITE,
    "non-INVITE server transaction": SERVER_OTHER,
    "INVITE client transaction": CLIENT_INVITE,
    "non-INVITE client transaction": CLIENT_OTHER,
}


def step(machine: Machine, table: Table, event: str) -> tuple[str, ...]:
    """Move on for an input; the actions to take, none for what the state does not know."""
    try:
        machine.state, actions = table[machine.state, event]
    except KeyError:
        return ()
    return actions


def sent_as(status: int, *, invite: bool, own: bool) -> str:
    """The input that a reply of ours is to the server's machine."""
    if status < 200:
        return "send 1xx"
    if not invite:
        return "send final"
    if status < 300:
        return "send own 2xx" if own else "send 2xx"
    return "send 3xx-6xx"


def received_as(status: int, *, invite: bool) -> str:
    """The input that a received reply is to the client's machine."""
    if status < 200:
        return "recv 1xx"
    if not invite:
        return "recv final"
    return "recv 2xx" if status < 300 else "recv 3xx-6xx"
