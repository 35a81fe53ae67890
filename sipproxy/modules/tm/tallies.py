"""What tm counts since the start of the server: it goes on when the cfg is reloaded."""

from collections import Counter


class Tallies:
    """The numbers of tm.stats. `replied` are final replies by class (2 to 6)."""

    __slots__ = ("created", "deleted", "generated", "own_created", "received", "replied", "sent")

    def __init__(self) -> None:
        self.created = 0
        self.own_created = 0
        """Transactions of our own requests."""
        self.received = 0
        """Replies that belonged to a transaction."""
        self.generated = 0
        self.sent = 0
        self.deleted = 0
        self.replied: Counter[int] = Counter()
