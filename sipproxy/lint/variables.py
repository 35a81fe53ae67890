"""SP4xx: `$var`s and texts."""

import re
from collections.abc import Iterator

from sipproxy.core.suggest import suggestion
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import Step
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import COMPARISONS
from sipproxy.script import tree

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "textops.so"
"""


@rule(
    "SP404",
    "a $var is read that nothing has set",
    wrong=_HEAD
    + """
    request_route {
        if ($fU =~ "^[0-9]+$") {
            $var(caller) = "phone";
        }
        if ($var(callr) == "phone") {
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    request_route {
        $var(caller) = "";
        if ($fU =~ "^[0-9]+$") {
            $var(caller) = "phone";
        }
        if ($var(caller) == "phone") {
            exit;
        }
    }
    """,
)
def read_before_set(cfg: Cfg) -> Found:
    """A `$var` belongs to the process, not to the message: it keeps what an earlier message left in
    it. One that is read before the script has set it holds somebody else's value, or 0. It works in
    every test with one call and fails under load.

    Other route blocks count as other messages: a reply or a failure may come to another process
    than the request did, so a `$var` of the request is not there in `failure_route`. Use `$avp` or
    `$xavp` for what has to follow the transaction.

    Reported is a reading for which there is no way through the script on which the variable was set
    before; a function that gets the variable as an argument may set it.
    """
    if not cfg.is_whole:
        return
    told = _counters(cfg)
    for use in cfg.uses:
        name = use.spec.inner
        if use.spec.name != "var" or use.written or not name or "$" in name or use.is_handed_over:
            continue
        if name in told or not cfg.flow.reached(use.step) or cfg.flow.may_be_set(name, use.step):
            continue
        told.add(name)
        if name in cfg.flow.ever_set:
            yield use.span, f"$var({name}) is read before this message has set it", ""
        else:
            hint = suggestion(name, cfg.flow.ever_set)
            yield use.span, f"$var({name}) is read and nothing ever sets it", hint


def _counters(cfg: Cfg) -> set[str]:
    """Names of `$var`s that are only ever given a value made of their own: `$var(n) = $var(n) + 1`
    counts what a process has done, over many messages."""
    others: set[str] = set()
    own: set[str] = set()
    for use in cfg.uses:
        name = use.spec.inner
        if use.spec.name == "var" and name and (use.written or use.is_handed_over):
            around = cfg.uses_of(use.step)
            reads = [u for u in around if u.spec.text == use.spec.text and not u.written]
            (own if use.written and reads else others).add(name)
    return own - others


_VARIABLE = re.compile(
    r"\$(?:\(?(?:var|avp|xavp|xavu|xavi|shv|hdr|sht|dlg_var|branch|sel|def|cfg_get)\(|"
    r"\(?(?:[rftao][uUdn]|ru|rm|rs|rr|si|sp|ci|cs|ct|ua|au|ar|Ri|Rp|mb|du|Ts|TS|proto|di)\b)"
)


@rule(
    "SP405",
    "a pseudo-variable in a text that is not replaced",
    wrong=_HEAD
    + """
    request_route {
        $var(uri) = "sip:$rU@example.com";
        if ($fu == "sip:$tU@example.com") {
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    request_route {
        $var(uri) = "sip:" + $rU + "@example.com";
        if ($fu == $_s(sip:$tU@example.com)) {
            exit;
        }
    }
    """,
)
def not_replaced(cfg: Cfg) -> Found:
    """In the arguments of most functions `$rU` in a text is replaced by its value. In assignments,
    comparisons and other expressions it is not: a text there is exactly what is written, dollar and
    all.

    Join the parts with `+`, or write `$_s(...)`, a text with its pseudo-variables replaced.
    Patterns of `=~` are not reported: there the dollar is the end of the line.
    """
    for step in cfg.steps:
        for text in _literals(step):
            found = _VARIABLE.search(text.text)
            if found:
                name = found[0].rstrip("(")
                message = (
                    f"{name} stays as it is written: a text is not searched for variables here"
                )
                yield text.span, message, 'join the parts with +, or write $_s(...) for "..."'


def _literals(step: Step) -> Iterator[tree.Str]:
    """The texts of a statement that are operands."""
    match step.statement:
        case tree.Assign(value=expr):
            yield from _operands(expr)
        case tree.If(condition=expr) | tree.While(condition=expr) | tree.Switch(subject=expr):
            yield from _operands(expr)
        case tree.Leave(value=expr) if expr is not None:
            yield from _operands(expr)


def _operands(expr: tree.Expr) -> Iterator[tree.Str]:
    match expr:
        case tree.Str():
            yield expr
        case tree.Binary(op="=~"):
            yield from _operands(expr.left)
        case tree.Binary() if expr.op in COMPARISONS or expr.op in ("+", "eq", "ne", "&&", "||"):
            yield from _operands(expr.left)
            yield from _operands(expr.right)
        case tree.Unary():
            yield from _operands(expr.operand)


RULES: tuple[Rule, ...] = (read_before_set, not_replaced)
