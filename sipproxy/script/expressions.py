"""Expressions of the cfg to Python expressions.

Kamailio evaluates an expression either as a value or as an int, and the place decides (see
:mod:`sipproxy.core.values`); hence :meth:`Expressions.value` and :meth:`Expressions.integer`. What
is known of a type (from constants, operators and declared pseudo-variables) picks plain Python
operators; the helpers of `core.values` do the rest.
"""

import ast

from sipproxy.core import runtime, values
from sipproxy.script import tree
from sipproxy.script.calls import Calls
from sipproxy.script.codes import Code
from sipproxy.script.conditions import condition
from sipproxy.script.fold import fold, guess
from sipproxy.script.operators import Operators, is_selval
from sipproxy.script.scope import Scope
from sipproxy.script.variables import Variables


class Expressions:
    """Compiles the expressions of one cfg; `fails` and `ends` tell about the last one.

    `fails`: it may raise EvalError. `ends`: it calls something that may set the end flag.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.emit = scope.emit
        self.calls = Calls(scope, self)
        self.operators = Operators(self)
        self.variables = Variables(self)
        self.fails = False
        self.ends = False

    def whole(self, expr: tree.Expr) -> tree.Expr:
        """Prepare an expression that stands alone in a statement: fold it, reset the notes."""
        self.fails = self.ends = False
        return fold(expr)

    def value(self, expr: tree.Expr) -> Code:
        """The expression as a value: int, str or None, never a bool."""
        code = self.code(expr)
        if code.type != "bool":
            return code
        self.emit.span = expr.span
        return Code(self.emit.choose(code.node, self.emit.const(1), self.emit.const(0)), "int")

    def integer(self, expr: tree.Expr) -> ast.expr:
        """The expression as an int."""
        if isinstance(expr, tree.Str):
            self.emit.span = expr.span
            return self.emit.const(values.to_int(expr.text))
        if isinstance(expr, tree.Binary) and expr.op == "+" and guess(expr.left) != "str":
            return self.operators.sum(expr)
        if isinstance(expr, tree.Unary) and expr.op == "int":
            return self.integer(expr.operand)
        if is_selval(expr):
            return self.no_int(expr)
        if isinstance(expr, tree.Pv) and (number := self._number(expr)):
            return number
        code = self.value(expr)
        self.emit.span = expr.span
        return code.node if code.type == "int" else self._to_int(code)

    def only_int(self, expr: tree.Pv) -> ast.expr:
        """The int that a pseudo-variable holds; None where it holds none."""
        if number := self._number(expr):
            return number
        code = self.value(expr)
        if code.type == "int":
            return code.node
        self.emit.span = expr.span
        return self.emit.call(self.emit.bind(runtime.only_int, "only_int"), code.node)

    def text_or_none(self, expr: tree.Pv) -> ast.expr:
        """The text of a pseudo-variable, None when it is undefined."""
        code = self.variables.pv(expr, textual=True)
        if code.type == "str":
            return code.node
        self.emit.span = expr.span
        return self.emit.call(self.emit.bind(runtime.text_or_none, "text_or_none"), code.node)

    def _number(self, expr: tree.Pv) -> ast.expr | None:
        """The int that a pseudo-variable keeps beside its text; None when it keeps none."""
        access = self.variables.access(expr)
        if access is None or access.number is None:
            return None
        self.emit.span = expr.span
        helper = self.emit.bind(access.number, access.number.__name__)
        return self.emit.call(helper, self.variables.read(access).node)

    def no_int(self, expr: tree.Expr) -> ast.expr:
        """selval() where an int is wanted: the statement fails."""
        self.fails = True
        self.emit.span = expr.span
        helper = runtime.selval_is_no_int
        return self.emit.call(self.emit.bind(helper, helper.__name__))

    def _to_int(self, code: Code) -> ast.expr:
        emit = self.emit
        convert = emit.bind(values.to_int, "to_int")
        if code.type == "str":
            return emit.call(convert, code.node)
        kept = emit.temporary()
        kind = emit.attribute(emit.keep(kept, code.node), "__class__")
        is_int = emit.compare(kind, ast.Is(), emit.name("int"))
        return emit.choose(is_int, emit.name(kept), emit.call(convert, emit.name(kept)))

    def text(self, expr: tree.Expr) -> ast.expr:
        """The expression as a string (undefined is empty)."""
        code = (
            self.variables.pv(expr, textual=True) if isinstance(expr, tree.Pv) else self.value(expr)
        )
        self.emit.span = expr.span
        if code.type == "str":
            return code.node
        if isinstance(expr, tree.Int):
            return self.emit.const(str(expr.value))
        return self.emit.call(self.emit.bind(values.to_str, "to_str"), code.node)

    def truth(self, expr: tree.Expr, *, positive: bool = False) -> ast.expr:
        """A test: not 0, or with `positive` (what `if` wants) greater than 0."""
        code = self._tested(expr)
        if code.type == "bool":
            return code.node
        emit = self.emit
        emit.span = expr.span
        if code.type == "int":
            op = ast.Gt() if positive else ast.NotEq()
            return emit.compare(code.node, op, emit.const(0))
        if isinstance(expr, tree.Binary):  # a sum is wanted as an int here
            op = ast.Gt() if positive else ast.NotEq()
            return emit.compare(self.integer(expr), op, emit.const(0))
        helper = values.truth_if if positive else values.truth
        return emit.call(emit.bind(helper, helper.__name__), code.node)

    def _tested(self, expr: tree.Expr) -> Code:
        """What a test looks at: a bool, or a value that is taken for an int."""
        if is_selval(expr):
            return Code(self.no_int(expr), "int")
        if isinstance(expr, tree.Pv) and (number := self._number(expr)):
            return Code(number, "int")
        return self.code(expr)

    def code(self, expr: tree.Expr) -> Code:
        """The expression with whatever type it has by nature."""
        emit = self.emit
        match expr:
            case tree.Int():
                emit.span = expr.span
                return Code(emit.const(expr.value), "int")
            case tree.Str():
                emit.span = expr.span
                return Code(emit.const(expr.text), "str")
            case tree.Pv() | tree.Select() | tree.Attr():
                return self.variables.pv(expr)
            case tree.Unary():
                return self.operators.unary(expr)
            case tree.Binary():
                return self.operators.binary(expr)
            case tree.Builtin():
                return self.operators.builtin(expr)
            case tree.Condition():
                node = condition(self, expr)
                return Code(self.calls.traces.value("condition", expr.span, node), "bool")
            case tree.AssignExpr() | tree.Call() | tree.RouteCall() | tree.BlockExpr():
                node = self.calls.code(expr)
                emit.span = expr.span
                return Code(emit.compare(node, ast.Gt(), emit.const(0)), "bool")
            case _:
                self.scope.error(expr.span, "a value is expected here")
                return Code(emit.const(0), "int")
