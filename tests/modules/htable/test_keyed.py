"""`table=>text`."""

import pytest

from sipproxy.core.resolve import ResolveError, Resolver
from sipproxy.modules.htable.keyed import Keyed


@pytest.mark.parametrize(
    ("text", "table", "rest"),
    [
        ("a=>k", "a", "k"),
        (" a =>k", "a", "k"),
        ("a=> k", "a", " k"),
        ("a=>k sp ", "a", "k sp "),
        ("a=>", "a", ""),
        ("=>k", "", "k"),
        ("a=>b=>c", "a", "b=>c"),
        ("a=>x=1", "a", "x=1"),
    ],
)
def test_parse(text: str, table: str, rest: str) -> None:
    keyed = Keyed.parse(text)
    assert (keyed.table, keyed.text) == (table, rest)
    keyed.bind(Resolver())
    assert keyed.argument == rest


@pytest.mark.parametrize("text", ["a", "a=k", "a= >k", "a b=>k", "", "a=>k$", "a=>$var(x"])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"table=>key|missing"):
        Keyed.parse(text)


def test_unknown_variable() -> None:
    with pytest.raises(ResolveError):
        Keyed.parse("a=>$nosuch").bind(Resolver())
