"""Code that counts each statement, or tells a tracer of each action, before it runs, and an
onlooker of each value.

There is none where nobody counts, traces or looks on.
"""

import ast

from sipproxy.core.tracing import (
    ASSIGN,
    CASE,
    CORE_FUNCTIONS,
    IF,
    LEAVE,
    ROUTE,
    SWITCH,
    WHILE,
    Action,
    Step,
    function_number,
)
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.scope import Scope, route_key

_UNNAMED = {"request_route": "DEFAULT_ROUTE", "reply_route": "DEFAULT_ONREPLY"}


class Traces:
    """Makes the calls of `host.trace`, `host.assigned` and `host.onlooker` and what `host.hits`
    counts, if the host has them.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.emit = scope.emit

    def before(self, statement: tree.Statement) -> list[ast.stmt]:
        """What stands before a statement."""
        out = [*self._counted(statement), *self._seen(statement)]
        if self.scope.host.trace is None:
            return out
        shown = self._shown(statement.expr if isinstance(statement, tree.Evaluate) else statement)
        return [*out, self.emit.do(self._told(statement, *shown))]

    def _counted(self, statement: tree.Statement) -> list[ast.stmt]:
        """`hits[7] += 1`."""
        hits, emit, span = self.scope.host.hits, self.emit, statement.span
        if hits is None:
            return []
        emit.span = span
        number = hits.number(span.file, span.line, span.column)
        return [emit.count(emit.bind(hits.counts, "hits"), number)]

    def turn(self, statement: tree.While) -> list[ast.stmt]:
        """What stands before a loop's condition each time it is asked."""
        return self._seen(statement, each_turn=True)

    def _seen(self, statement: tree.Statement, *, each_turn: bool = False) -> list[ast.stmt]:
        """`onlooker.runs(c, step)`; a loop is told of at each turn."""
        if self.scope.host.onlooker is None or each_turn != isinstance(statement, tree.While):
            return []
        emit, span = self.emit, _shown_part(statement)
        emit.span = statement.span
        return [emit.do(self._onlooker("runs", Step("statement", self._route(), span, "")))]

    def value(self, kind: str, span: Span, node: ast.expr, text: str = "") -> ast.expr:
        """An expression of whose value an onlooker is told: see :class:`Step`."""
        if self.scope.host.onlooker is None:
            return node
        emit = self.emit
        before, emit.span = emit.span, span
        node = self._onlooker("comes", Step(kind, self._route(), span, text), node)
        emit.span = before
        return node

    def _onlooker(self, method: str, step: Step, *more: ast.expr) -> ast.expr:
        emit = self.emit
        told = emit.attribute(emit.bind(self.scope.host.onlooker, "onlooker"), method)
        named = emit.bind(step, f"{step.kind}_{step.span.line}")
        return emit.call(told, emit.name("c"), named, *more)

    def _route(self) -> str:
        route = self.scope.route
        return route_key(route.kind, route.name) if route else ""

    def around(self, expr: tree.Expr, node: ast.expr) -> ast.expr:
        """A call inside an expression, told of just before it is made."""
        if self.scope.host.trace is None:
            return node
        told = self._told(expr, *self._shown(expr))
        return self.emit.boolean(ast.Or(), [told, node])

    def after(self, statement: tree.Assign) -> list[ast.stmt]:
        """What stands behind an assignment."""
        assigned = self.scope.host.assigned
        if assigned is None or not isinstance(statement.target, tree.Pv):
            return []
        emit = self.emit
        emit.span = statement.span
        access = emit.bind(self.scope.host.pv(statement.target.text), statement.target.text)
        return [emit.do(emit.call(emit.bind(assigned, "assigned"), emit.name("c"), access))]

    def _told(self, node: tree.Node, number: int, name: str) -> ast.expr:
        emit, route = self.emit, self.scope.route
        block = (route.name or _UNNAMED.get(route.kind, "")) if route else ""
        emit.span = node.span
        action = Action(block, node.span.file, node.span.line, number, name)
        trace = emit.bind(self.scope.host.trace, "trace")
        return emit.call(trace, emit.name("c"), emit.bind(action, f"action_{node.span.line}"))

    def _shown(self, node: tree.Node) -> tuple[int, str]:
        """Number and name of an action: a statement, or a call in an expression."""
        match node:
            case tree.Assign():
                return ASSIGN, "assign"
            case tree.If():
                return IF, "if"
            case tree.While():
                return WHILE, "while"
            case tree.Switch():
                texts = any(isinstance(case.label, tree.Str | tree.Regex) for case in node.cases)
                return (CASE, "case") if texts else (SWITCH, "switch")
            case tree.Leave():
                return LEAVE, node.kind
            case tree.RouteCall():
                return ROUTE, "route"
        assert isinstance(node, tree.Call)
        return self._function(node)

    def _function(self, call: tree.Call) -> tuple[int, str]:
        declared = self.scope.host.functions.get(call.name, ())
        if any(one.module == "core" for one in declared):
            return CORE_FUNCTIONS.get(call.name, (0, "unknown"))
        plain = (tree.Str, tree.Int, tree.Bareword, tree.Ip)
        constant = all(isinstance(argument, plain) for argument in call.args)
        return function_number(len(call.args), constant=constant), call.name


def _shown_part(statement: tree.Statement) -> Span:
    """What of a statement is shown: of those with blocks the head only."""
    match statement:
        case tree.If() | tree.While():
            return statement.span.to(statement.condition.span)
        case tree.Switch():
            return statement.span.to(statement.subject.span)
    return statement.span
