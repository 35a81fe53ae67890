"""SP401, SP402, SP403, SP406 to SP409: results, and which statements run."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("route(X) == -1", ["SP401:1"]),
        ("-1 == route(X)", ["SP401:1"]),
        ("route(X) < 0", ["SP401:1"]),
        ("0 > route(X)", ["SP401:1"]),
        ("route(X) >= 0", ["SP401:1"]),
        ("route(X) != 2", ["SP401:1"]),
        ('is_method("INVITE") > 1', ["SP401:1"]),
        ('$rU == "a" && route(X) == -2', ["SP401:1"]),
        ("route(X) == 1", []),
        ("route(X) > 0", []),
        ("route(X) < 1", []),
        ("!route(X)", []),
        ("$rc == -1", []),
        ("strlen($rU) > 5", []),
    ],
)
def test_results_compared(found_in: Found, condition: str, expected: list[str]) -> None:
    body = f"if ({condition}) {{ exit; }}\n}}\nroute[X] {{ return -1;"
    assert found_in(body, "SP401") == expected


def test_sht_setxi(found_in: Found) -> None:
    body = 'sht_setxi("t", "x", "1", "5");'
    assert found_in(body, "SP402") == found_in(body, "SP402", compat="3.0") == ["SP402:1"]
    assert found_in(body, "SP402", compat="6.1") == []
    assert found_in('sht_setxs("t", "x", "1", "5");', "SP402") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if ($rU == 1)\n\tsetflag(1);\n\tsetflag(2);\nexit;", ["SP403:3"]),
        ("if ($rU == 1)\n    setflag(1);\n    setflag(2);\nexit;", ["SP403:3"]),
        ("while ($rU == 1)\n    setflag(1);\n    setflag(2);", ["SP403:3"]),
        ("if ($rU == 1) setflag(1);\nelse\n    setflag(2);\n    setflag(3);", ["SP403:4"]),
        ("if ($rU == 1)\n  setflag(1);\nelse if ($rU == 2)\n  exit;\n  exit;", ["SP403:5"]),
        ("if ($rU == 1)\n    setflag(1);\nsetflag(2);", []),
        ("if ($rU == 1)\n    setflag(1);\n\n    setflag(2);", []),
        ("if ($rU == 1)\n    setflag(1);\n    # too\n    setflag(2);", ["SP403:4"]),
        ("if ($rU == 1) {\n    setflag(1);\n    setflag(2);\n}", []),
        ("if ($rU == 1) setflag(1);\n    setflag(2);", []),
        ("if ($rU == 1)\nsetflag(1);\nsetflag(2);", []),
        ("if ($rU == 1)\n\tsetflag(1);\n    setflag(2);", []),
        ("if ($rU == 1)\n    setflag(1); setflag(2);", []),
    ],
)
def test_indentation(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP403") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('loose_route(); xlog("x"); if ($rc < 0) { exit; }', ["SP406:1"]),
        ('loose_route(); xinfo("x");\nswitch ($retcode) { case 1: exit; }', ["SP406:2"]),
        ('loose_route(); xlog("x"); $var(rc) = $?;', ["SP406:1"]),
        ('loose_route(); if ($rc < 0) { xlog("x"); exit; }', []),
        ('xlog("x"); loose_route(); if ($rc < 0) { exit; }', []),
        ('xlog("x"); if (loose_route() && $rc == 2) { exit; }', []),
        ('loose_route(); xlog("x: $rc");', []),
        ('xlog("x"); xlog("$rc");', []),
    ],
)
def test_the_code_of_a_log_line(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP406") == expected


@pytest.mark.parametrize(
    ("call", "statement", "expected"),
    [
        ("if (route(X)) { setflag(1); }", "return 0;", ["SP407:3"]),
        ("$var(x) = route(X);", "return 0;", ["SP407:3"]),
        ("route(X);", "return 0;", []),
        ("if (route(X)) { setflag(1); }", "return -1;", []),
        ("if (route(X)) { setflag(1); }", "return;", []),
        ("if (route(X)) { setflag(1); }", "exit;", []),
        ("if (route(X)) { setflag(1); }", 'sl_send_reply("500", "No"); return 0;', []),
    ],
)
def test_return_0(found_in: Found, call: str, statement: str, expected: list[str]) -> None:
    assert found_in(f"{call}\n}}\nroute[X] {{ {statement}", "SP407") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("exit;\nsetflag(1);", ["SP408:2"]),
        ("return;\nsetflag(1);\nsetflag(2);", ["SP408:2"]),
        ("drop; exit;\nsetflag(1);", ["SP408:2"]),
        ("while (1) {\nbreak;\nsetflag(1); }", ["SP408:3"]),
        ("exit; exit;", []),
        ("if ($rU == 1) { exit; }\nsetflag(1);", []),
        ("switch ($rU) { case 1: exit; break; default: setflag(1); }", []),
        ("#!ifdef KAMAILIO_5\nexit;\n#!endif\nsetflag(1);", []),
    ],
)
def test_statements_that_never_run(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP408") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("exit;", ["SP409:3"]),
        ("route(X);", []),
        ('t_on_failure("X");', []),
        ('async_route("X", "5");', []),
        ('http_async_query("http://x/", "X");', []),
        ("route($var(name));", []),
        ("if (!route(X)) { exit; }", []),
    ],
)
def test_routes_that_nothing_calls(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(f"{body}\n}}\nroute[X] {{ exit;", "SP409") == expected


def test_a_timer_calls_routes_by_parameter(found: Found) -> None:
    text = (
        'modparam("rtimer", "exec", "timer=t;route=X")\nrequest_route { exit; }\nroute[X] { exit; }'
    )
    assert found(text, "SP409") == []
    assert found("route[X] { exit; }", "SP409") == []
