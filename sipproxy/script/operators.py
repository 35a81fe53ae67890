"""The operators of the cfg language as Python: plain operators where the types are known before
the run, the helpers of `core.values` elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sipproxy.core import values
from sipproxy.core.conditions import matches
from sipproxy.core.regex import RegexError
from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.codes import Code
from sipproxy.script.fold import guess

if TYPE_CHECKING:
    from sipproxy.script.expressions import Expressions

_COMPARE: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "ieq": ast.Eq,
    "ine": ast.NotEq,
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "<": ast.Lt,
    ">": ast.Gt,
    "<=": ast.LtE,
    ">=": ast.GtE,
}
_PLAIN: dict[str, type[ast.operator]] = {"&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor}
"""Of two 32-bit ints they make one."""
_WRAPPED: dict[str, type[ast.operator]] = {"-": ast.Sub, "*": ast.Mult}
_HELPER = {
    "-": values.sub,
    "*": values.mul,
    "/": values.div,
    "mod": values.mod,
    "<<": values.shl,
    ">>": values.shr,
}
_SIMPLE = (tree.Int, tree.Str, tree.Pv)
_BACK_REFERENCE = re.compile(r"\\[1-9]")
_SMALL = 1 << 16
_LONG_CHAIN = 50
"""Terms of a sum above which it is made flat: Python cannot nest thousands of operators."""


class Operators:
    """Compiles unary, binary and builtin operators; their operands are the caller's."""

    def __init__(self, build: Expressions) -> None:
        self.build = build
        self.scope = build.scope
        self.emit = build.scope.emit

    def unary(self, expr: tree.Unary) -> Code:
        emit = self.emit
        match expr.op:
            case "!":
                node = self.build.truth(expr.operand)
                emit.span = expr.span
                return Code(emit.invert(node), "bool")
            case "-" | "~":
                helper = values.neg if expr.op == "-" else values.bnot
                node = self.build.integer(expr.operand)
                emit.span = expr.span
                return Code(emit.call(emit.bind(helper, helper.__name__), node), "int")
            case "int":
                return Code(self.build.integer(expr.operand), "int")
            case "str":
                return Code(self.build.text(expr.operand), "str")
            case _:
                node = self.build.value(expr.operand).node
                emit.span = expr.span
                return Code(emit.compare(node, ast.IsNot(), emit.const(None)), "bool")

    def builtin(self, expr: tree.Builtin) -> Code:
        emit = self.emit
        if expr.name == "selval":
            test = self.build.truth(expr.args[0], positive=True)
            yes, no = self._not_undefined(expr.args[1]), self._not_undefined(expr.args[2])
            emit.span = expr.span
            type_ = yes.type if yes.type == no.type else "any"
            return Code(emit.choose(test, yes.node, no.node), type_)
        node = self.build.value(expr.args[0]).node
        emit.span = expr.span
        helper = values.strlen if expr.name == "strlen" else values.strempty
        type_ = "int" if expr.name == "strlen" else "bool"
        return Code(emit.call(emit.bind(helper, expr.name), node), type_)

    def _not_undefined(self, expr: tree.Expr) -> Code:
        """A value in which undefined has become the empty string."""
        code = self.build.value(expr)
        if code.type != "any":
            return code
        emit = self.emit
        kept = emit.temporary()
        missing = emit.compare(emit.keep(kept, code.node), ast.Is(), emit.const(None))
        return Code(emit.choose(missing, emit.const(""), emit.name(kept)), "any")

    def binary(self, expr: tree.Binary) -> Code:
        op = expr.op
        if op in ("&&", "||"):
            return self._logical(expr)
        if op == "+":
            return self._plus(expr)
        if op == "=~":
            return Code(self._match(expr), "bool")
        if op in ("==", "!="):
            return Code(self._equal(expr), "bool")
        if op in _COMPARE:
            wanted = self.build.text if op in ("eq", "ne") else self.build.integer
            left, right = wanted(expr.left), wanted(expr.right)
            self.emit.span = expr.span
            return Code(self.emit.compare(left, _COMPARE[op](), right), "bool")
        if op == "-" and isinstance(expr.right, tree.Int):
            return Code(self._add_constant(expr, -expr.right.value), "int")
        left, right = self.build.integer(expr.left), self.build.integer(expr.right)
        self.emit.span = expr.span
        self.build.fails = self.build.fails or op in ("/", "mod")
        if op in _PLAIN:
            return Code(self.emit.binary(left, _PLAIN[op](), right), "int")
        # Nested deeply, plain operators with their tests would be too much for Python's compiler.
        nested = isinstance(expr.left, tree.Binary) or isinstance(expr.right, tree.Binary)
        if op in _WRAPPED and not nested:
            return Code(self._wrapped(self.emit.binary(left, _WRAPPED[op](), right)), "int")
        helper = _HELPER[op]
        return Code(self.emit.call(self.emit.bind(helper, helper.__name__), left, right), "int")

    def _logical(self, expr: tree.Binary) -> Code:
        operands: list[tree.Expr] = []
        left: tree.Expr = expr
        while isinstance(left, tree.Binary) and left.op == expr.op:
            operands.append(left.right)
            left = left.left
        tests = [self.build.truth(operand) for operand in (left, *reversed(operands))]
        self.emit.span = expr.span
        op = ast.And() if expr.op == "&&" else ast.Or()
        return Code(self.emit.boolean(op, tests), "bool")

    def _plus(self, expr: tree.Binary) -> Code:
        """`+` as a value: the first term's type decides, when it is known before or at run time."""
        terms = _terms(expr)
        known: str = guess(terms[0])
        first = self.build.value(terms[0]) if known == "any" else None
        if first is not None and first.type == "any":
            return self._either(expr.span, terms, first.node)
        if (first.type if first else known) == "int":
            return Code(self.sum(expr), "int")
        pieces = [self.build.text(term) for term in terms]
        self.emit.span = expr.span
        return Code(self.emit.joined(pieces), "str")

    def _either(self, span: Span, terms: Sequence[tree.Expr], node: ast.expr) -> Code:
        """A sum whose first term, `node`, may turn out an int or a text."""
        emit = self.emit
        if len(terms) > _LONG_CHAIN and all(isinstance(term, _SIMPLE) for term in terms[1:]):
            others = [self.build.value(term).node for term in terms[1:]]
            emit.span = span
            return Code(emit.call(emit.bind(values.add_all, "add_all"), node, *others), "any")
        add = emit.bind(values.add, "add")
        for term in terms[1:]:
            if not _differs(term):
                right = self.build.value(term).node
                emit.span = span
                node = self._added(node, term, right)
                continue
            # The right side is wanted as an int or as a value, as the left one turns out.
            kept = emit.temporary()
            as_int, as_value = self.build.integer(term), self.build.value(term).node
            emit.span = span
            test = self._is_int(emit.keep(kept, node))
            summed = emit.call(add, emit.name(kept), as_int)
            joined = emit.call(add, emit.name(kept), as_value)
            node = emit.choose(test, summed, joined)
        return Code(node, "any")

    def _added(self, node: ast.expr, term: tree.Expr, right: ast.expr) -> ast.expr:
        """`node + right`; a small constant is added in place where `node` is an int."""
        emit = self.emit
        add = emit.bind(values.add, "add")
        if not (isinstance(term, tree.Int) and 0 <= term.value < _SMALL):
            return emit.call(add, node, right)
        kept = emit.temporary()
        is_int = self._is_int(emit.keep(kept, node))
        fits = emit.compare(emit.name(kept), ast.Lt(), emit.const(INT_MAX - _SMALL))
        summed = emit.binary(emit.name(kept), ast.Add(), right)
        again = emit.call(add, emit.name(kept), emit.const(term.value))
        return emit.choose(emit.boolean(ast.And(), [is_int, fits]), summed, again)

    def _is_int(self, node: ast.expr) -> ast.expr:
        kind = self.emit.attribute(node, "__class__")
        return self.emit.compare(kind, ast.Is(), self.emit.name("int"))

    def sum(self, expr: tree.Binary) -> ast.expr:
        """`+` of ints; a longer sum is wrapped to 32 bits once, which comes to the same."""
        terms = _terms(expr)
        if len(terms) == 2 and isinstance(expr.right, tree.Int):
            return self._add_constant(expr, expr.right.value)
        nodes = [self.build.integer(term) for term in terms]
        emit = self.emit
        emit.span = expr.span
        if len(nodes) > _LONG_CHAIN:
            return self._wrapped(emit.call(emit.name("sum"), emit.listed(nodes)), deep=True)
        total = nodes[0]
        for node in nodes[1:]:
            total = emit.binary(total, ast.Add(), node)
        deep = len(terms) > 3 or any(isinstance(term, tree.Binary) for term in terms)
        return self._wrapped(total, deep=deep)

    def _add_constant(self, expr: tree.Binary, number: int) -> ast.expr:
        """`x + number`; one comparison tells whether 32 bits were left."""
        emit = self.emit
        left = self.build.integer(expr.left)
        emit.span = expr.span
        kept = emit.temporary()
        node = emit.keep(kept, emit.binary(left, ast.Add(), emit.const(number)))
        if number >= 0:
            fits = emit.compare(node, ast.LtE(), emit.const(INT_MAX))
        else:
            fits = emit.compare(node, ast.GtE(), emit.const(INT_MIN))
        wrap = emit.bind(values.wrap, "wrap")
        return emit.choose(fits, emit.name(kept), emit.call(wrap, emit.name(kept)))

    def _wrapped(self, node: ast.expr, *, deep: bool = False) -> ast.expr:
        """A result cut to 32 bits, which it mostly fits; `deep` ones stay easy to nest."""
        emit = self.emit
        if deep:
            return emit.call(emit.bind(values.wrap, "wrap"), node)
        kept = emit.temporary()
        fits = emit.between(INT_MIN, emit.keep(kept, node), INT_MAX)
        wrap = emit.bind(values.wrap, "wrap")
        return emit.choose(fits, emit.name(kept), emit.call(wrap, emit.name(kept)))

    def _equal(self, expr: tree.Binary) -> ast.expr:
        emit = self.emit
        op = ast.Eq if expr.op == "==" else ast.NotEq
        if isinstance(expr.right, tree.Pv) and expr.right.text == "$null":
            left = self.build.value(expr.left).node
            emit.span = expr.span
            if isinstance(left, ast.Constant):
                return emit.const(int((left.value is None) is (expr.op == "==")))
            is_op = ast.Is() if expr.op == "==" else ast.IsNot()
            return emit.compare(left, is_op, emit.const(None))
        known = guess(expr.left)
        if is_selval(expr.left):
            return self.build.no_int(expr.left)
        code = self.build.value(expr.left) if known == "any" else Code(emit.const(0), known)
        if known == "int" or code.type == "int":
            left = code.node if known == "any" else self.build.integer(expr.left)
            right = self.build.integer(expr.right)
            emit.span = expr.span
            return emit.compare(left, op(), right)
        if known == "str" or code.type == "str":
            left = code.node if known == "any" else self.build.text(expr.left)
            right = self.build.text(expr.right)
            emit.span = expr.span
            return emit.compare(left, op(), right)
        return self._equal_any(expr, code, op())

    def _equal_any(self, expr: tree.Binary, left: Code, op: ast.cmpop) -> ast.expr:
        """The left side's type shows at run time only; a constant on the right has a fast way."""
        emit = self.emit
        right = self.build.value(expr.right)
        emit.span = expr.span
        helper = emit.bind(*((values.eq, "eq") if expr.op == "==" else (values.ne, "ne")))
        if not isinstance(expr.right, tree.Int | tree.Str):
            if _differs(expr.right):
                as_int = self.build.integer(expr.right)
                emit.span = expr.span
                kept = emit.temporary()
                test = self._is_int(emit.keep(kept, left.node))
                by_int = emit.call(helper, emit.name(kept), as_int)
                by_value = emit.call(helper, emit.name(kept), right.node)
                return emit.choose(test, by_int, by_value)
            return emit.call(helper, left.node, right.node)
        kept = emit.temporary()
        kind = emit.attribute(emit.keep(kept, left.node), "__class__")
        test = emit.compare(kind, ast.Is(), emit.name(right.type))
        plain = emit.compare(emit.name(kept), op, right.node)
        again = self.build.value(expr.right).node
        emit.span = expr.span
        return emit.choose(test, plain, emit.call(helper, emit.name(kept), again))

    def _match(self, expr: tree.Binary) -> ast.expr:
        left = self.build.text(expr.left)
        if isinstance(expr.right, tree.Str):
            return self.search(expr.right, left, expr.span)
        if isinstance(expr.right, tree.Int):
            self.scope.error(expr.right.span, "a pattern is a string", "put it in quotes")
        return self.matched(left, expr.right, expr.span)

    def matched(self, subject: ast.expr, pattern: tree.Expr, span: Span) -> ast.expr:
        """A text searched for a pattern of the run; a bad one fails the statement."""
        self.build.fails = True
        right = self.build.text(pattern)
        self.emit.span = span
        return self.emit.call(self.emit.bind(matches, "matches"), subject, right)

    def search(
        self,
        pattern: tree.Str | tree.Regex,
        subject: ast.expr,
        span: Span,
        *,
        ignore_case: bool = True,
    ) -> ast.expr:
        """A constant pattern searched in a text; a bad one is reported."""
        self.emit.span = span
        try:
            regex = compile_regex(pattern.text, ignore_case=ignore_case)
        except RegexError as error:
            self.scope.error(pattern.span, f"bad regular expression: {error}")
            return self.emit.const(0)
        if _BACK_REFERENCE.search(pattern.text):  # the only search that may be given up
            self.build.fails = True
        return self.emit.call(self.emit.bind(regex.search, "search"), subject)


def _differs(expr: tree.Expr) -> bool:
    """Whether an expression comes to something else where an int is wanted: a sum of which the
    first term's type is not known, and selval(). All others are compiled once, however deep."""
    return is_selval(expr) or (
        isinstance(expr, tree.Binary) and expr.op == "+" and guess(expr) == "any"
    )


def _terms(expr: tree.Binary) -> list[tree.Expr]:
    """`a + b + c ...` as its terms, from the left."""
    terms: list[tree.Expr] = []
    left: tree.Expr = expr
    while isinstance(left, tree.Binary) and left.op == "+":
        terms.append(left.right)
        left = left.left
    return [left, *reversed(terms)]


def is_selval(expr: tree.Expr) -> bool:
    """Whether an expression is selval(), which no int can be made of."""
    return isinstance(expr, tree.Builtin) and expr.name == "selval"
