"""What is gathered from a tree in one pass."""

from collections.abc import Callable

import pytest

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import canonical
from sipproxy.script import tree

View = Callable[[str], Cfg]


def test_statements_in_their_places(view: View) -> None:
    cfg = view("request_route { if ($rU == 1) { exit; } else { drop; setflag(1); } }")
    outer, first, second, third = cfg.steps
    assert [step.part for step in cfg.steps] == ["", "then", "else", "else"]
    assert first.above is second.above is third.above is outer
    assert third.earlier() == (second.statement,)
    assert second.later() == (third.statement,)
    assert list(third.outer()) == [third, outer]
    assert third.route.kind == "request_route"


def test_statements_of_cases_loops_and_expressions(view: View) -> None:
    cfg = view(
        "request_route { switch ($rU) { case 1: exit; default: drop; } while (1) { break; } }"
    )
    assert [step.part for step in cfg.steps] == ["", "case", "case", "", "body"]
    assert cfg.steps[1].case is not None
    assert isinstance(cfg.steps[1].case.label, tree.Int)


def test_uses_of_pseudo_variables(view: View) -> None:
    cfg = view('request_route { $var(a) = $rU + f("x $fU $(tU{s.len})", $var(b)); }')
    uses = [(use.spec.text, use.written, use.call.name if use.call else "") for use in cfg.uses]
    assert uses == [
        ("$rU", False, ""),
        ("$fU", False, "f"),
        ("$(tU{s.len})", False, "f"),
        ("$var(b)", False, "f"),
        ("$var(a)", True, ""),
    ]
    assert [use.is_handed_over for use in cfg.uses] == [False, False, False, True, False]


def test_uses_inside_of_others(view: View) -> None:
    cfg = view(
        "request_route { $avp(x) = $(var(y){s.substr,0,$avp(z)}) + $sht(t=>$au::$avp($fU)); }"
    )
    inner = [(use.spec.text, use.inside.name if use.inside else "") for use in cfg.uses]
    assert inner == [
        ("$(var(y){s.substr,0,$avp(z)})", ""),
        ("$avp(z)", "var"),
        ("$sht(t=>$au::$avp($fU))", ""),
        ("$au", "sht"),
        ("$avp($fU)", "sht"),
        ("$fU", "avp"),
        ("$avp(x)", ""),
    ]


def test_cells(view: View) -> None:
    cfg = view("request_route { $sht(a=>$(fU)) = $shtinc(b=>k) + $shtex(a=>$fU); }")
    assert [(c.table, c.key, c.name, c.use.written) for c in cfg.cells] == [
        ("b", "k", "shtinc", False),
        ("a", "$fU", "shtex", False),
        ("a", "$fU", "sht", True),
    ]
    assert cfg.cells[1].same_as(cfg.cells[2])
    assert not cfg.cells[0].same_as(cfg.cells[1])
    assert cfg.made_of(cfg.cells[2]) == {"fU"}


@pytest.mark.parametrize(
    ("written", "read"),
    [("$(fU)", "$fU"), ("$(fU{s.len})", "$(fU{s.len})"), ("a::$(si)::b", "a::$si::b"), ("k", "k")],
)
def test_keys_are_compared_in_one_form(written: str, read: str) -> None:
    assert canonical(written) == read


def test_tables_parameters_and_modules(view: View) -> None:
    cfg = view(
        'loadmodule "htable.so"\n'
        'modparam("htable", "htable", "a=>size=4;autoexpire=9")\n'
        'modparam("htable|other", "htable", "b=>size=5")\n'
        'modparam("htable", "htable", "broken=>nonsense=1")\n'
        'modparam("(", "htable", "c=>size=5")\n'
        'modparam("htable", "enable_dmq", 1)\n'
        "request_route { exit; }\n"
    )
    assert {name: one.spec.size for name, one in cfg.tables.items()} == {"a": 4, "b": 5}
    assert cfg.tables["a"].span.line == 2
    assert cfg.number("htable", "enable_dmq") == 1
    assert cfg.number("htable", "timer_interval", 20) == 20
    assert cfg.is_loaded("htable") and not cfg.is_loaded("tm")
    assert not cfg.computes_tables
    assert cfg.is_whole


def test_route_calls(view: View) -> None:
    cfg = view(
        'request_route { if (route(A)) { route("B"); } route($var(x)); }\n'
        "route[A] { exit; }\nroute[B] { exit; }"
    )
    called = [cfg.jumps.get(id(step)) for step in cfg.steps]
    assert called == [["A"], ["B"], [None], None, None]
    assert set(cfg.named_routes) == {"0", "A", "B"}


def test_words_of_texts(view: View) -> None:
    cfg = view('modparam("rtimer", "exec", "timer=t;route=X")\nrequest_route { t_on_branch("B"); }')
    assert {"X", "B", "t"} <= cfg.words


def test_blocks_in_expressions(view: View) -> None:
    cfg = view("request_route { if ({ $var(x) = 1; }) { exit; } }")
    assert "$var(x)" in [use.spec.text for use in cfg.uses]


def test_what_cannot_be_read_is_passed_over(view: View) -> None:
    cfg = view('request_route { xlog("a $ b $rU"); $sht(nothing) = 1; }')
    assert cfg.cells == []
