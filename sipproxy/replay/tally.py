"""What a replay counts beside its sources."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Numbers that the report explains."""

    late: int = 0
    """Packets whose time lies before the one in front of them."""
    by_timers: int = 0
    """Messages that timers sent, between the packets."""
    from_us: int = 0
    """Packets that the old server sent."""
    elsewhere: int = 0
    """Packets between others."""
    between: int = 0
    """Packets that the old server sent to itself: ours sends its own."""
    unmatched: int = 0
    """Captured replies to what our proxy did not send."""
    only_old: int = 0
    """Requests of the other side in calls that the old server let through and ours did not."""
    loops: int = 0
    """Messages that were sent to ourselves without an end."""
    unsent: int = 0
    """Messages for a connection that was gone."""
