"""Switches: by table, by pattern, entering, falling through; subjects without a value."""

from collections.abc import Callable

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest

Lines = Callable[[str], list[str]]


def body(text: str) -> str:
    return "request_route {\n" + text + "\n}\n"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("1 / $var(z)", ["default", "last"]),
        ("$rU =~ $var(bad)", ["default", "last"]),
        ("selval($var(z), 1, 2)", ["default", "last"]),
        ("1 + $var(z)", ["one", "default", "last"]),
        ("5", ["last"]),
        ("$var(z) - 5", ["default", "last"]),
    ],
)
def test_a_subject_without_a_value_takes_the_default(
    lines: Lines, subject: str, expected: list[str]
) -> None:
    text = f"""$var(bad) = "("; switch ({subject}) {{
        case 1: xlog("one"); default: xlog("default"); case 5: xlog("last"); }}"""
    assert [line for line in lines(body(text)) if " " not in line] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("abc", ["exact"]), ("Abc", ["upper"]), ("xbc", ["end"]), ("", ["default"])],
)
def test_texts_and_patterns_in_order(lines: Lines, value: str, expected: list[str]) -> None:
    text = f"""$var(s) = "{value}"; switch ($var(s)) {{
        case "abc": xlog("exact"); break;
        case /"^A": xlog("upper"); break;
        case /"bc$": xlog("end"); break;
        default: xlog("default"); }}"""
    assert lines(body(text)) == expected


def test_an_exit_in_the_subject_ends_the_script(lines: Lines) -> None:
    text = 'switch (route(E)) { case 1: xlog("one"); } xlog("after");'
    assert lines(body(text) + "route[E] { exit; }") == []


def test_switches_in_loops_in_switches(lines: Lines) -> None:
    text = """switch (1 + $var(z)) { case 1:
        while ($var(i) < 3) { $var(i) = $var(i) + 1;
            switch ($var(i)) { case 2: break; default: xlog("$var(i)"); } }
        xlog("end"); break; case 2: xlog("never"); }"""
    assert lines(body(text)) == ["1", "3", "end"]


def test_a_table_is_one_look_up(compiled: Callable[[str], ProxyUnderTest]) -> None:
    cases = " ".join(f"case {n}: exit;" for n in range(50))
    source = compiled(body(f"$var(n) = 1; switch ($var(n)) {{ {cases} }}")).proxy.compiled.source()
    assert "case_of(variables.v_n, 50)" in source


@pytest.mark.parametrize("text", ['case /"(": exit;', "case $rU: exit;", "case 1: case 1: exit;"])
def test_refusals(lines: Lines, text: str) -> None:
    with pytest.raises(CfgError):
        lines(body(f"switch ($rU) {{ {text} }}"))
