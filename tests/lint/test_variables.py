"""SP404 and SP405: `$var`s and texts."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if ($var(x) == 1) { exit; }", ["SP404:1"]),
        ('xlog("$var(x)");', ["SP404:1"]),
        ("$avp(y) = $var(x);\n$avp(z) = $var(x);", ["SP404:1"]),
        ("$avp(y) = $var(x);\n$var(x) = 1;", ["SP404:1"]),
        ("$avp(y) = $(var(x){s.len});", ["SP404:1"]),
        ("$avp(y) = $sht(t=>$var(x));", ["SP404:1"]),
        ("$var(x) = 1;\n$avp(y) = $var(x);", []),
        ("if ($rU == 1) { $var(x) = 1; }\n$avp(y) = $var(x);", []),
        ("if ($rU == 1) { $var(x) = 1; exit; }\n$avp(y) = $var(x);", ["SP404:2"]),
        ("while ($rU == 1) { $avp(y) = $var(x); $var(x) = 1; }", []),
        ("switch ($rU) { case 1: $var(x) = 1; default: $avp(y) = $var(x); }", []),
        ("switch ($rU) { case 1: $var(x) = 1; exit; }\n$avp(y) = $var(x);", ["SP404:2"]),
        ('sql_xquery("a", "b", "$var(x)"); $avp(y) = $var(x);', []),
        ("if (f($var(x)) && $var(x) == 1) { exit; }", []),
        ("route(SET);\n$avp(y) = $var(x);", []),
        ("$avp(y) = $var(x);\nroute(SET);", ["SP404:1"]),
        ('route_if_exists("SET");\n$avp(y) = $var(x);', []),
        ("route($var(name));\n$avp(y) = $var(x);", ["SP404:1"]),
        ("$var(n) = $var(n) + 1;", []),
        ("$avp(y) = $var($avp(z));", []),
    ],
)
def test_read_before_set(found_in: Found, body: str, expected: list[str]) -> None:
    routes = "}\nroute[SET] { if ($rU == 2) { $var(x) = 2; return; } exit;"
    assert found_in(f"{body}\n{routes}", "SP404") == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("failure_route[F]", ["SP404:2"]),
        ("onreply_route[F]", ["SP404:2"]),
        ("reply_route", ["SP404:2"]),
        ("branch_route[F]", []),
        ("event_route[sl:local-response]", []),
        ("route[F]", []),
    ],
)
def test_another_block_is_another_message(found: Found, kind: str, expected: list[str]) -> None:
    text = "request_route { $var(x) = 1; route(F); }\n" + kind + " { $avp(y) = $var(x); }\n"
    assert found(text, "SP404") == expected


def test_a_module_may_set_it(found: Found) -> None:
    text = 'modparam("mtree", "pv_value", "$var(v)")\nrequest_route { $avp(y) = $var(v); }\n'
    assert found(text, "SP404") == []


def test_a_variable_has_a_first_value(found: Found) -> None:
    text = 'modparam("pv", "varset", "v=i:5")\nrequest_route { $avp(y) = $var(v); }\n'
    assert found(text, "SP404") == []


def test_a_part_of_a_cfg_is_not_judged(found: Found) -> None:
    assert found("route[X] { $avp(y) = $var(v); }\n", "SP404") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('$var(x) = "sip:$rU@x";', ["SP405:1"]),
        ('$avp(x) = "$var(y)";', ["SP405:1"]),
        ('$var(x) = "a" + "$(hdr(To){s.len})";', ["SP405:1"]),
        ('if ($rU == "$fU") { exit; }', ["SP405:1"]),
        ('if ("$fU" != $rU || $rU == "x") { exit; }', ["SP405:1"]),
        ('switch ("$rU") { case "x": exit; }', ["SP405:1"]),
        ("$var(x) = $_s(sip:$rU@x);", []),
        ('xlog("$rU");', []),
        ('if ($rU =~ "^a$") { exit; }', []),
        ('if ($rU =~ "$fU") { exit; }', []),
        ('$var(x) = "5$ a month";', []),
        ('$var(x) = "$$";', []),
        ('$var(x) = "US$100";', []),
    ],
)
def test_texts_that_are_not_searched(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP405") == expected
