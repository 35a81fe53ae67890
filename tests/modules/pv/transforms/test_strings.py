"""`{s.*}`: what is refused when a cfg is loaded, and what holds for any text."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.pv.transforms.strings import Separator
from sipproxy.text import byte_length


@pytest.mark.parametrize(
    "chain",
    [
        "{s.nope}",
        "{S.len}",
        "{s.len,1}",
        "{s.substr}",
        "{s.substr,1}",
        "{s.substr,a,1}",
        "{s.substr,1,2,3}",
        "{s.select,1}",
        "{s.select,1,}",
        "{s.select,1,ab}",
        "{s.select,1,,,}",
        "{s.rm}",
        "{s.rm,a,b}",
        "{s.rm,$var(a)b}",
        "{s.rm,$nope}",
        "{s.replace,a}",
        "{s.replace,a,b,c}",
        "{s.prefixes,}",
        "{s.ftime}",
        "{s.count}",
        "{s.count,a,b}",
    ],
)
def test_refused(bench: Any, chain: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(f"$(ru{chain})")


def test_a_dollar_inside_is_a_dollar(bench: Any) -> None:
    bench.put("$var(a)", "x$y")
    assert bench.show("$(var(a){s.rm,x$})") == "y"


def test_arguments_of_the_wrong_kind_fail(bench: Any) -> None:
    bench.put("$var(text)", "2")
    assert bench.value("$(ru{s.substr,$var(text),1})") is None
    assert bench.value("$(ru{s.rm,$avp(none)})") is None
    bench.put("$var(n)", 2)
    assert bench.value("$(ru{s.substr,$var(n),1})") == "p"


def test_any_case_of_the_name(bench: Any) -> None:
    assert bench.value("$(rU{s.LEN})") == 3


@pytest.mark.parametrize(("text", "char"), [(",", ","), ("\\n", "\n"), ("\\\\", "\\"), ("; ", ";")])
def test_separators(text: str, char: str) -> None:
    assert Separator.parse(text).char == char


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20), st.integers(-25, 25), st.integers(0, 25))
def test_a_substring_is_a_part(bench: Any, text: str, start: int, length: int) -> None:
    bench.put("$var(t)", text)
    part = bench.value(f"$(var(t){{s.substr,{start},{length}}})")
    size = byte_length(text)
    assert (part is None) == (not -size <= start < size)
    if part is not None and text.isascii():
        assert isinstance(part, str) and part in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab,", max_size=8))
def test_selected_items_join_to_the_list(bench: Any, text: str) -> None:
    bench.put("$var(t)", text)
    items = [bench.value(f"$(var(t){{s.select,{n},,}})") for n in range(text.count(",") + 1)]
    assert ",".join(items) == text
