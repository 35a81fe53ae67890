"""Statements: truth, loops, switches, return codes, what ends the script. Each expectation was
seen on Kamailio 5.6.3 (the recorded cases in tests/conformance hold most of them)."""

from collections.abc import Callable

import pytest

from sipproxy.errors import CfgError

Lines = Callable[[str], list[str]]


def body(text: str) -> str:
    return "request_route {\n" + text + "\n}\n"


@pytest.mark.parametrize(
    ("value", "if_true", "while_true"),
    [
        ("1", True, True),
        ("-1", False, True),
        ("0", False, False),
        ('"10"', True, True),
        ('"word"', False, False),
        ('""', False, False),
        ("$null", False, False),
    ],
)
def test_truth(lines: Lines, value: str, if_true: bool, while_true: bool) -> None:
    log = lines(
        body(
            f'$avp(x) = {value};\nif ($avp(x)) xlog("if"); else xlog("else");\n'
            'while ($avp(x)) { xlog("while"); break; }'
        )
    )
    assert log == ["if" if if_true else "else"] + ["while"] * while_true


def test_while_is_cut_after_max_while_loops(lines: Lines) -> None:
    log = lines(body('while (1) { $var(i) = $var(i) + 1; }\nxlog("$var(i)");'))
    assert log[-1] == "100"
    assert "runaway while" in log[0]


def test_break_leaves_the_innermost(lines: Lines) -> None:
    log = lines(
        body(
            """while ($var(i) < 3) {
                 $var(i) = $var(i) + 1;
                 switch ($var(i)) { case 2: if ($var(i) == 2) { break; } xlog("never"); }
                 if ($var(i) == 2) break;
                 xlog("end of $var(i)");
               }
               xlog("after");"""
        )
    )
    assert log == ["end of 1", "after"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", ["one", "two"]),
        ("2", ["two"]),
        ("3", ["more"]),
        ("4", ["more"]),
        ("9", ["default", "one", "two"]),
    ],
)
def test_switch_falls_through(lines: Lines, value: str, expected: list[str]) -> None:
    text = f"""switch ({value} + $var(z)) {{
        default: xlog("default");
        case 1: xlog("one");
        case 2: xlog("two"); break;
        case 3:
        case 4: xlog("more"); }}"""
    assert lines(body(text)) == expected


def test_switch_on_texts_and_patterns(lines: Lines) -> None:
    text = """$var(s) = "Abc";
      switch ($var(s)) { case "abc": xlog("literal"); break; case /"^a": xlog("pattern"); break;
                         case /"^A.c$": xlog("exact"); break; }
      switch ("1") { case 1: xlog("int label"); }
      switch (5) { case "5": xlog("text label"); }
      switch ($null) { case 0: xlog("null is 0"); }"""
    assert lines(body(text)) == ["exact", "int label", "text label", "null is 0"]


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ("return 7;", 7),
        ("return;", 1),
        ("return -3;", -3),
        ("$var(x) = 5;", 1),
        ('if ($rm == "INVITE") { return 9; }', 1),
        ('if ($rm == "OPTIONS") { is_method_no(); }', None),
        ("has_totag();", -1),
        ('if ($rm == "OPTIONS") { has_totag(); }', -1),
        ("route(INNER);", -4),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; has_totag(); }", -1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; break; }", 0),
        ("switch (1) { case 1: has_totag(); break; }", 0),
        ("switch (1) { case 1: has_totag(); }", -1),
        ("switch (3) { case 1: has_totag(); }", -5),
        ("switch ($var(zero)) { case 1: has_totag(); }", 1),
        ("switch (1) { case 1: case 2: }", -5),
        ("switch ($var(zero)) { case 0: case 2: }", 1),
        ("switch (1 / $var(zero)) { case 1: has_totag(); }", -1),
        ("switch (1 / $var(zero)) { case 1: break; default: $var(y) = 2; }", 1),
        ("return 1 / $var(zero);", -5),
        ("route($avp(no));", -10),
        ("$var(x) = 1 / $var(zero);", -1),
        ("if (1 / $var(zero)) { has_totag(); }", 1),
        ("if (1 / $var(zero)) { ; } else has_totag();", -1),
        ("while (1 / $var(zero)) { has_totag(); }", 1),
        ("while (1) { $var(q) = 1; }", -1),
        ("break;", 0),
        ("return $var(none) + 2;", 2),
    ],
)
def test_the_code_of_a_route(lines: Lines, route: str, code: int | None) -> None:
    if code is None:
        return
    log = lines(
        body('$var(i) = 0;\n$var(c) = route(R);\nxlog("code $var(c)");')
        + f"route[R] {{ {route} }}\nroute[INNER] {{ return -4; }}\n"
    )
    assert log[-1] == f"code {code}"


def test_return_0_and_exit_end_everything(lines: Lines) -> None:
    for end in ("return 0;", "exit;", "drop;", "return $var(zero);"):
        assert lines(body('route(R); xlog("not reached");') + f"route[R] {{ {end} }}") == []


def test_return_outside_a_loop_passes_through_it(lines: Lines) -> None:
    text = (
        body('route(R); xlog("$rc");')
        + "route[R] { while (1) { switch (1) { case 1: return 5; } } }"
    )
    assert lines(text) == ["5"]


