"""Expressions by the place they stand in: as a value, as an int, as a text, as a test."""

from collections.abc import Callable

import pytest

from sipproxy.errors import CfgError

Lines = Callable[[str], list[str]]

SET = """$var(i) = 7; $var(s) = "abc"; $var(d) = "10"; $avp(n) = -2; $avp(d) = "5";
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("route(FIVE)", "5"),
        ("route(MINUS)", "-1"),
        ("route(MINUS) + 0", "-1"),
        ("route(FIVE) == 1", "1"),
        ("1 + route(FIVE)", "2"),
        ("{ route(FIVE); }", "5"),
        ("(str)route(FIVE)", "1"),
        ("$avp(d) + 1", "51"),
        ("(int)$avp(d) + 1", "6"),
        ("$var(i) > 5", "1"),
        ("!$var(s)", "1"),
        ("defined $avp(none)", "0"),
        ("strlen($var(s)) + $var(d)", "13"),
        ("$avp(none) + 5", "5"),
        ("$var(i) + $avp(d) + $var(d)", "22"),
        ("$avp(d) + $var(i) * 2", "514"),
        ("$avp(n) + $avp(d) * 2", "8"),
        ('selval($var(i), "yes", 0)', "yes"),
        ("$var(i) =~ 7", None),
        ('"x" != $null', "1"),
        ('"x" == $null', "0"),
        ('$rU =~ "^(b)o\\\\1$"', "1"),
        ("selval($var(i), $avp(none), 1)", ""),
        ("$avp(d) == $var(i) + 1", "0"),
        ("$avp(d) == (int)$avp(d)", "1"),
        ("$(avp(d)[$var(i)])", "<null>"),
    ],
)
def test_as_a_value(lines: Lines, expression: str, value: str | None) -> None:
    text = f'request_route {{ {SET} $avp(r) = {expression}; xlog("$avp(r)"); }}'
    text += " route[FIVE] { return 5; } route[MINUS] { return -1; }"
    if value is None:
        with pytest.raises(CfgError):
            lines(text)
    else:
        assert lines(text) == [value]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("$avp(d) + 1 > 5", True),
        ("$avp(d) + 1 == 51", True),
        ("$avp(n)", False),
        ("$avp(n) + 1", False),
        ("$var(d)", True),
        ("$var(s)", False),
        ("$avp(d) + $avp(n)", True),
        ("route(MINUS)", False),
        ("!route(MINUS)", True),
        ("$rm", True),
        ("$avp(none)", False),
        ("selval(1, $var(i), 2)", False),
    ],
)
def test_as_the_test_of_an_if(lines: Lines, expression: str, holds: bool) -> None:
    text = f'request_route {{ {SET} if ({expression}) xlog("T"); else xlog("F"); }}'
    log = lines(text + " route[MINUS] { return -1; }")
    assert log[-1] == ("T" if holds else "F")


@pytest.mark.parametrize("expression", ["myself", "INVITE", "10.0.0.1"])
def test_what_is_no_value(lines: Lines, expression: str) -> None:
    with pytest.raises(CfgError):
        lines(f"request_route {{ $var(x) = {expression}; }}")
