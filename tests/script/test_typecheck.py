import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text
from sipproxy.script.tree import Assign, Route
from sipproxy.script.typecheck import is_constant


def problems(expr: str) -> list[tuple[str, str]]:
    """Message and underlined text of each mismatch."""
    text = f"route{{$x={expr};}}"
    try:
        parse_text(text)
    except CfgError as error:
        return [
            (p.message, text[p.span.column - 1 : p.span.end_column - 1]) for p in error.problems
        ]
    return []


NUMBER = "needs a number, this is a string"
STRING = "needs a string, this is a number"


@pytest.mark.parametrize(
    ("expr", "message", "place"),
    [
        ('1 + "2"', f"+ behind a number {NUMBER}", '"2"'),
        ('1 + 2 + "a"', f"+ behind a number {NUMBER}", '"a"'),
        ('"5" - 2', f"- {NUMBER}", '"5"'),
        ('2 - "5"', f"- {NUMBER}", '"5"'),
        ('$y * "b"', f"* {NUMBER}", '"b"'),
        ('"b" > "a"', f"> {NUMBER}", '"b"'),
        ('$y && "a"', f"&& {NUMBER}", '"a"'),
        ('0 == "abc"', f"== behind a number {NUMBER}", '"abc"'),
        ('"007" ieq 7', f"ieq {NUMBER}", '"007"'),
        ('7 ne "7"', f"ne behind a number {NUMBER}", '"7"'),
        ("7 ne 7", f"ne {STRING}", "7"),
        ("strempty(0)", f"strempty {STRING}", "0"),
        ("strlen(f())", f"strlen {STRING}", "f()"),
        ("defined 5", f"defined {STRING}", "5"),
        ("uri==myself == $null", f"== $null {STRING}", "uri==myself"),
        ('-"a"', f"- {NUMBER}", '"a"'),
        ("!@a.b", f"! {NUMBER}", "@a.b"),
        ('!$y =~ "a"', f"=~ behind a number {NUMBER}", '"a"'),
        ('f() == "a"', f"== behind a number {NUMBER}", '"a"'),
        ('(str)1 + 2 - "a"', f"- {NUMBER}", "(str)1 + 2"),
    ],
)
def test_mismatches(expr: str, message: str, place: str) -> None:
    assert problems(expr) == [(f"type mismatch: {message}", place)]


@pytest.mark.parametrize(
    "expr",
    [
        '"a" + 1 + 2',
        '"5" == 5',
        '$y == "a"',
        "$y == 5",
        "1 + $y + $z",
        "@a.b == 5",
        'selval($y, 1, "a") + "b"',
        '(int)"5" + 1',
        "(str)5 eq 5",
        '"a" == $null',
        "defined $y",
        "1 + (int)@a.b",
        "-5 - -$y",
    ],
)
def test_what_converts_silently(expr: str) -> None:
    assert problems(expr) == []


def test_each_mismatch_is_told_once_and_with_a_hint() -> None:
    with pytest.raises(CfgError) as caught:
        parse_text('route { if (!$rU =~ "^b") ; $x = 1 + "a" + 2 * "b"; }')
    assert [p.hint for p in caught.value.problems] == [
        "! binds tighter than =~: write !(... =~ ...)",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("expr", "constant"),
    [
        ("1 + 2", True),
        ('-1 + strlen("a")', True),
        ("selval(1, 2, 3)", True),
        ("5 == $y", False),
        ('"a" == $null', True),
        ("1 + f()", False),
        ("@a.b", False),
    ],
)
def test_constants(expr: str, constant: bool) -> None:
    (route,) = parse_text(f"route {{ $x = {expr}; }}").items
    assert isinstance(route, Route)
    (assign,) = route.body.statements
    assert isinstance(assign, Assign)
    assert is_constant(assign.value) is constant


@pytest.mark.parametrize("label", ["!1", "~1", "-1", '(int)"3"'])
def test_a_label_may_be_an_operator_with_a_constant(label: str) -> None:
    assert problems(f"$var(x) + {label}") == []
    (route,) = (
        item
        for item in parse_text(f"request_route {{ $var(x) = {label}; }}").items
        if isinstance(item, Route)
    )
    (statement,) = route.body.statements
    assert isinstance(statement, Assign) and is_constant(statement.value)


def test_a_negated_operand_is_hinted_at() -> None:
    with pytest.raises(CfgError) as caught:
        parse_text("request_route { if (!$var(x) == $null) exit; }")
    assert "! binds tighter" in caught.value.problems[0].hint
