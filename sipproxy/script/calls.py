"""Calls of functions and routes: arity, route masks, arguments, return codes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sipproxy.core import runtime
from sipproxy.core.access import Format, PvAccess
from sipproxy.core.declared import FunctionDecl, Parameter
from sipproxy.core.module import FunctionMark
from sipproxy.core.params import Filled, FlagNumber, Parsed, Plain, RouteName, Unread, VarOrText
from sipproxy.core.resolve import ResolveError
from sipproxy.core.suggest import suggestion
from sipproxy.core.values import Value
from sipproxy.errors import Problem
from sipproxy.script import tree
from sipproxy.script.fold import fold
from sipproxy.script.graph import constants_of, static_name
from sipproxy.script.scope import ROUTE_MASK, Scope
from sipproxy.script.traces import Traces

if TYPE_CHECKING:
    from sipproxy.script.expressions import Expressions

_EMPTY_REALM = 'write "$fd" or "$td", or #!sipproxy compat=3.0 which takes it for one of those'


class Target(NamedTuple):
    """A called route: Python for its function, or for one found at run time (`name` is None)."""

    node: ast.expr
    name: str | None
    suspends: bool


class Calls:
    """Compiles calls; the expressions around them are the caller's."""

    def __init__(self, scope: Scope, expressions: Expressions) -> None:
        self.scope = scope
        self.emit = scope.emit
        self.expressions = expressions
        self.traces = Traces(scope)
        self.make_block: Any = None
        """Compiles `{ actions }` to a hidden function; given by the statement compiler."""
        self._given: list[ast.expr] = []
        """What must hold of the arguments of the call at hand, else it fails without being made."""

    # -- inside expressions

    def code(self, expr: tree.Call | tree.RouteCall | tree.AssignExpr | tree.BlockExpr) -> ast.expr:
        """The return code as Python int, for a call inside an expression."""
        match expr:
            case tree.Call():
                return self.traces.around(expr, self._function_code(expr))
            case tree.RouteCall():
                return self.traces.around(expr, self._route_code(expr))
            case _:
                return self._block_code(expr)

    def _function_code(self, expr: tree.Call) -> ast.expr:
        found = self.function(expr)
        emit = self.emit
        if found is None:
            return emit.const(0)
        declared, node = found
        emit.span = expr.span
        if declared.module == "core":
            helper = runtime.core_code
        elif declared.returns == "int":
            helper = runtime.int_code  # type: ignore[assignment]
            self.expressions.ends = True
        else:
            helper = runtime.bool_code  # type: ignore[assignment]
        return emit.call(emit.bind(helper, helper.__name__), emit.name("c"), node)

    def _route_code(self, expr: tree.RouteCall) -> ast.expr:
        emit = self.emit
        self.expressions.ends = True
        target = self.route(expr)
        emit.span = expr.span
        if target is None:
            return emit.const(0)
        name = "route_code" if target.name is not None else "computed_code"
        if target.suspends:
            name += "_async"
        helper = emit.bind(getattr(runtime, name), name)
        node = emit.call(helper, emit.name("c"), target.node)
        return emit.awaited(node) if target.suspends else node

    def _block_code(self, expr: tree.AssignExpr | tree.BlockExpr) -> ast.expr:
        emit = self.emit
        if isinstance(expr, tree.AssignExpr):
            body = tree.Block(expr.span, (expr.assign,))
        else:
            body = expr.body
        name, suspends = self.make_block(body)
        self.expressions.ends = True
        emit.span = expr.span
        helper = runtime.block_code_async if suspends else runtime.block_code
        called = "block_code_async" if suspends else "block_code"
        node = emit.call(emit.bind(helper, called), emit.name("c"), emit.name(name))
        return emit.awaited(node) if suspends else node

    # -- routes

    def route(self, expr: tree.RouteCall) -> Target | None:
        """The route that is called; None when there is none, which was reported."""
        emit = self.emit
        name = static_name(expr)
        if name is not None:
            function = self.scope.functions.get(name)
            if function is None:
                hint = suggestion(name, self.scope.functions)
                self.scope.error(expr.span, f'route "{name}" is not defined', hint)
                return None
            emit.span = expr.span
            return Target(emit.name(function), name, name in self.scope.suspending)
        text = self.expressions.text(expr.name)
        emit.span = expr.span
        where = emit.const(f"{expr.span.file}:{expr.span.line}")
        found = emit.call(emit.name("route_named"), emit.name("c"), text, where)
        return Target(found, None, self.scope.any_suspends)

    # -- functions

    def function(self, expr: tree.Call) -> tuple[FunctionDecl, ast.expr] | None:
        """The declaration a call means, and the plain Python call; None when it was reported."""
        declared = self._declared(expr)
        if declared is None:
            return None
        self._check_mask(declared, expr)
        self._hear_remarks(declared, expr)
        params: list[Parameter] = list(declared.params)
        while declared.rest and len(params) < len(expr.args):
            params.append(declared.rest)
        self._given = []
        args = [
            self._argument(fold(arg), param, number, expr.name)
            for number, (arg, param) in enumerate(zip(expr.args, params, strict=False), 1)
        ]
        emit = self.emit
        emit.span = expr.span
        node = emit.call(emit.bind(declared.call, declared.name), emit.name("c"), *args)
        node = emit.awaited(node) if declared.is_async else node
        if self._given:
            failed = emit.const(-1 if declared.returns == "int" else False)
            given, *more = self._given
            test = emit.boolean(ast.And(), self._given) if more else given
            node = emit.choose(test, node, failed)
        return declared, self.traces.value("call", expr.span, node, f"{expr.name}()")

    def _declared(self, expr: tree.Call) -> FunctionDecl | None:
        overloads = self.scope.host.functions.get(expr.name)
        if not overloads:
            hint = self.scope.host.elsewhere(FunctionMark, expr.name)
            hint = hint or suggestion(expr.name, self.scope.names())
            self.scope.error(expr.name_span, f'unknown function "{expr.name}"', hint)
            return None
        arguments = constants_of(expr)
        for declared in overloads:
            if declared.fits(arguments):
                return declared
        count = len(arguments)
        takes = " or ".join(dict.fromkeys(map(_counts, overloads)))
        message = f"{expr.name}() takes {takes} parameters, {count} given"
        self.scope.error(expr.name_span, message)
        return None

    def _check_mask(self, declared: FunctionDecl, expr: tree.Call) -> None:
        route = self.scope.route
        if route is not None and ROUTE_MASK[route.kind].isdisjoint(declared.routes):
            message = f"{expr.name}() cannot be used in {route.kind}"
            self.scope.error(expr.name_span, message)

    def _hear_remarks(self, declared: FunctionDecl, expr: tree.Call) -> None:
        """Let the module look at the constants among the arguments."""
        module = self.scope.host.modules.get(declared.module)
        if module is None:  # a test's stub
            return
        args = [fold(arg) for arg in expr.args]
        for remark in module.remarks_on(expr.name, constants_of(expr)):
            span = args[remark.argument - 1].span if remark.argument else expr.span
            self.scope.note(Problem(span, remark.message, remark.hint, remark.severity))

    def _argument(self, arg: tree.Expr, param: Parameter, number: int, function: str) -> ast.expr:
        emit = self.emit
        emit.span = arg.span
        kind = param.kind
        try:
            if kind is str:
                return self._text(arg, param.nullable)
            if kind is int:
                return self._number(arg, param.nullable)
            if kind is Filled or kind is VarOrText:
                return self._filled(arg, param)
            if kind == Value:
                return self.expressions.value(arg).node
            if kind is Format:
                return self._lazy_text(arg, number, function)
            if kind is PvAccess:
                return self._pseudo_variable(arg)
            if kind is FlagNumber:
                return emit.const(self._flag(arg))
            if kind is Unread:
                return emit.const(None)
            text = self._constant_text(arg, number, function)
            if kind is RouteName:
                self._check_route_name(text, arg)
            elif kind is not Plain and isinstance(kind, type) and issubclass(kind, Parsed):
                parsed = kind.parse(text)
                parsed.stands_at(arg.span)
                parsed.bind(self.scope.host)
                return emit.bind(parsed, kind.__name__)
            return emit.const(text)
        except ResolveError as error:
            self.scope.error(arg.span, error.message, error.hint)
        except ValueError as error:
            self.scope.error(arg.span, f"parameter {number} of {function}: {error}")
        return emit.const(None)

    def _text(self, arg: tree.Expr, nullable: bool) -> ast.expr:
        if isinstance(arg, tree.Str):
            format = self.scope.host.format(arg.text)
            if nullable and format.constant is None and len(format.pieces) == 1:
                return self.expressions.text_or_none(tree.Pv(arg.span, arg.text))
            self.emit.span = arg.span
            return (
                self.expressions.variables.formatted(format) if format.text else self.emit.const("")
            )
        return self.expressions.text(arg)

    def _filled(self, arg: tree.Expr, param: Parameter) -> ast.expr:
        """A text whose constant form is not empty."""
        if isinstance(arg, tree.Str):
            if not arg.text and self.scope.host.compat != "3.0":
                raise ResolveError(
                    f"an empty {param.name} is not allowed",
                    _EMPTY_REALM if param.name == "realm" else "",
                )
            if param.kind is VarOrText and len(self.scope.host.format(arg.text).pieces) > 1:
                return self.emit.const(arg.text)
        return self._text(arg, param.nullable)

    def _number(self, arg: tree.Expr, nullable: bool) -> ast.expr:
        if isinstance(arg, tree.Str):
            text = arg.text.strip()
            if text.startswith("$") and nullable:
                return self.expressions.only_int(tree.Pv(arg.span, text))
            if text.startswith("$"):
                return self._given_number(tree.Pv(arg.span, text))
            try:
                return self.emit.const(int(text, 0) if text[:2] == "0x" else int(text))
            except ValueError:
                raise ValueError(f'"{arg.text}" is no number') from None
        return self.expressions.integer(arg)

    def _given_number(self, arg: tree.Pv) -> ast.expr:
        """A number from a quoted pseudo-variable: where that holds none, the call is left out."""
        emit = self.emit
        kept = emit.temporary()
        number = emit.keep(kept, self.expressions.only_int(arg))
        emit.span = arg.span
        self._given.append(emit.compare(number, ast.IsNot(), emit.const(None)))
        return emit.name(kept)

    def _lazy_text(self, arg: tree.Expr, number: int, function: str) -> ast.expr:
        text = self._constant_text(arg, number, function)
        format = self.scope.host.format(text)
        emit = self.emit
        emit.span = arg.span
        variables = self.expressions.variables
        kept, variables.kept = variables.kept, None
        body = variables.formatted(format) if text else emit.const("")
        variables.kept = kept
        emit.span = arg.span
        name = emit.reserve(f"text_{arg.span.line}", None)
        self.scope.hidden.append(emit.function(name, [emit.give(body)]))
        return emit.name(name)

    def _pseudo_variable(self, arg: tree.Expr) -> ast.expr:
        text = arg.text if isinstance(arg, tree.Str | tree.Pv) else ""
        if not text.startswith("$"):
            raise ValueError("a pseudo-variable is expected")
        return self.emit.bind(self.scope.host.pv(text), text)

    def _flag(self, arg: tree.Expr) -> int:
        if isinstance(arg, tree.Int) and 0 <= arg.value <= 31:
            return arg.value
        if isinstance(arg, tree.Int):
            raise ValueError(f"flag {arg.value} is not between 0 and 31")
        if isinstance(arg, tree.Bareword):
            number = self.scope.host.flags.get(arg.text)
            if number is None:
                raise ValueError(f"the flag {arg.text} is not declared")
            return number
        raise ValueError("a flag's number or declared name is expected")

    def _constant_text(self, arg: tree.Expr, number: int, function: str) -> str:
        match arg:
            case tree.Str() | tree.Bareword():
                return arg.text
            case tree.Int():
                return str(arg.value)
            case tree.Ip():
                return f"{arg.text}/{arg.mask}" if arg.mask else arg.text
            case tree.UriPart():
                return f"uri:{arg.part}"
            case tree.Address():
                proto = f"{arg.proto}:" if arg.proto else ""
                bare = arg.host.strip("[]")
                host = f"[{bare}]" if ":" in bare else bare
                return f"{proto}{host}:{arg.port}" if arg.port else proto + host
        raise ValueError("not a constant")

    def _check_route_name(self, name: str, arg: tree.Expr) -> None:
        known: Sequence[str] = [r.name for r in self.scope.routes.values() if r.name]
        if name and name != "0" and name not in known:
            hint = suggestion(name, known)
            self.scope.warn(arg.span, f'no route block is named "{name}"', hint)


def _counts(declared: FunctionDecl) -> str:
    """How many parameters a declaration takes, for a message."""
    if declared.rest:
        return f"{declared.least} or more"
    if declared.least == declared.most:
        return str(declared.least)
    return f"{declared.least} to {declared.most}"
