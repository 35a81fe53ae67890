"""What a cfg adds to a record."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.acc.extras import leg_fields, read_extras, read_legs
from sipproxy.modules.pv import Pv


def test_names_and_values(bench: Any, request_text: Any) -> None:
    bench.load(Pv)
    extras = read_extras("p", " a=$fU ; b = $(rU{s.len});c=$avp(none)", bench.host, 3)
    ctx = bench.context(request_text())
    assert [extra.field(ctx) for extra in extras] == [("a", "alice"), ("b", "3"), ("c", "")]
    assert read_extras("p", "", bench.host, 3) == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a", "name=$variable"),
        ("=$fU", "name=$variable"),
        ("a b=$fU", "name=$variable"),
        ("a=fU", "no pseudo-variable"),
        ("a=$nothing", "unknown"),
        ("a=$(fU", "missing"),
        ("a=$fU b=$rU", "unexpected"),
        ("a=$fU;", "unexpected"),
        ("a=$fU;b=$rU;c=$si;d=$sp", "more than 3"),
    ],
)
def test_bad_texts(bench: Any, text: str, error: str) -> None:
    bench.load(Pv)
    with pytest.raises(ModuleError, match=error.replace("$", r"\$")):
        read_extras("p", text, bench.host, 3)


def test_legs(bench: Any, request_text: Any) -> None:
    bench.load(Pv)
    legs = read_legs("a=$avp(a);b=$avp(b)", bench.host)
    ctx = bench.context(request_text())
    assert leg_fields(legs, ctx) == [[("a", ""), ("b", "")]]
    ctx.avps["a"] = ["two", 1]
    ctx.avps["b"] = ["only"]
    assert leg_fields(legs, ctx) == [[("a", "two"), ("b", "only")], [("a", "1"), ("b", "")]]
