"""Constant folding, as Kamailio's optimiser does it (core/rvalue.c rve_optimize, rve_opt_01).

It is part of the language, not of our speed: `$x && 1` becomes `(int)$x`, which an `if` reads
differently when `$x` is negative, and a constant division by zero stays where it is to fail at
run time.
"""

from collections.abc import Callable

from sipproxy.core import values
from sipproxy.core.values import EvalError, Value
from sipproxy.script import tree
from sipproxy.script.tree import Binary, Builtin, Expr, Int, Str, Unary

_BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": values.add,
    "-": values.sub,
    "*": values.mul,
    "/": values.div,
    "mod": values.mod,
    "&": values.band,
    "|": values.bor,
    "^": values.bxor,
    "<<": values.shl,
    ">>": values.shr,
    "==": lambda a, b: int(values.eq(a, b)),
    "!=": lambda a, b: int(values.ne(a, b)),
    "eq": lambda a, b: int(values.str_eq(a, b)),
    "ne": lambda a, b: int(values.str_ne(a, b)),
    "ieq": lambda a, b: int(values.int_eq(a, b)),
    "ine": lambda a, b: int(values.int_ne(a, b)),
    "<": lambda a, b: int(values.lt(a, b)),
    ">": lambda a, b: int(values.gt(a, b)),
    "<=": lambda a, b: int(values.le(a, b)),
    ">=": lambda a, b: int(values.ge(a, b)),
    "&&": lambda a, b: int(values.truth(a) and values.truth(b)),
    "||": lambda a, b: int(values.truth(a) or values.truth(b)),
}

_UNARY: dict[str, Callable[[Value], Value]] = {
    "!": lambda a: int(values.not_(a)),
    "-": values.neg,
    "~": values.bnot,
    "int": values.to_int,
    "str": values.to_str,
    "defined": lambda a: 1,
}


def guess(expr: Expr) -> str:
    """`int`, `str` or `any`: what is known of an expression's type without running it.

    Only constants and operators tell (rve_guess_type); a pseudo-variable may hold anything.
    """
    while isinstance(expr, Binary) and expr.op == "+":
        expr = expr.left
    match expr:
        case Str() | Unary(op="str"):
            return "str"
        case tree.Pv() | tree.Select() | tree.Attr():
            return "any"
        case Builtin(name="selval"):
            first, second = guess(expr.args[1]), guess(expr.args[2])
            return first if first == second else "any"
        case _:
            return "int"


def constant(expr: Expr) -> int | str | None:
    """The value of a literal, None for anything else."""
    return expr.value if isinstance(expr, Int) else expr.text if isinstance(expr, Str) else None


def fold(expr: Expr) -> Expr:
    """The expression as Kamailio evaluates it after its optimiser ran."""
    match expr:
        case Unary():
            return _fold_unary(expr)
        case Binary():
            return _fold_binary(expr)
        case Builtin():
            return _fold_builtin(expr)
        case _:
            return expr


def _literal(expr: Expr, value: Value) -> Expr:
    return Int(expr.span, value) if isinstance(value, int) else Str(expr.span, value or "")


def _fold_unary(expr: Unary) -> Expr:
    operand = fold(expr.operand)
    known = constant(operand)
    if known is not None:
        return _literal(expr, _UNARY[expr.op](known))
    return Unary(expr.span, expr.op, operand)


def _fold_builtin(expr: Builtin) -> Expr:
    args = tuple(map(fold, expr.args))
    known = constant(args[0])
    if expr.name == "selval" and None not in map(constant, args):
        return args[1] if values.truth_if(known) else args[2]
    if known is not None and expr.name == "strlen":
        return Int(expr.span, values.strlen(known))
    if known is not None and expr.name == "strempty":
        return Int(expr.span, int(values.strempty(known)))
    return Builtin(expr.span, expr.name, args)


def _fold_binary(expr: Binary) -> Expr:
    """Fold a chain `a + b + c ...`, which leans left and may be long, without recursion."""
    chain = [expr]
    while isinstance(chain[-1].left, Binary):
        chain.append(chain[-1].left)
    left = fold(chain[-1].left)
    for link in reversed(chain):
        left = _combine(link, left, fold(link.right))
    return left


def _combine(expr: Binary, left: Expr, right: Expr) -> Expr:
    one, other = constant(left), constant(right)
    if expr.op == "==" and "" in (one, other) and (one is None or other is None):
        return Builtin(expr.span, "strempty", (right if one == "" else left,))
    folded = Binary(expr.span, expr.op, left, right, expr.op_span)
    if one is not None and other is not None and expr.op in _BINARY:
        try:
            return _literal(expr, _BINARY[expr.op](one, other))
        except EvalError:
            return folded
    if isinstance(other, int):
        return _neutral(folded, other, left, right_side=True)
    if isinstance(one, int):
        return _neutral(folded, one, right, right_side=False)
    return folded


def _neutral(expr: Binary, known: int, operand: Expr, *, right_side: bool) -> Expr:
    """`$v * 0` is 0, `$v * 1` is `(int)$v` and the like (rve_opt_01)."""
    op = expr.op
    zero = {"*": True, "&": True, "&&": True, "/": not right_side, "mod": not right_side}
    if known == 0 and zero.get(op):
        return Int(expr.span, 0)
    if known == 1 and op == "||":
        return Int(expr.span, 1)
    identity = {"*": 1, "&&": 1, "|": 0, "||": 0}
    if right_side:
        identity |= {"/": 1, "-": 0}
    if op == "+" and known == 0 and guess(expr.left) == "int":
        identity["+"] = 0
    if identity.get(op) == known:
        return operand if guess(operand) == "int" else Unary(expr.span, "int", operand)
    return expr
