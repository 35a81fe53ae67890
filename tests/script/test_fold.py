"""Folding: what Kamailio's optimiser makes of constants, and what it leaves alone."""

import pytest

from sipproxy.script import tree
from sipproxy.script.fold import fold, guess
from sipproxy.script.parse import parse_text


def expression(text: str) -> tree.Expr:
    config = parse_text(f"request_route {{ $var(r) = {text}; }}")
    (route,) = config.items
    assert isinstance(route, tree.Route)
    (assign,) = route.body.statements
    assert isinstance(assign, tree.Assign)
    return assign.value


def shape(expr: tree.Expr) -> str:
    match expr:
        case tree.Int():
            return str(expr.value)
        case tree.Str():
            return repr(expr.text)
        case tree.Pv():
            return expr.text
        case tree.Unary():
            return f"({expr.op} {shape(expr.operand)})"
        case tree.Binary():
            return f"({shape(expr.left)} {expr.op} {shape(expr.right)})"
        case _:
            return type(expr).__name__


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("1 + 2 * 3", "7"),
        ("1 + 2 << 3", "24"),
        ('"a" + 1 + 2', "'a12'"),
        ("2147483647 + 1", "-2147483648"),
        ("-7 mod 3", "-1"),
        ("1 / 0", "(1 / 0)"),
        ("$var(a) && 1", "(int $var(a))"),
        ("$var(a) || 0", "(int $var(a))"),
        ("$var(a) || 1", "1"),
        ("$var(a) * 0", "0"),
        ("1 * $var(a)", "(int $var(a))"),
        ("$var(a) / 1", "(int $var(a))"),
        ("0 - $var(a)", "(0 - $var(a))"),
        ("$var(a) + 0", "($var(a) + 0)"),
        ("0 + $var(a)", "(int $var(a))"),
        ('strlen("abc")', "3"),
        ('strempty("")', "1"),
        ("!0", "1"),
        ("5 == 5", "1"),
        ("(str)5", "'5'"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert shape(fold(expression(text))) == folded


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1", "int"),
        ('"a"', "str"),
        ("$rU", "any"),
        ("$rU + 1", "any"),
        ("1 + $rU", "int"),
        ('"a" + $rU + 1', "str"),
        ("$rU == 1", "int"),
        ("(str)$rU", "str"),
        ("route(A)", "int"),
        ('selval($rU, "a", "b")', "str"),
        ('selval($rU, "a", 1)', "any"),
    ],
)
def test_guess(text: str, type_: str) -> None:
    assert guess(expression(text)) == type_


def test_long_chains_need_no_recursion() -> None:
    text = " + ".join(["$var(a)"] + ["1"] * 5000)
    assert isinstance(fold(expression(text)), tree.Binary)
