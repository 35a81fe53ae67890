"""Shapes in the tree."""

from collections.abc import Callable

import pytest

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.shapes import (
    at_start,
    comparisons,
    condition_of,
    conditions_around,
    is_null,
    is_unbraced,
    leaves,
    locked,
    refuses,
    resets,
)
from sipproxy.script import tree

View = Callable[[str], Cfg]


def body(view: View, text: str) -> Cfg:
    return view(f'request_route {{ {text} }}\nmodparam("htable", "htable", "t=>size=4")')


@pytest.mark.parametrize(
    ("text", "how", "op", "first"),
    [
        ("$var(n) = $shtinc(t=>k);", "atomic", "+", False),
        ("$var(n) = $shtdec(t=>k);", "atomic", "-", False),
        ("$sht(t=>k) = $sht(t=>k) + 1;", "direct", "+", True),
        ("$sht(t=>k) = 1 + $sht(t=>k);", "direct", "+", False),
        ("$sht(t=>k) = (int)$sht(t=>k) - 1;", "direct", "-", False),
        ("$var(n) = $sht(t=>k) + 2; $sht(t=>k) = $var(n);", "copied", "+", True),
        ("$var(n) = $sht(t=>k); $sht(t=>k) = $var(n) + 2;", "copied", "+", False),
    ],
)
def test_increments(view: View, text: str, how: str, op: str, first: bool) -> None:
    (one,) = body(view, text).increments
    assert (one.how, one.op, one.string_first) == (how, op, first)


@pytest.mark.parametrize(
    "text", ["$sht(t=>k) = 1;", "$sht(t=>k) = $sht(t=>j) + 1;", "$var(n) = $sht(t=>k) + 1;"]
)
def test_no_increments(view: View, text: str) -> None:
    assert body(view, text).increments == []


def test_conditions(view: View) -> None:
    cfg = body(
        view, "if ($rU == 1) exit; else { while ($fU < 2) { switch ($rd) { case 1: exit; } } }"
    )
    step = cfg.steps[-1]
    around = [(type(expr).__name__, part) for expr, part in conditions_around(step)]
    assert around == [("Pv", "case"), ("Binary", "body"), ("Binary", "else")]
    assert condition_of(step) is None
    first = condition_of(cfg.steps[0])
    assert first is not None
    assert [op for _, op, _ in comparisons(first)] == ["==", "=="]
    second = condition_of(cfg.steps[2])
    assert second is not None
    assert [op for _, op, _ in comparisons(second)] == ["<", ">"]


def test_endings(view: View) -> None:
    cfg = body(view, 'if ($x == $null) sl_send_reply("1", "x"); else { drop; }')
    (statement,) = {
        id(s): s.statement for s in cfg.steps if isinstance(s.statement, tree.If)
    }.values()
    assert isinstance(statement, tree.If) and statement.otherwise is not None
    assert is_unbraced(statement.then) and not is_unbraced(statement.otherwise)
    assert not leaves(statement.then) and refuses(statement.then)
    assert leaves(statement.otherwise) and refuses(statement.otherwise)
    assert isinstance(statement.condition, tree.Binary)
    assert is_null(statement.condition.right) and not is_null(statement.condition.left)


def test_locks_and_resets(view: View) -> None:
    cfg = body(view, '$sht(t=>k) = 0; sht_lock("t=>k"); if (1) { $sht(t=>k) = 5; }')
    first, second = cfg.cells
    assert resets(first) and not resets(second)
    assert not locked(first.step, "t") and locked(second.step, "t")
    assert not locked(second.step, "u")


def test_before_the_first_message(view: View) -> None:
    cfg = view("event_route[htable:mod-init] { exit; }\nrequest_route { exit; }")
    assert [at_start(step) for step in cfg.steps] == [True, False]
