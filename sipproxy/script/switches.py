"""`switch` to Python: a table or a search finds the case to enter at, and a one-turn loop around
the cases gives `break` its meaning and lets one case run into the next."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from sipproxy.core import runtime
from sipproxy.core.regex import RegexError
from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.values import EvalError
from sipproxy.script import tree
from sipproxy.script.codes import Use
from sipproxy.script.fold import constant, fold, guess

if TYPE_CHECKING:
    from sipproxy.script.statements import Statements


def switch(build: Statements, statement: tree.Switch, use: Use) -> list[ast.stmt]:
    """The statements of a switch; what they answer goes where `use` says."""
    emit = build.emit
    keep = Use.UNUSED if use is Use.UNUSED else Use.KEPT
    subject = build.expressions.whole(statement.subject)
    entry = emit.temporary()
    out = _enter(build, statement, subject, entry, keep)
    build.loops += 1
    body: list[ast.stmt] = []
    for number, case in enumerate(statement.cases):
        if case.body.statements:
            inner = build.nested(case.body, keep)
            emit.span = case.span
            reached = emit.compare(emit.name(entry), ast.LtE(), emit.const(number))
            body.append(emit.when(reached, inner))
    build.loops -= 1
    emit.span = statement.span
    out.append(emit.loop(emit.const(1), [*body, emit.leave_loop()]))
    if use is Use.ANSWER:
        out.append(emit.give(emit.name("r")))
    return out


def _enter(
    build: Statements, statement: tree.Switch, subject: tree.Expr, entry: str, keep: Use
) -> list[ast.stmt]:
    """Statements that leave the number of the case to enter at in the variable `entry`.

    A subject without a value takes the default case, as if it were a value no case has.
    """
    emit, expressions = build.emit, build.expressions
    default = _default(statement)
    chosen = _chosen(build, statement, subject, default)
    emit.span = statement.span
    out: list[ast.stmt] = []
    if keep is Use.KEPT:
        missed = 1 if constant(subject) is None else runtime.BUG_CODE
        out.append(emit.let("r", emit.const(missed)))
    find: ast.stmt = emit.let(entry, chosen)
    if expressions.fails:
        handler = [*build.finish(build.failed(statement.span), keep)]
        handler.append(emit.let(entry, emit.const(default)))
        find = emit.attempt([find], emit.bind(EvalError, "EvalError"), handler)
    out.append(find)
    return [*out, *build.end_test()] if expressions.ends else out


def _chosen(
    build: Statements, statement: tree.Switch, subject: tree.Expr, default: int
) -> ast.expr:
    """The number of the first case that has the subject's value, else `default`."""
    emit, expressions = build.emit, build.expressions
    labels = [(n, case.label) for n, case in enumerate(statement.cases) if case.label is not None]
    if labels and not isinstance(labels[0][1], tree.Regex) and guess(labels[0][1]) == "int":
        node = expressions.integer(subject)
    else:
        node = expressions.text(subject)
    emit.span = statement.span
    node = expressions.calls.traces.value("value", statement.subject.span, node, "switch")
    table = _table(build, labels)
    if any(isinstance(label, tree.Regex) for _, label in labels):
        tests = tuple((_test(build, label), number) for number, label in labels)
        find = emit.bind(runtime.matching_case, "matching_case")
        return emit.call(find, node, emit.bind(tests, "cases"), emit.const(default))
    return emit.call(emit.bind(table.get, "case_of"), node, emit.const(default))


def _table(
    build: Statements, labels: list[tuple[int, tree.Expr | tree.Regex]]
) -> dict[int | str, int]:
    """The number of the case for each value; one that occurs twice is reported."""
    table: dict[int | str, int] = {}
    for number, label in labels:
        if isinstance(label, tree.Regex):
            continue
        value = _constant(build, label)
        if table.setdefault(value, number) != number:
            build.scope.error(label.span, f"this switch has a case {value!r} already")
    return table


def _default(statement: tree.Switch) -> int:
    """The number of the default case; without one, a number beyond the last."""
    for number, case in enumerate(statement.cases):
        if case.label is None:
            return number
    return len(statement.cases)


def _test(build: Statements, label: tree.Expr | tree.Regex) -> runtime.CaseTest:
    """Whether a text fits a label; a bad pattern is reported."""
    if not isinstance(label, tree.Regex):
        return str(_constant(build, label)).__eq__
    try:
        return compile_regex(label.text, ignore_case=False).search
    except RegexError as error:
        build.scope.error(label.span, f"bad regular expression: {error}")
        return "".__eq__


def _constant(build: Statements, label: tree.Expr | tree.Regex) -> int | str:
    value = None if isinstance(label, tree.Regex) else constant(fold(label))
    if value is None:
        build.scope.error(label.span, "the label of a case is a constant")
        return 0
    return value
