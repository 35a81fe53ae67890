"""The types that expressions have before they run, and the mismatches Kamailio refuses.

A string *constant* where a number is needed is an error, and the other way round; with variables
the same expressions convert silently. Facts from Kamailio 5.6 `src/core/rvalue.c`.
"""

from collections.abc import Iterable

from sipproxy.errors import Problem
from sipproxy.script.tree import (
    AssignExpr,
    Binary,
    BlockExpr,
    Builtin,
    Call,
    Condition,
    Expr,
    Int,
    Node,
    Pv,
    RouteCall,
    Select,
    Str,
    Unary,
)

_NUMBERS = frozenset(
    (
        "-",
        "*",
        "/",
        "mod",
        "|",
        "&",
        "^",
        "<<",
        ">>",
        "||",
        "&&",
        ">",
        "<",
        ">=",
        "<=",
        "ieq",
        "ine",
    )
)
_TEXTS = frozenset({"eq", "ne", "=~"})
_EQUALITIES = frozenset(["==", "!=", "=~", "eq", "ne", "ieq", "ine"])
_SHOWN = {"int": "a number", "str": "a string"}


def is_null(expr: Node) -> bool:
    """Whether it is `$null`, which makes `==` and its kin ask whether the left is defined."""
    return isinstance(expr, Pv) and expr.text in ("$null", "$(null)")


def is_constant(expr: Expr) -> bool:
    """Whether the value is known before anything runs."""
    todo: list[Expr] = [expr]
    while todo:
        node = todo.pop()
        if isinstance(node, Unary):
            todo.append(node.operand)
        elif isinstance(node, Binary):
            todo.append(node.left)
            if not (node.op in _EQUALITIES and is_null(node.right)):
                todo.append(node.right)
        elif isinstance(node, Builtin):
            todo += node.args
        elif not isinstance(node, Int | Str):
            return False
    return True


class Types:
    """Types of all expressions below a node: `int`, `str`, or empty where only the run tells."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._types: dict[int, str] = {}
        self.problems: list[Problem] = []
        for node in reversed(list(nodes)):  # inner ones first; no recursion, chains may be long
            self._types[id(node)] = self._type(node)

    def of(self, node: Node) -> str:
        """The type of one expression."""
        return self._types.get(id(node), "")

    def _type(self, node: Node) -> str:
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Builtin):
            return self._builtin(node)
        if isinstance(node, Int | Call | RouteCall | Condition | AssignExpr | BlockExpr):
            return "int"
        return "str" if isinstance(node, Str | Select) else ""

    def _unary(self, node: Unary) -> str:
        if node.op in ("int", "str"):
            return node.op
        if node.op == "defined":
            return self._need(node.operand, "str", "defined")
        return self._need(node.operand, "int", node.op)

    def _builtin(self, node: Builtin) -> str:
        if node.name == "selval":
            return ""
        return self._need(node.args[0], "str", node.name)

    def _binary(self, node: Binary) -> str:
        op = node.op
        left, right = self.of(node.left), self.of(node.right)
        if op in _EQUALITIES and is_null(node.right):
            return self._need(node.left, "str", f"{op} $null")
        if op in _NUMBERS:
            if left != "str":
                return self._need(node.right, "int", op)
            return self._need(node.left, "int", op)
        if left and right and left != right and not (left == "str" and right == "int"):
            hint = ""
            if isinstance(node.left, Unary) and node.left.op == "!" and op in _EQUALITIES:
                hint = f"! binds tighter than {op}: write !(... {op} ...)"
            self._mismatch(node.right, right, left, f"{op} behind a number", hint)
        elif op in _TEXTS:
            return self._need(node.left, "str", op)
        return left if op == "+" else "int"

    def _need(self, operand: Expr, needed: str, by: str) -> str:
        """Demand that an operand has not the wrong type; the result of all of these is a number."""
        found = self.of(operand)
        if found and found != needed:
            hint = "compare it as a string or cast it: (str)x" if needed == "str" else ""
            if isinstance(operand, Unary) and operand.op == "!" and needed == "str":
                hint = f"! binds tighter than {by}: write !(... {by} ...)"
            self._mismatch(operand, found, needed, by, hint)
        return "int"

    def _mismatch(self, node: Expr, found: str, needed: str, by: str, hint: str) -> None:
        message = f"type mismatch: {by} needs {_SHOWN[needed]}, this is {_SHOWN[found]}"
        self.problems.append(Problem(node.span, message, hint))
