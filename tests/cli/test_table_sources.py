"""What `sipproxy table` makes of answers and of lists of wishes."""

from collections.abc import Sequence
from typing import Any

import pytest

from sipproxy.cli.table_sources import OWN, Live, NotHere, Row, Wish, plain
from sipproxy.errors import RpcError
from sipproxy.rpc.values import Struct, Value


class Link:
    """A server that answers what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: Sequence[Value] | RpcError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[object, ...]] = []

    def call(self, method: str, *arguments: object) -> Sequence[Value]:
        self.asked.append((method, *arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, RpcError):
            raise answer
        return answer


def struct(**members: Any) -> Struct:
    return Struct(tuple(members.items()))


def page(place: int, after: str, *keys: str) -> list[Value]:
    rows = Struct(tuple((None, struct(key=key, value=1, left=-1)) for key in keys))
    return [struct(rows=rows, place=place, after=after)]


def test_plain_values() -> None:
    inner = Struct(((None, 1), (None, struct(a="b"))))
    assert plain(struct(list=inner, empty=Struct(()), text="x")) == {
        "list": [1, {"a": "b"}],
        "empty": None,
        "text": "x",
    }


def test_pages_follow_each_other() -> None:
    link = Link(page(3, ">b", "a", "b"), page(9, ""), page(-1, "", "c"))
    assert list(Live(link).rows("t", "k", "v")) == [Row(key, 1, None) for key in "abc"]
    assert [call[2:4] + call[5:] for call in link.asked] == [
        (0, "", "k", "v"),
        (3, ">b", "k", "v"),
        (9, "", "k", "v"),
    ]


def test_wishes_go_in_requests_that_are_not_too_long() -> None:
    refused = Struct(((None, struct(row=0, reason="no")),))
    link = Link(*([struct(set=1, refused=refused)] for _ in range(3)))
    wishes = [Wish("k", "x" * 30_000, OWN), Wish("l", "x" * 30_000, OWN), Wish("m", 5, 7)]
    assert list(Live(link).set("t", wishes)) == [
        (wishes[0], "no"),
        (wishes[1], "no"),
        (wishes[2], ""),
    ]
    assert [len(call) for call in link.asked] == [6, 10]
    assert link.asked[1][6:] == ("m", "int", "5", "7")


def test_many_keys_go_in_several_requests() -> None:
    link = Link(*([struct(removed=200)] for _ in range(3)))
    assert Live(link).remove("t", [f"k{n}" for n in range(600)]) == 600
    assert [len(call) - 2 for call in link.asked] == [250, 250, 100]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (RpcError(500, "No such htable"), "there is no table 't'"),
        (RpcError(500, "command sipproxy.table.get not found"), "its cfg does not load htable"),
    ],
)
def test_faults_that_have_plain_words(fault: RpcError, reason: str) -> None:
    with pytest.raises(NotHere, match=reason):
        Live(Link(fault)).get("t", "k")


def test_other_faults_stay_what_they_are() -> None:
    assert Live(Link(RpcError(404, "no such key"))).get("t", "k") is None
    with pytest.raises(RpcError, match="500 - broken"):
        Live(Link(RpcError(500, "broken"))).get("t", "k")
