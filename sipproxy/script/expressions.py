"""Expressions of the cfg to Python expressions.

Kamailio evaluates an expression either as a value or as an int, and the place decides (see
:mod:`sipproxy.core.values`); hence :meth:`Expressions.value` and :meth:`Expressions.integer`. What
is known of a type (from constants, operators and declared pseudo-variables) picks plain Python
operators; the helpers of `core.values` do the rest.
"""

import ast
from collections.abc import Sequence
from typing import NamedTuple

from sipproxy.core import runtime, values
from sipproxy.core.access import Argument, Dynamic, Format, PvAccess, Reading, printed
from sipproxy.core.conditions import matches
from sipproxy.core.regex import RegexError
from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.calls import Calls
from sipproxy.script.conditions import condition
from sipproxy.script.fold import fold, guess
from sipproxy.script.infer import variable_name
from sipproxy.script.scope import Scope

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
_HELPER = {
    "-": values.sub,
    "*": values.mul,
    "/": values.div,
    "mod": values.mod,
    "&": values.band,
    "|": values.bor,
    "^": values.bxor,
    "<<": values.shl,
    ">>": values.shr,
}
_SIMPLE = (tree.Int, tree.Str, tree.Pv)
_LONG_CHAIN = 50
"""Terms of a sum above which it is made flat: Python cannot nest thousands of operators."""


class Code(NamedTuple):
    """A Python expression and what is known of its value: `int`, `str`, `bool` or `any`."""

    node: ast.expr
    type: str


