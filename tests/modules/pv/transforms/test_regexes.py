"""`{re.subst}` with patterns in variables and variables in replacements."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError


def test_the_whole_substitution_in_a_variable(bench: Any) -> None:
    bench.put("$var(s)", "/b(.)b/<\\1>/g")
    assert bench.value("$(rU{re.subst,$var(s)})") == "<o>"
    bench.put("$var(s)", 5)
    assert bench.value("$(rU{re.subst,$var(s)})") is None


def test_a_bad_substitution_in_a_variable_fails(bench: Any) -> None:
    bench.put("$var(s)", "/(/x/")
    assert bench.value("$(rU{re.subst,$var(s)})") is None


def test_variables_in_the_replacement_are_read_each_time(bench: Any) -> None:
    for value in ("1", "2"):
        bench.put("$var(n)", value)
        assert bench.value("$(rU{re.subst,/o/$var(n)/})") == f"b{value}b"


@pytest.mark.parametrize(
    "chain",
    ["{re.subst}", "{re.subst,}", "{re.subst,/a/b}", "{re.subst,/(/b/}", "{re.subst,/a/b/q}"],
)
def test_refused(bench: Any, chain: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(f"$(rU{chain})")
