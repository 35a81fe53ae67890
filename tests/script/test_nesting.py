"""Long and deep cfgs: what Kamailio takes is compiled and run without meeting Python's limits."""

import sys
from collections.abc import Callable

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest

Lines = Callable[[str], list[str]]


def body(text: str) -> str:
    return "request_route {\n" + text + "\n}\n"


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "1"), (200, "200"), (300, "too many recursive routing table lookups (257) giving up!")],
)
def test_else_if_chains_are_cut_as_nesting_is(lines: Lines, number: int, expected: str) -> None:
    chain = "".join(f'if ($var(i) == {n}) {{ xlog("{n}"); }} else ' for n in range(1, 401))
    log = lines(body(f'$var(i) = {number};\n{chain} {{ xlog("end"); }}\nxlog("after");'))
    assert log == [expected, "after"]


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(250, "deep"), (300, "too many recursive routing table lookups (257) giving up!")],
)
def test_nested_blocks(lines: Lines, depth: int, expected: str) -> None:
    text = "if (1) {\n" * depth + 'xlog("deep");' + "}" * depth + 'xlog("after");'
    assert lines(body(text)) == [expected, "after"]


@pytest.mark.parametrize(
    ("term", "first", "expected"),
    [
        ("$var(i)", "", "10000 5"),
        ("$avp(i)", "", "10000 5"),
        ("1", "$var(i) + ", "5002 4"),
        ("$avp(i)", '"x" + ', "x2222222 5001"),
        ("$avp(i)", "$avp(s) + ", "a2222222 5001"),
        ("($avp(i) - 1)", "$var(i) + ", "5002 4"),
        ("2147483647", "$var(i) + ", "-4998 5"),
    ],
)
def test_sums_of_5000_terms(lines: Lines, term: str, first: str, expected: str) -> None:
    text = '$var(i) = 2; $avp(i) = 2; $avp(s) = "a";\n$avp(r) = ' + first
    assert lines(
        body(
            text
            + " +\n".join([term] * 5000)
            + '; $var(n) = strlen($avp(r)); xlog("$(avp(r){s.substr,0,8}) $var(n)");'
        )
    ) == [expected]


def test_conditions_of_5000_tests(lines: Lines) -> None:
    chain = " && ".join(['$rU == "bob"'] * 5000)
    assert lines(body(f'if ({chain}) xlog("all");')) == ["all"]


@pytest.mark.parametrize("label", ["{n}", '"{n}"', '/"^{n}$"'])
def test_a_switch_of_500_cases(lines: Lines, label: str) -> None:
    cases = "".join(f'case {label.format(n=n)}: xlog("{n}"); break;\n' for n in range(500))
    text = f'$var(i) = 477; switch ($var(i)) {{ {cases} default: xlog("no"); }} xlog("after");'
    assert lines(body(text)) == ["477", "after"]


def test_parentheses_and_products_of_500_levels(lines: Lines) -> None:
    text = "($var(a) - " * 500 + "7" + ")" * 500
    assert lines(body(f'$var(a) = 1; $var(x) = {text}; xlog("$var(x)");')) == ["7"]


@pytest.mark.parametrize(
    "text",
    [
        "while (1) {" * 30 + "break;" + "}" * 30,
        "$var(x) = " + " * ".join(["$var(a)"] * 5000) + ";",
    ],
)
def test_what_python_cannot_nest_is_an_error_of_the_cfg(lines: Lines, text: str) -> None:
    with pytest.raises(CfgError, match="nested too deeply"):
        lines(body(text))


def test_the_recursion_limit_is_put_back(compiled: Callable[[str], ProxyUnderTest]) -> None:
    before = sys.getrecursionlimit()
    proxy = compiled(body("if (1) {\n" * 250 + "exit;" + "}" * 250))
    assert "if True" not in proxy.proxy.compiled.source()
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    ("left", "expected"),
    [("$avp(a) == (", "0"), ("$avp(a) + (", "111111"), ("$avp(a) == (1 + (", "1")],
)
def test_comparisons_and_sums_nested_to_the_right_are_compiled_once(
    lines: Lines, left: str, expected: str
) -> None:
    depth = left.count("(") - left.count("$avp(")
    text = left * 60 + "7" + ")" * (60 * depth)
    log = lines(body(f'$avp(a) = "1"; $avp(x) = {text}; xlog("$avp(x)");'))
    assert log[0].startswith(expected)
