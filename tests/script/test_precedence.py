import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.values import wrap
from sipproxy.script.parse import parse_text
from sipproxy.script.precedence import BINARY, LEVELS
from sipproxy.script.tree import (
    Assign,
    Binary,
    Condition,
    Expr,
    Int,
    Pv,
    Route,
    Str,
    Unary,
)


def parse(text: str) -> Expr:
    (route,) = parse_text(f"route {{ $x = {text}; }}").items
    assert isinstance(route, Route)
    (assign,) = route.body.statements
    assert isinstance(assign, Assign)
    return assign.value


def shape(expr: Expr) -> str:
    """The expression with all its parentheses."""
    if isinstance(expr, Binary):
        return f"({shape(expr.left)} {expr.op} {shape(expr.right)})"
    if isinstance(expr, Unary):
        return f"{expr.op}[{shape(expr.operand)}]"
    if isinstance(expr, Condition):
        return f"<{expr.subject} {expr.op} {shape(expr.value)}>"
    if isinstance(expr, Int):
        return str(expr.value)
    if isinstance(expr, Str):
        return repr(expr.text)
    return expr.text if isinstance(expr, Pv) else type(expr).__name__


@pytest.mark.parametrize(
    ("text", "shaped"),
    [
        ("1 or 2 and 3", "(1 || (2 && 3))"),
        ("1 && 2 | 3", "(1 && (2 | 3))"),
        ("1 | 2 & 3", "(1 | (2 & 3))"),
        ("1 & 2 ^ 3", "(1 & (2 ^ 3))"),
        ("1 ^ 2 << 3", "(1 ^ (2 << 3))"),
        ("1 << 2 >> 3", "(1 << (2 >> 3))"),
        ("1 >> 2 == 3", "(1 >> (2 == 3))"),
        ("1 | 2 == 2", "(1 | (2 == 2))"),
        ("1 == 2 < 3", "(1 == (2 < 3))"),
        ("1 < 2 + 3", "(1 < (2 + 3))"),
        ("1 + 2 << 3", "((1 + 2) << 3)"),
        ("1 + 2 * 3 mod 4 / 5", "(1 + (((2 * 3) mod 4) / 5))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 == 2 != 3", "((1 == 2) != 3)"),
        ("(1 - (2 - 3))", "(1 - (2 - 3))"),
        ("!5 == 0", "(![5] == 0)"),
        ("not $x + 1", "(![$x] + 1)"),
        ("!defined $x", "![defined[$x]]"),
        ("defined (str)$x", "defined[str[$x]]"),
        ('(int)"5" + 1', "(int['5'] + 1)"),
        ("-$x * 2", "(-[$x] * 2)"),
        ("-5", "-5"),
        ("- -5", "5"),
        ("1 - -2", "(1 - -2)"),
        ("-2147483648", "-2147483648"),
        ("~ ! - $x", "~[![-[$x]]]"),
        ("!uri == myself", "![<uri == Myself>]"),
        ("uri == $x + 1", "<uri == ($x + 1)>"),
        ("uri == $x && 1", "(<uri == $x> && 1)"),
        ("uri == $x == 1", "(<uri == $x> == 1)"),
        ("src_port > 1 + 2 == 3", "(<src_port > (1 + 2)> == 3)"),
        ("src_port == 1 < 2", "<src_port == (1 < 2)>"),
        ("1 + src_port == 2", "(1 + <src_port == 2>)"),
        ("myself == uri || myself != src_ip", "(<uri == Myself> || <src_ip != Myself>)"),
        ("status == $rs", "<status == $rs>"),
        ("method == INVITE + 1", "(<method == Bareword> + 1)"),
        ("src_ip == 10.0.0.0/8 + 1", "(<src_ip == Ip> + 1)"),
    ],
)
def test_what_binds_to_what(text: str, shaped: str) -> None:
    assert shape(parse(text)) == shaped


def test_the_table_has_fourteen_levels() -> None:
    assert len(LEVELS) == 14
    assert max(BINARY.values()) == 11


@pytest.mark.parametrize(
    ("text", "columns", "operator"),
    [("1 + 2", (1, 6), 3), ("(1) + (2 )", (1, 11), 5), (" ( 1 + 2 ) * 3", (2, 15), 12)],
)
def test_places_reach_over_the_parentheses(
    text: str, columns: tuple[int, int], operator: int
) -> None:
    before = len("route { $x = ")
    expr = parse(text)
    assert isinstance(expr, Binary)
    assert (expr.span.column - before, expr.span.end_column - before) == columns
    assert expr.op_span.column - before == operator


OPERATORS = sorted(set(BINARY) - {"or", "and", "eq", "ne", "=~"})  # those need strings


@given(st.lists(st.sampled_from(OPERATORS), min_size=1, max_size=8))
def test_operators_agree_with_a_fully_parenthesised_reading(operators: list[str]) -> None:
    flat = "$a0 " + " ".join(f"{op} $a{n}" for n, op in enumerate(operators, 1))
    expr = parse(flat)
    again = parse(shape(expr))
    assert shape(again) == shape(expr)
    for node in _binaries(expr):
        if isinstance(node.left, Binary):
            assert BINARY[node.left.op] >= BINARY[node.op]
        if isinstance(node.right, Binary):
            assert BINARY[node.right.op] > BINARY[node.op]


def _binaries(expr: Expr) -> list[Binary]:
    if not isinstance(expr, Binary):
        return []
    return [expr, *_binaries(expr.left), *_binaries(expr.right)]


def test_long_and_deep_expressions_do_not_run_out_of_stack() -> None:
    parse(" && ".join(["$x"] * 3000))
    parse("(" * 3000 + "1" + ")" * 3000)
    parse("!" * 3000 + "$x")


@given(st.integers())
def test_numbers_wrap_at_32_bits(number: int) -> None:
    assert -(2**31) <= wrap(number) < 2**31
    assert (wrap(number) - number) % 2**32 == 0
