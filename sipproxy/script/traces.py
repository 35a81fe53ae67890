"""Code that counts each statement, or tells a tracer of each action, before it runs.

There is none where nobody counts or traces.
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
    function_number,
)
from sipproxy.script import tree
from sipproxy.script.scope import Scope

_UNNAMED = {"request_route": "DEFAULT_ROUTE", "reply_route": "DEFAULT_ONREPLY"}


class Traces:
    """Makes the calls of `host.trace` and `host.assigned` and what `host.hits` counts, if the host
    has them.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.emit = scope.emit

    def before(self, statement: tree.Statement) -> list[ast.stmt]:
        """What stands before a statement."""
        out = self._counted(statement)
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