class Expressions:
    """Compiles the expressions of one cfg; `fails` and `ends` tell about the last one.

    `fails`: it may raise EvalError. `ends`: it calls something that may set the end flag.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.emit = scope.emit
        self.calls = Calls(scope, self)
        self.fails = False
        self.ends = False

    # -- the three ways to want an expression

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

    def raw(self, expr: tree.Expr) -> ast.expr:
        """As :meth:`value`, but a call standing alone keeps its code (`$var(x) = f()`)."""
        if isinstance(expr, tree.Call | tree.RouteCall | tree.BlockExpr):
            return self.calls.code(expr)
        return self.value(expr).node

    def integer(self, expr: tree.Expr) -> ast.expr:
        """The expression as an int."""
        if isinstance(expr, tree.Str):
            self.emit.span = expr.span
            return self.emit.const(values.to_int(expr.text))
        if isinstance(expr, tree.Binary) and expr.op == "+" and guess(expr.left) != "str":
            return self._sum(expr)
        if isinstance(expr, tree.Unary) and expr.op == "int":
            return self.integer(expr.operand)
        if _is_selval(expr):
            return self._no_int(expr)
        if isinstance(expr, tree.Pv) and (number := self._number(expr)):
            return number
        code = self.value(expr)
        self.emit.span = expr.span
        return code.node if code.type == "int" else self._to_int(code)

    def _number(self, expr: tree.Pv) -> ast.expr | None:
        """The int that a pseudo-variable keeps beside its text; None when it keeps none."""
        access = self.access(expr)
        if access is None or access.number is None:
            return None
        self.emit.span = expr.span
        helper = self.emit.bind(access.number, access.number.__name__)
        return self.emit.call(helper, self.read(access).node)

    def _no_int(self, expr: tree.Expr) -> ast.expr:
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
        code = self.pv(expr, textual=True) if isinstance(expr, tree.Pv) else self.value(expr)
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
        if _is_selval(expr):
            return Code(self._no_int(expr), "int")
        if isinstance(expr, tree.Pv) and (number := self._number(expr)):
            return Code(number, "int")
        return self.code(expr)

    # -- by kind of node

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
                return self.pv(expr)
            case tree.Unary():
                return self._unary(expr)
            case tree.Binary():
                return self._binary(expr)
            case tree.Builtin():
                return self._builtin(expr)
            case tree.Condition():
                return Code(condition(self, expr), "bool")
            case tree.AssignExpr() | tree.Call() | tree.RouteCall() | tree.BlockExpr():
                node = self.calls.code(expr)
                emit.span = expr.span
                return Code(emit.compare(node, ast.Gt(), emit.const(0)), "bool")
            case _:
                self.scope.error(expr.span, "a value is expected here")
                return Code(emit.const(0), "int")

    def pv(self, expr: tree.Pv | tree.Select | tree.Attr, *, textual: bool = False) -> Code:
        """The value of a pseudo-variable or select; the one that texts show with `textual`."""
        access = self.access(expr)
        self.emit.span = expr.span
        if access is None:
            return Code(self.emit.const(None), "any")
        return self.read((textual and access.textual) or access)

    def access(self, expr: tree.Pv | tree.Select | tree.Attr) -> PvAccess | None:
        """Look a pseudo-variable up; an unknown one is reported and gives None."""
        try:
            if isinstance(expr, tree.Select):
                return self.scope.host.select(expr.text)
            if isinstance(expr, tree.Attr):
                return self.scope.host.pv(_as_avp(expr))
            return self.scope.host.pv(expr.text)
        except ResolveError as error:
            self.scope.error(expr.span, error.message, error.hint)
            return None

    def read(self, access: PvAccess) -> Code:
        """Python for reading through an access, at the current span."""
        emit = self.emit
        type_: str = access.type
        if access.plain_set and access.owner is self.scope.host.variables:
            known = variable_name(access.text) in self.scope.int_variables
            type_ = "int" if known else "any"
        if access.slot:
            owner = emit.name("c") if access.owner is None else emit.bind(access.owner, "variables")
            node = emit.attribute(owner, access.slot)
        else:
            hint = getattr(access.get, "__name__", "read")
            args = [self._argument(a) for a in access.args]
            node = emit.call(emit.bind(access.get, hint), emit.name("c"), *args)
        for step in access.transforms:
            args = [self._argument(a) for a in step.args]
            node = emit.call(emit.bind(step.function, step.name), node, *args)
            type_ = step.type
        return Code(node, type_)

    def _argument(self, argument: Argument) -> ast.expr:
        if isinstance(argument, Format):
            return self.formatted(argument)
        if isinstance(argument, Reading):
            return self.read(argument.access).node
        if isinstance(argument, Dynamic):
            to_int = self.emit.bind(values.to_int, "to_int")
            return self.emit.call(to_int, self.formatted(argument.format))
        if argument is None or isinstance(argument, int | str):
            return self.emit.const(argument)
        return self.emit.bind(argument, "argument")

    def formatted(self, format: Format) -> ast.expr:
        """A text with its pseudo-variables replaced; undefined ones show as `<null>`."""
        emit = self.emit
        pieces: list[ast.expr] = []
        for piece in format.pieces:
            if isinstance(piece, str):
                pieces.append(emit.const(piece))
                continue
            code = self.read(piece)
            if code.type == "any":
                shown = printed if piece.absent else values.to_str
                code = Code(emit.call(emit.bind(shown, "printed"), code.node), "str")
            pieces.append(code.node)
        if len(pieces) == 1 and format.constant is not None:
            return pieces[0]
        return emit.joined(pieces)

    # -- operators

    def _unary(self, expr: tree.Unary) -> Code:
        emit = self.emit
        match expr.op:
            case "!":
                node = self.truth(expr.operand)
                emit.span = expr.span
                return Code(emit.invert(node), "bool")
            case "-" | "~":
                helper = values.neg if expr.op == "-" else values.bnot
                node = self.integer(expr.operand)
                emit.span = expr.span
                return Code(emit.call(emit.bind(helper, helper.__name__), node), "int")
            case "int":
                return Code(self.integer(expr.operand), "int")
            case "str":
                return Code(self.text(expr.operand), "str")
            case _:
                node = self.value(expr.operand).node
                emit.span = expr.span
                return Code(emit.compare(node, ast.IsNot(), emit.const(None)), "bool")

    def _builtin(self, expr: tree.Builtin) -> Code:
        emit = self.emit
        if expr.name == "selval":
            test = self.truth(expr.args[0], positive=True)
            yes, no = self._not_undefined(expr.args[1]), self._not_undefined(expr.args[2])
            emit.span = expr.span
            type_ = yes.type if yes.type == no.type else "any"
            return Code(emit.choose(test, yes.node, no.node), type_)
        node = self.value(expr.args[0]).node
        emit.span = expr.span
        helper = values.strlen if expr.name == "strlen" else values.strempty
        type_ = "int" if expr.name == "strlen" else "bool"
        return Code(emit.call(emit.bind(helper, expr.name), node), type_)

    def _not_undefined(self, expr: tree.Expr) -> Code:
        """A value in which undefined has become the empty string."""
        code = self.value(expr)
        if code.type != "any":
            return code
        emit = self.emit
        kept = emit.temporary()
        missing = emit.compare(emit.keep(kept, code.node), ast.Is(), emit.const(None))
        return Code(emit.choose(missing, emit.const(""), emit.name(kept)), "any")

    def _binary(self, expr: tree.Binary) -> Code:
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
            wanted = self.text if op in ("eq", "ne") else self.integer
            left, right = wanted(expr.left), wanted(expr.right)
            self.emit.span = expr.span
            return Code(self.emit.compare(left, _COMPARE[op](), right), "bool")
        if op == "-" and isinstance(expr.right, tree.Int):
            return Code(self._add_constant(expr, -expr.right.value), "int")
        left, right = self.integer(expr.left), self.integer(expr.right)
        self.emit.span = expr.span
        self.fails = self.fails or op in ("/", "mod")
        helper = _HELPER[op]
        return Code(self.emit.call(self.emit.bind(helper, helper.__name__), left, right), "int")

    def _logical(self, expr: tree.Binary) -> Code:
        operands: list[tree.Expr] = []
        left: tree.Expr = expr
        while isinstance(left, tree.Binary) and left.op == expr.op:
            operands.append(left.right)
            left = left.left
        tests = [self.truth(operand) for operand in (left, *reversed(operands))]
        self.emit.span = expr.span
        op = ast.And() if expr.op == "&&" else ast.Or()
        return Code(self.emit.boolean(op, tests), "bool")

    def _plus(self, expr: tree.Binary) -> Code:
        """`+` as a value: the first term's type decides, when it is known before or at run time."""
        terms = _terms(expr)
        known: str = guess(terms[0])
        first = self.value(terms[0]) if known == "any" else None
        if first is not None and first.type == "any":
            return self._either(expr.span, terms, first.node)
        if (first.type if first else known) == "int":
            return Code(self._sum(expr), "int")
        pieces = [self.text(term) for term in terms]
        self.emit.span = expr.span
        return Code(self.emit.joined(pieces), "str")

    def _either(self, span: Span, terms: Sequence[tree.Expr], node: ast.expr) -> Code:
        """A sum whose first term, `node`, may turn out an int or a text."""
        emit = self.emit
        if len(terms) > _LONG_CHAIN and all(isinstance(term, _SIMPLE) for term in terms[1:]):
            others = [self.value(term).node for term in terms[1:]]
            emit.span = span
            return Code(emit.call(emit.bind(values.add_all, "add_all"), node, *others), "any")
        add = emit.bind(values.add, "add")
        for term in terms[1:]:
            if isinstance(term, _SIMPLE):
                right = self.value(term).node
                emit.span = span
                node = emit.call(add, node, right)
                continue
            # The right side is wanted as an int or as a value, as the left one turns out.
            kept = emit.temporary()
            as_int, as_value = self.integer(term), self.value(term).node
            emit.span = span
            test = self._is_int(emit.keep(kept, node))
            summed = emit.call(add, emit.name(kept), as_int)
            joined = emit.call(add, emit.name(kept), as_value)
            node = emit.choose(test, summed, joined)
        return Code(node, "any")

    def _is_int(self, node: ast.expr) -> ast.expr:
        kind = self.emit.attribute(node, "__class__")
        return self.emit.compare(kind, ast.Is(), self.emit.name("int"))

    def _sum(self, expr: tree.Binary) -> ast.expr:
        """`+` of ints; a longer sum is wrapped to 32 bits once, which comes to the same."""
        terms = _terms(expr)
        if len(terms) == 2 and isinstance(expr.right, tree.Int):
            return self._add_constant(expr, expr.right.value)
        nodes = [self.integer(term) for term in terms]
        emit = self.emit
        emit.span = expr.span
        if len(nodes) > _LONG_CHAIN:
            return self._wrapped(emit.call(emit.name("sum"), emit.listed(nodes)))
        total = nodes[0]
        for node in nodes[1:]:
            total = emit.binary(total, ast.Add(), node)
        return self._wrapped(total)

    def _add_constant(self, expr: tree.Binary, number: int) -> ast.expr:
        """`x + number`; one comparison tells whether 32 bits were left."""
        emit = self.emit
        left = self.integer(expr.left)
        emit.span = expr.span
        kept = emit.temporary()
        node = emit.keep(kept, emit.binary(left, ast.Add(), emit.const(number)))
        if number >= 0:
            fits = emit.compare(node, ast.LtE(), emit.const(INT_MAX))
        else:
            fits = emit.compare(node, ast.GtE(), emit.const(INT_MIN))
        wrap = emit.bind(values.wrap, "wrap")
        return emit.choose(fits, emit.name(kept), emit.call(wrap, emit.name(kept)))

    def _wrapped(self, node: ast.expr) -> ast.expr:
        return self.emit.call(self.emit.bind(values.wrap, "wrap"), node)

    def _equal(self, expr: tree.Binary) -> ast.expr:
        emit = self.emit
        op = ast.Eq if expr.op == "==" else ast.NotEq
        if isinstance(expr.right, tree.Pv) and expr.right.text == "$null":
            left = self.value(expr.left).node
            emit.span = expr.span
            is_op = ast.Is() if expr.op == "==" else ast.IsNot()
            return emit.compare(left, is_op, emit.const(None))
        known = guess(expr.left)
        if _is_selval(expr.left):
            return self._no_int(expr.left)
        code = self.value(expr.left) if known == "any" else Code(emit.const(0), known)
        if known == "int" or code.type == "int":
            left = code.node if known == "any" else self.integer(expr.left)
            right = self.integer(expr.right)
            emit.span = expr.span
            return emit.compare(left, op(), right)
        if known == "str" or code.type == "str":
            left = code.node if known == "any" else self.text(expr.left)
            right = self.text(expr.right)
            emit.span = expr.span
            return emit.compare(left, op(), right)
        return self._equal_any(expr, code, op())

    def _equal_any(self, expr: tree.Binary, left: Code, op: ast.cmpop) -> ast.expr:
        """The left side's type shows at run time only; a constant on the right has a fast way."""
        emit = self.emit
        right = self.value(expr.right)
        emit.span = expr.span
        helper = emit.bind(*((values.eq, "eq") if expr.op == "==" else (values.ne, "ne")))
        if not isinstance(expr.right, tree.Int | tree.Str):
            if isinstance(expr.right, tree.Binary):
                as_int = self.integer(expr.right)
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
        again = self.value(expr.right).node
        emit.span = expr.span
        return emit.choose(test, plain, emit.call(helper, emit.name(kept), again))

    def _match(self, expr: tree.Binary) -> ast.expr:
        left = self.text(expr.left)
        if isinstance(expr.right, tree.Str):
            return self.search(expr.right, left, expr.span)
        if isinstance(expr.right, tree.Int):
            self.scope.error(expr.right.span, "a pattern is a string", "put it in quotes")
        return self.matched(left, expr.right, expr.span)

    def matched(self, subject: ast.expr, pattern: tree.Expr, span: Span) -> ast.expr:
        """A text searched for a pattern of the run; a bad one fails the statement."""
        self.fails = True
        right = self.text(pattern)
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
        return self.emit.call(self.emit.bind(regex.search, "search"), subject)

    def assign(self, statement: tree.Assign) -> list[ast.stmt]:
        """`lval = e` as statements."""
        access = self.access(statement.target)
        expr = self.whole(statement.value)
        emit = self.emit
        call = isinstance(expr, tree.Call | tree.RouteCall | tree.BlockExpr)
        code = Code(self.raw(expr), "int") if call else self.value(expr)
        emit.span = statement.span
        if access is None:
            return [emit.do(code.node)]
        if access.set is None:
            text = access.text or statement.target.text
            self.scope.error(statement.target.span, f"{text} cannot be written to")
            return [emit.do(code.node)]
        if access.plain_set:
            return self._assign_slot(access, code)
        args = [self._argument(a) for a in access.args]
        name = getattr(access.set, "__name__", "write")
        setter = emit.bind(access.set, name)
        return [emit.do(emit.call(setter, emit.name("c"), *args, code.node))]

    def _assign_slot(self, access: PvAccess, code: Code) -> list[ast.stmt]:
        emit = self.emit
        owner = emit.name("c") if access.owner is None else emit.bind(access.owner, "variables")
        path, _, last = access.slot.rpartition(".")
        if path:
            owner = emit.attribute(owner, path)
        value = code.node
        if isinstance(value, ast.Constant) and value.value is None:
            value = emit.const(0)
        elif code.type == "any":
            kept = emit.temporary()
            missing = emit.compare(emit.keep(kept, value), ast.Is(), emit.const(None))
            value = emit.choose(missing, emit.const(0), emit.name(kept))
        return [emit.put(owner, last, value)]


def _terms(expr: tree.Binary) -> list[tree.Expr]:
    """`a + b + c ...` as its terms, from the left."""
    terms: list[tree.Expr] = []
    left: tree.Expr = expr
    while isinstance(left, tree.Binary) and left.op == "+":
        terms.append(left.right)
        left = left.left
    return [left, *reversed(terms)]


def _is_selval(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Builtin) and expr.name == "selval"


def _as_avp(expr: tree.Attr) -> str:
    """`$name` and `$name[1]` of a file without `#!KAMAILIO` mean an AVP."""
    name = expr.text[1:].removeprefix("s:")
    if expr.text[0] != "$" or "." in name:
        raise ResolveError(f"the ser attribute {expr.text} is not supported", "use $avp(name)")
    index = "[*]" if expr.index == "all" else "" if expr.index is None else f"[{expr.index}]"
    return f"$(avp({name}){index})"
