"""Children of XAVPs."""

from sipproxy.core.context import XavpValue
from sipproxy.modules.pv import xlist


def test_a_child_replaces_the_newest_of_its_name() -> None:
    roots: dict[str, list[XavpValue]] = {}
    xlist.put(roots, "r", "a", 1)
    xlist.put(roots, "r", "b", 2)
    xlist.put(roots, "r", "a", 3)
    assert roots == {"r": [[("a", 3), ("b", 2)]]}
    xlist.drop_child(roots, "r", "b")
    xlist.drop_child(roots, "none", "b")
    assert roots == {"r": [[("a", 3)]]}
    xlist.drop(roots, "r")
    xlist.drop(roots, "r")
    assert roots == {}


def test_a_plain_root_gives_way() -> None:
    roots: dict[str, list[XavpValue]] = {"r": [5, 6]}
    xlist.put(roots, "r", "a", 1)
    assert roots == {"r": [[("a", 1)], 6]}


def test_numbers_are_unsigned_in_lists() -> None:
    assert xlist.serialized([("a", -1), ("b", ""), ("c", "x")]) == "a=4294967295;b;c=x;"


def test_places() -> None:
    children: xlist.Children = [("a", 1), ("b", 2), ("a", 3)]
    xlist.replace(children, "a", 1, 9)
    xlist.replace(children, "a", 5, 9)
    assert children == [("a", 1), ("b", 2), ("a", 9)]
    xlist.remove(children, "a", -1)
    xlist.remove(children, "a", None)
    assert children == [("b", 2)]
    assert xlist.only([1, 2], -1) == [2] and xlist.only([1, 2], 2) == []
