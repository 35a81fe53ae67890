"""The tree of source addresses and their hits (Kamailio modules/pike/ip_tree.c, pike_funcs.c).

An address stands in the tree one byte a level. It is not put there whole: the node of its longest
known prefix counts the hit, and only a prefix with a quarter of the allowed hits gets one more
byte. So memory goes where the traffic is, and a flood of forged sources stays a few nodes.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator

PASS, KNOWN, NEW = 1, -1, -2
"""What a hit means for its source: below the limit, over it already, over it since this hit."""

_MOST = 65534
"""Hits are counted in 16 bits and stop here."""


class Node:
    """A prefix, or a whole address when `is_address`. Hits count within one sampling window."""

    __slots__ = (
        "byte",
        "earlier_hits",
        "earlier_leaf_hits",
        "expires",
        "hits",
        "is_address",
        "is_red",
        "kids",
        "leaf_hits",
        "parent",
        "window",
    )

    def __init__(self, byte: int, parent: "Node | None", hits: int, window: int) -> None:
        self.byte = byte
        self.parent = parent
        self.kids: dict[int, Node] | None = None
        self.hits = hits
        """Hits of longer addresses that had no node of their own yet."""
        self.earlier_hits = 0
        """`hits` of the window before."""
        self.leaf_hits = 0
        """Hits of exactly this address."""
        self.earlier_leaf_hits = 0
        self.window = window
        """The window that the four counters are right for."""
        self.expires = 0
        self.is_address = False
        self.is_red = False


class Tree:
    """All sources. Seconds are whole ones since the start, as Kamailio's ticks.

    `on_cool` is told of each address that is no longer over the limit.
    """

    def __init__(self, max_hits: int, latency: int, on_cool: Callable[[Node], None]) -> None:
        self.serve(max_hits, latency, on_cool)
        self._roots: dict[int, Node] = {}
        self._window = 0
        self._red: dict[Node, None] = {}
        self._expiring: OrderedDict[Node, None] = OrderedDict()
        """Addresses and prefixes without longer ones, by the second they expire."""

    def serve(self, max_hits: int, latency: int, on_cool: Callable[[Node], None]) -> None:
        """Limit by these numbers from now on, and tell this one."""
        self.max_hits = max_hits & 0xFFFF
        self.latency = latency
        self._on_cool = on_cool

    def __len__(self) -> int:
        """How many nodes there are."""
        return sum(1 for _, _ in self._walk(b"", self._roots))

    def hit(self, address: bytes, second: int) -> tuple[int, Node]:
        """Count one message of an address: PASS, KNOWN or NEW, and the node that counted it."""
        node = None
        kids: dict[int, Node] | None = self._roots
        for byte in address:
            found = kids.get(byte) if kids else None
            if found is None:
                return PASS, self._hit_prefix(node, byte, second)
            node = found
            kids = node.kids
        assert node is not None
        return self._hit_address(node, second), node

    def _hit_address(self, node: Node, second: int) -> int:
        if node.window != self._window:
            self.refresh(node)
        if node.leaf_hits < _MOST:
            node.leaf_hits += 1
        expires = second + self.latency
        # An address that was a mere prefix of IPv6 ones before does not expire yet.
        if node.expires != expires or not node.is_address:
            node.is_address = True
            node.expires = expires
            self._expiring[node] = None
            self._expiring.move_to_end(node)
        if node.is_red:
            return KNOWN
        if self.is_hot(node):
            node.is_red = True
            self._red[node] = None
            return NEW
        return PASS

    def _hit_prefix(self, node: Node | None, byte: int, second: int) -> Node:
        """Count a hit for the longest prefix; a node for `byte` is made below a busy one."""
        if node is None:
            return self._add(None, byte, 1, second)
        if node.window != self._window:
            self.refresh(node)
        if node.hits < _MOST:
            node.hits += 1
        limit = self.max_hits >> 2
        if node.hits < limit and node.earlier_hits < limit:
            return node
        kid = self._add(node, byte, node.hits - 1, second)
        if not node.is_address:
            self._expiring.pop(node, None)
        return kid

    def _add(self, parent: Node | None, byte: int, hits: int, second: int) -> Node:
        node = Node(byte, parent, hits, self._window)
        if parent is None:
            self._roots[byte] = node
        elif parent.kids is None:
            parent.kids = {byte: node}
        else:
            parent.kids[byte] = node
        node.expires = second + self.latency
        self._expiring[node] = None
        return node

    def is_hot(self, node: Node) -> bool:
        """Whether an address has too many hits in this window or the one before."""
        limit = self.max_hits
        return node.leaf_hits >= limit or node.earlier_leaf_hits >= limit

    def is_warm(self, node: Node) -> bool:
        """Whether a node has a quarter of the allowed hits, of longer addresses."""
        return node.hits >= self.max_hits >> 2

    def refresh(self, node: Node) -> None:
        """Bring a node's counters up to the present window."""
        passed = self._window - node.window
        if not passed:
            return
        node.window = self._window
        node.earlier_hits = node.hits if passed == 1 else 0
        node.earlier_leaf_hits = node.leaf_hits if passed == 1 else 0
        node.hits = node.leaf_hits = 0
        if node.is_red and not self.is_hot(node):
            node.is_red = False
            del self._red[node]
            self._on_cool(node)

    def next_window(self) -> list[Node]:
        """Begin a sampling window; the addresses over the limit, whose refresh may free them.

        All other nodes are brought up to date when they are next looked at: no pass over the tree.
        """
        self._window += 1
        return list(self._red)

    def expire(self, second: int, limit: int) -> bool:
        """Let at most `limit` nodes go whose time is over; whether there are more of them."""
        for _ in range(limit):
            node = next(iter(self._expiring), None)
            if node is None or node.expires > second:
                return False
            del self._expiring[node]
            self._let_go(node, second)
        return True

    def _let_go(self, node: Node, second: int) -> None:
        if node.kids:
            self.refresh(node)
            node.is_address = False
            node.leaf_hits = 0
            return
        parent = node.parent
        if parent is None:
            del self._roots[node.byte]
        else:
            assert parent.kids is not None
            del parent.kids[node.byte]
            if not parent.kids:
                parent.kids = None
                if not parent.is_address:
                    parent.expires = second + self.latency
                    self._expiring[parent] = None
        self._red.pop(node, None)

    def addresses(self) -> Iterator[tuple[bytes, Node]]:
        """Whole addresses in the order that Kamailio lists them."""
        for address, node in self._walk(b"", dict(sorted(self._roots.items(), reverse=True))):
            if node.is_address:
                self.refresh(node)
                yield address, node

    def _walk(self, prefix: bytes, nodes: dict[int, Node]) -> Iterator[tuple[bytes, Node]]:
        for byte, node in nodes.items():
            path = prefix + bytes((byte,))
            if node.kids:
                yield from self._walk(path, node.kids)
            yield path, node
