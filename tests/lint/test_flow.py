"""What may have happened before a statement."""

from collections.abc import Callable

import pytest

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.flow import may_succeed
from sipproxy.script import tree
from sipproxy.script.parse import parse_text

View = Callable[[str], Cfg]

AUTH = 'auth_check("r", "s", "1")'


@pytest.mark.parametrize(
    ("condition", "when_true", "when_false"),
    [
        (AUTH, True, False),
        (f"!{AUTH}", False, True),
        (f"!!{AUTH}", True, False),
        (f"{AUTH} && $rU == 1", True, True),
        (f"!{AUTH} && $rU == 1", False, True),
        (f"!{AUTH} || $rU == 1", True, True),
        (f"$rU == 1 || {AUTH}", True, False),
        (f"{AUTH} < 0", True, True),
        ("$rU == 1", False, False),
        ('is_method("INVITE")', False, False),
    ],
)
def test_outcomes_of_conditions(condition: str, when_true: bool, when_false: bool) -> None:
    (route,) = parse_text(f"request_route {{ if ({condition}) {{ exit; }} }}").items
    assert isinstance(route, tree.Route)
    (statement,) = route.body.statements
    assert isinstance(statement, tree.If)
    assert may_succeed(statement.condition, True) == when_true
    assert may_succeed(statement.condition, False) == when_false


def marked(view: View, text: str) -> tuple[bool, bool, bool]:
    """Of the statement `setflag(7)`: reached, may `$var(x)` be set, may somebody be known."""
    cfg = view(text)
    (step,) = {
        id(site.step): site.step
        for site in cfg.calls
        if site.call.name == "setflag" and site.call.args[0] == site.call.args[-1]
    }.values()
    flow = cfg.flow
    return flow.reached(step), flow.may_be_set("x", step), flow.may_be_authenticated(step)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("request_route { setflag(7); }", (True, False, False)),
        ("request_route { $var(x) = 1; setflag(7); }", (True, True, False)),
        (f"request_route {{ {AUTH}; setflag(7); }}", (True, False, True)),
        (f"request_route {{ if (!{AUTH}) {{ setflag(7); exit; }} }}", (True, False, False)),
        (f"request_route {{ if (!{AUTH}) {{ exit; }} setflag(7); }}", (True, False, True)),
        ("request_route { exit; } route[X] { setflag(7); }", (False, False, False)),
        ("request_route { route(X); } route[X] { setflag(7); }", (True, False, False)),
        (
            "request_route { $var(x) = 1; route(X); } route[X] { route(Y); }"
            " route[Y] { setflag(7); }",
            (True, True, False),
        ),
        (
            f"request_route {{ route(X); setflag(7); }} route[X] {{ if ({AUTH}) return; exit; }}",
            (True, False, True),
        ),
        (
            "request_route { route(X); setflag(7); } route[X] { $var(x) = 1; exit; }",
            (True, False, False),
        ),
        (
            "request_route { route($var(n)); setflag(7); } route[X] { $var(x) = 1; }",
            (True, True, False),
        ),
        (
            "request_route { if ($rU == 1) $var(x) = 1; else exit; setflag(7); }",
            (True, True, False),
        ),
        (
            "request_route { if ($rU == 1) { $var(x) = 1; exit; } else $rU = 2; setflag(7); }",
            (True, False, False),
        ),
        (
            "request_route { while ($rU == 1) { setflag(7); $var(x) = 1; } }",
            (True, True, False),
        ),
        (
            "request_route { switch ($rU) { case 1: $var(x) = 1; break; } setflag(7); }",
            (True, True, False),
        ),
        (
            "request_route { switch ($rU) { case 1: exit; default: drop; } setflag(7); }",
            (False, False, False),
        ),
        ("request_route { exit; } failure_route[F] { setflag(7); }", (True, False, True)),
        (
            "request_route { exit; } branch_route[F] { $var(x) = 1; setflag(7); }",
            (True, True, True),
        ),
        (
            "request_route { route(X); } route[X] { setflag(7); $var(x) = 1; route(X); }",
            (True, True, False),
        ),
    ],
)
def test_facts(view: View, text: str, expected: tuple[bool, bool, bool]) -> None:
    reached, set_, known = marked(view, text)
    if not expected[0]:
        assert not reached
    else:
        assert (reached, set_, known) == expected


def test_routes_that_a_text_names_may_come_after_anything(view: View) -> None:
    text = 'request_route { async_route("X", "5"); } route[X] { $var(x) = 1; setflag(7); }'
    assert marked(view, text) == (True, True, True)