def test_rc_is_set_by_functions_and_routes_only(lines: Lines) -> None:
    text = body(
        """xlog("$rc"); has_totag(); $var(a) = $rc; $var(x) = 1; setflag(1); $var(b) = $rc;
           route(R); $var(c) = $rc; xlog("$var(a) $var(b) $var(c)"); xlog("$rc");"""
    )
    assert lines(text + "route[R] { return 4; }") == ["0", "-1 -1 4", "1"]


def test_a_core_function_in_an_expression_leaves_rc_0(lines: Lines) -> None:
    text = body('has_totag(); if (isflagset(1)) { xlog("set"); } $var(a) = $rc; xlog("$var(a)");')
    assert lines(text) == ["0"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('if (route(E)) xlog("then"); else xlog("else"); xlog("after");', []),
        ('switch (route(E)) { case 0: xlog("case"); } xlog("after");', []),
        ('while (route(E)) { xlog("body"); xlog("more"); } xlog("after");', ["body"]),
        ('if (route(E) && isflagset(3)) xlog("then"); xlog("after");', ["after"]),
        ('$var(x) = 5 + route(E) + xlog("op"); xlog("after");', ["op", "after"]),
        ('if (route(E) && $rU == "x") xlog("then"); xlog("after");', []),
        ('if (route(Z) || xlog("or")) xlog("then"); xlog("after");', ["or", "then", "after"]),
    ],
)
def test_exit_inside_an_expression(lines: Lines, statement: str, expected: list[str]) -> None:
    assert lines(body(statement) + "route[E] { exit; }\nroute[Z] { return 0; }") == expected


def test_division_by_zero_fails_the_statement(lines: Lines) -> None:
    log = lines(body('$var(x) = 5; $var(x) = 1 / $var(z); xlog("$var(x)");'))
    assert "division by zero" in log[0]
    assert log[-1] == "5"


def test_computed_routes(lines: Lines) -> None:
    text = body('$var(n) = "B"; route("A_" + $var(n)); route($var(n)); xlog("after");')
    log = lines(text + 'route[A_B] { xlog("called"); }')
    assert log[0] == "called"
    assert 'route "B" not found' in log[1]
    assert log[2] == "after"


def test_recursion_is_given_up(lines: Lines) -> None:
    text = body('route(R); xlog("$var(i)");') + "route[R] { $var(i) = $var(i) + 1; route(R); }"
    log = lines(text)
    assert "too many recursive routing table lookups" in log[0]
    assert log[-1] == "255"


def test_blocks_and_assignments_as_operands(lines: Lines) -> None:
    text = body(
        """if ({ xlog("in block"); has_totag(); }) xlog("yes"); else xlog("no");
           if (($var(x) = 3)) xlog("assigned $var(x)");"""
    )
    assert lines(text) == ["in block", "no", "assigned 3"]


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; if ($var(i) == 9) exit; }", 1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; setflag(1); }", 1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; route(INNER); }", -4),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; while (0) exit; }", 1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; switch ($var(i)) { case 9: exit; } }", 1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; if (1) { has_totag(); } else exit; }", -1),
        ("while ($var(i) < 2) { $var(i) = $var(i) + 1; $avp(x) = 1 / $var(zero); }", -1),
        ("if (1) { if (0) exit; } else return 5;", 1),
        ("if (1) { return 3; } else { return 4; } has_totag();", 3),
        ("if ($var(i)) { exit; } else if ($var(zero) == 0) { return 6; }", 6),
        ("setflag(1);", 1),
        ("isflagset(31);", -1),
        ("return route(INNER) + 3;", 3),
        ("return 5 - route(INNER);", 5),
    ],
)
def test_the_code_of_nested_statements(lines: Lines, route: str, code: int) -> None:
    log = lines(
        body('$var(i) = 0;\n$var(c) = route(R);\nxlog("code $var(c)");')
        + f"route[R] {{ {route} }}\nroute[INNER] {{ return -4; }}\n"
    )
    assert log[-1] == f"code {code}"


def test_what_is_never_reached_is_checked(lines: Lines) -> None:
    with pytest.raises(CfgError, match="unknown function"):
        lines(body("exit; nope();"))
    assert lines(body('exit; xlog("never");')) == []


def test_return_takes_no_string(lines: Lines) -> None:
    with pytest.raises(CfgError, match="a string"):
        lines(body('return "x";'))


def test_unnamed_blocks_are_joined(lines: Lines) -> None:
    assert lines(body('xlog("a");') + body('xlog("b");')) == ["a", "b"]


def test_codes_of_core_functions_and_of_last_statements(lines: Lines) -> None:
    """A core function leaves $rc alone; what ends a route gives its code."""
    text = """
strip(1);
xlog("$rU $rc");
route(LAST);
xlog("$rc");
while (route(ZERO)) { exit; }
xlog("never");
"""
    blocks = 'route[LAST] { is_request(); }\nroute[ZERO] { xlog("zero"); return 0; }\n'
    assert lines(body(text) + blocks) == ["ob 0", "1", "zero"]


def test_exit_with_a_value_that_is_computed(lines: Lines) -> None:
    assert lines(body('$var(x) = 3; exit($var(x)); xlog("never");')) == []


def test_a_string_is_no_condition_of_a_loop(lines: Lines) -> None:
    with pytest.raises(CfgError, match="a while loop cannot test a string"):
        lines(body('while ("abc") exit;'))
