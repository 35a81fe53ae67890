import typing

import pytest

from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import Arguments, Kind, Loose, LooseInt, LooseStr, Plain, Unread


class Words(Arguments):
    """Arguments as a list of words, a transport of the smallest kind."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)

    def read(self, kind: Kind, loose: bool = False) -> Plain:
        if not self.words:
            raise Unread(absent=True)
        word = self.words[0]
        if kind is Kind.INT and not (loose and word.isdecimal()):
            raise Unread(absent=False, fault=RpcError(400, "no number"))
        del self.words[0]
        return int(word) if kind is Kind.INT else word

    def unknown_command(self, name: str) -> RpcError:
        return RpcError(500, name)


def test_by_hand() -> None:
    words = Words("a", "17")
    assert words.string("No name") == "a"
    with pytest.raises(RpcError, match="500 - No value"):
        words.integer("No value")
    assert words.integer("No value", loose=True) == 17
    with pytest.raises(RpcError, match="500 - No more"):
        words.string("No more")


def test_unread_says_what_the_transport_answers() -> None:
    assert str(Unread(absent=True)) == "no such argument"
    unread = Unread(absent=False, fault=RpcError(400, "no number"))
    assert str(unread) == "no number" and not unread.absent


@pytest.mark.parametrize(("alias", "kind"), [(LooseStr, str), (LooseInt, int)])
def test_loose_annotations(alias: object, kind: type) -> None:
    assert typing.get_args(alias) == (kind, Loose())
