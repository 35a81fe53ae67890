"""The tree against a plain one that goes over all its nodes at each turn of the clock."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.pike.tree import KNOWN, NEW, PASS, Node, Tree

LATENCY = 4


class PlainNode:
    def __init__(self, prefix: bytes, hits: int, expires: int) -> None:
        self.prefix = prefix
        self.hits = [0, hits]
        self.leaf_hits = [0, 0]
        self.expires: int | None = expires
        self.is_address = self.is_red = False


class PlainTree:
    """What Kamailio's source says, step by step; nodes by prefix."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.nodes: dict[bytes, PlainNode] = {}

    def kids(self, prefix: bytes) -> list[bytes]:
        return [p for p in self.nodes if p[:-1] == prefix and p != prefix]

    def hot(self, node: PlainNode) -> bool:
        before, now = node.leaf_hits
        return before >= self.limit or now >= self.limit or (before + now) >> 1 >= self.limit

    def hit(self, address: bytes, second: int) -> int:
        depth = len(address)
        while depth and address[:depth] not in self.nodes:
            depth -= 1
        if depth == 0:
            self.nodes[address[:1]] = PlainNode(address[:1], 1, second + LATENCY)
            return 1
        node = self.nodes[address[:depth]]
        if depth == len(address):
            node.is_address = True
            node.leaf_hits[1] += 1
            node.expires = second + LATENCY
            if node.is_red:
                return -1
            node.is_red = self.hot(node)
            return -2 if node.is_red else 1
        node.hits[1] += 1
        if max(node.hits) >= self.limit >> 2:
            if not node.is_address:
                node.expires = None
            longer = address[: depth + 1]
            self.nodes[longer] = PlainNode(longer, node.hits[1] - 1, second + LATENCY)
        return 1

    def turn(self) -> int:
        cooled = 0
        for node in self.nodes.values():
            node.hits = [node.hits[1], 0]
            node.leaf_hits = [node.leaf_hits[1], 0]
            if node.is_red and not self.hot(node):
                node.is_red = False
                cooled += 1
        return cooled

    def clean(self, second: int) -> None:
        due = [n for n in self.nodes.values() if n.expires is not None and n.expires <= second]
        # Longer prefixes never expire after the ones they lie under, which come to the list later.
        for node in sorted(due, key=lambda n: (n.expires, -len(n.prefix))):
            if self.kids(node.prefix):
                node.is_address = False
                node.leaf_hits[1] = 0
                node.expires = None
                continue
            del self.nodes[node.prefix]
            parent = self.nodes.get(node.prefix[:-1])
            if parent and not self.kids(parent.prefix) and not parent.is_address:
                parent.expires = second + LATENCY


ADDRESSES = st.sampled_from(
    [bytes(a) for a in ((9, 9, 9, 9), (9, 9, 9, 8), (9, 9, 7, 1), (7, 1, 1, 1), (7, 1, 1, 1, 1, 2))]
)
STEPS = st.lists(st.one_of(ADDRESSES, st.just("second"), st.just("window")), max_size=120)


@given(STEPS, st.sampled_from([1, 2, 4, 5, 9, 16]))
def test_like_a_plain_tree(steps: list[bytes | str], limit: int) -> None:
    cooled: list[Node] = []
    tree, plain = Tree(limit, LATENCY, cooled.append), PlainTree(limit)
    second = 0
    for step in steps:
        if isinstance(step, bytes):
            assert tree.hit(step, second)[0] == plain.hit(step, second)
        elif step == "second":
            second += 1
            assert not tree.expire(second, 1000)
            plain.clean(second)
        else:
            cooled.clear()
            for node in tree.next_window():
                tree.refresh(node)
            assert len(cooled) == plain.turn()
        assert len(tree) == len(plain.nodes)
        assert {a: (n.earlier_leaf_hits, n.leaf_hits) for a, n in tree.addresses()} == {
            p: tuple(n.leaf_hits) for p, n in plain.nodes.items() if n.is_address
        }


def test_forged_sources_take_little_room() -> None:
    tree = Tree(30, 120, lambda node: None)
    for number in range(20_000):
        assert tree.hit((number * 2_654_435_761 & 0xFFFFFFFF).to_bytes(4), 0)[0] == PASS
    assert len(tree) < 20_000


def test_expiring_is_done_in_parts() -> None:
    tree = Tree(4, LATENCY, lambda node: None)
    for number in range(500):
        for _ in range(5):
            tree.hit(bytes((10, 0, number >> 8, number & 255)), 0)
    before = len(tree)
    assert tree.expire(LATENCY, 100)
    assert len(tree) == before - 100
    assert not tree.expire(LATENCY, 1000)
    for later in range(2, 5):
        assert not tree.expire(LATENCY * later, 1000)
    assert len(tree) == 0


def test_hits_are_counted_in_16_bits() -> None:
    tree = Tree(0x10003, LATENCY, lambda node: None)
    assert tree.max_hits == 3
    verdicts = [tree.hit(b"\x01\x02\x03\x04", 0)[0] for _ in range(70_000)]
    assert verdicts[:8] == [PASS, PASS, PASS, PASS, PASS, PASS, NEW, KNOWN]
    ((_, node),) = tree.addresses()
    assert node.leaf_hits == 65534


def test_a_source_forgotten_while_it_is_blocked() -> None:
    cooled: list[Node] = []
    tree = Tree(1, 1, cooled.append)
    while tree.hit(b"\x01\x02\x03\x04", 0)[0] != NEW:
        pass
    tree.expire(1, 10)
    assert tree.next_window() == []
    assert cooled == []
