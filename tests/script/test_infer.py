"""Which variables are ints at every moment."""

import pytest

from sipproxy.script.infer import int_variables, variable_name
from sipproxy.script.parse import parse_text
from sipproxy.script.tree import Route, walk


def ints(text: str) -> set[str]:
    (route,) = (
        item for item in parse_text(f"request_route {{ {text} }}").items if isinstance(item, Route)
    )
    return set(int_variables(walk(route), lambda call, number: call.name == "writes"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$var(a) = 1;", {"a"}),
        ('$var(a) = 1; $var(a) = "x";', set()),
        ("$var(a) = $rU;", set()),
        ("$var(a) = $null;", {"a"}),
        ("$var(a) = $var(a) + 1;", {"a"}),
        ("$var(a) = $var(b) + 1; $var(b) = 2;", {"a", "b"}),
        ('$var(a) = $var(b) + 1; $var(b) = "x";', set()),
        ("$var(a) = $rU * 2;", {"a"}),
        ("$var(a) = route(B);", {"a"}),
        ("$var(a) = strlen($rU) + $rU;", {"a"}),
        ("$var(a) = selval($rU, 1, 2);", {"a"}),
        ('$var(a) = selval($rU, 1, "x");', set()),
        ('$var(a) = 1; writes("$var(a)");', set()),
        ('$var(a) = 1; reads("$var(a)");', {"a"}),
        ("$var(a) = 1; if (($var(a) = $rU)) exit;", set()),
        ("$avp(a) = 1;", set()),
    ],
)
def test_ints(text: str, expected: set[str]) -> None:
    assert ints(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [("$var(x)", "x"), ("$(var(x))", "x"), ("$(var(x){s.len})", None), ("$avp(x)", None)],
)
def test_names(text: str, name: str | None) -> None:
    assert variable_name(text) == name
