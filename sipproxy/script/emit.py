"""Python `ast` nodes with the cfg's positions, and the names generated code refers to."""

import ast
import keyword
import re
from collections.abc import Mapping, Sequence

from sipproxy.errors import Span
from sipproxy.text import byte_length, latin

_TAKEN = re.compile(r"[cer]|t\d+|pv_\w*|int|str|sum")
"""Names that generated functions use themselves: locals, temporaries, builtins."""


class Positions:
    """Gives nodes the line and column of a span, in the terms of Python's compiler.

    The compiler counts columns in UTF-8 bytes from 0, a span in characters from 1. A node from
    another file than its function's keeps its line; `foreign` then maps (function, line, column)
    to the span, so that an error report can name the right file.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._lines = {
            file: text.split("\n") for file, text in sources.items() if not text.isascii()
        }
        self.foreign: dict[tuple[str, int, int], Span] = {}
        self.function = ""
        self.file = ""

    def enter(self, function: str, file: str) -> None:
        """From here on, nodes belong to this generated function of this file."""
        self.function = function
        self.file = file

    def put(self, node: ast.AST, span: Span) -> None:
        """Stamp one node."""
        start = self._column(span.file, span.line, span.column)
        end = self._column(span.file, span.end_line, span.end_column)
        if (span.end_line, end) < (span.line, start):
            end_line, end = span.line, start
        else:
            end_line = span.end_line
        node.lineno = span.line  # type: ignore[attr-defined]
        node.col_offset = start  # type: ignore[attr-defined]
        node.end_lineno = end_line  # type: ignore[attr-defined]
        node.end_col_offset = end  # type: ignore[attr-defined]
        if span.file != self.file:
            self.foreign[self.function, span.line, start] = span

    def _column(self, file: str, line: int, column: int) -> int:
        lines = self._lines.get(file)
        if lines is None or line > len(lines):
            return column - 1
        return byte_length(latin(lines[line - 1][: column - 1]))


class Emitter:
    """Builds nodes at a current span and collects the objects they name."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.span = Span("", 1, 1, 1, 1)
        self.constants: dict[str, object] = {}
        self._names: dict[int, str] = {}
        self._temporaries = 0

    def at(self, node: ast.AST, span: Span | None = None) -> ast.AST:
        """Stamp a node with `span`, or with the current one."""
        self.positions.put(node, span or self.span)
        return node

    # -- names of objects

    def bind(self, value: object, hint: str) -> ast.expr:
        """A name that means `value` in the generated module."""
        name = self._names.get(id(value))
        if name is None:
            name = self._unique(hint)
            self._names[id(value)] = name
            self.constants[name] = value
        return self.name(name)

    def _unique(self, hint: str) -> str:
        base = re.sub(r"\W+", "_", hint, flags=re.ASCII).strip("_") or "x"
        if base[0].isdigit() or keyword.iskeyword(base) or _TAKEN.fullmatch(base):
            base = f"_{base}"
        name, number = base, 1
        while name in self.constants:
            number += 1
            name = f"{base}_{number}"
        return name

    def reserve(self, hint: str, value: object) -> str:
        """A fresh name for `value`, never shared."""
        name = self._unique(hint)
        self.constants[name] = value
        return name

    def temporary(self) -> str:
        """A local variable's name, new in this function."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    # -- expressions

    def name(self, name: str) -> ast.expr:
        """A name that is read."""
        node = ast.Name(name, ast.Load())
        self.at(node)
        return node

    def const(self, value: int | str | None) -> ast.expr:
        """A literal."""
        node = ast.Constant(value)
        self.at(node)
        return node

    def call(self, function: ast.expr, *args: ast.expr) -> ast.expr:
        """A call with positional arguments."""
        node = ast.Call(function, list(args), [])
        self.at(node)
        return node

    def listed(self, items: Sequence[ast.expr]) -> ast.expr:
        """`(a, b, ...)`."""
        node = ast.Tuple(list(items), ast.Load())
        self.at(node)
        return node

    def attribute(self, owner: ast.expr, path: str) -> ast.expr:
        """`owner.a.b` for the path `a.b`."""
        for part in path.split("."):
            owner = ast.Attribute(owner, part, ast.Load())
            self.at(owner)
        return owner

    def compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.expr:
        """One comparison."""
        node = ast.Compare(left, [op], [right])
        self.at(node)
        return node

    def between(self, least: int, value: ast.expr, most: int) -> ast.expr:
        """`least <= value <= most`."""
        node = ast.Compare(self.const(least), [ast.LtE(), ast.LtE()], [value, self.const(most)])
        self.at(node)
        return node

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
        """One operator."""
        node = ast.BinOp(left, op, right)
        self.at(node)
        return node

    def boolean(self, op: ast.boolop, operands: Sequence[ast.expr]) -> ast.expr:
        """`a and b and ...`, flat."""
        flat: list[ast.expr] = []
        for operand in operands:
            if isinstance(operand, ast.BoolOp) and isinstance(operand.op, type(op)):
                flat.extend(operand.values)
            else:
                flat.append(operand)
        node = ast.BoolOp(op, flat)
        self.at(node)
        return node

    def invert(self, operand: ast.expr) -> ast.expr:
        """`not operand`."""
        node = ast.UnaryOp(ast.Not(), operand)
        self.at(node)
        return node

    def choose(self, test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
        """`yes if test else no`."""
        node = ast.IfExp(test, yes, no)
        self.at(node)
        return node

    def keep(self, name: str, value: ast.expr) -> ast.expr:
        """`(name := value)`."""
        target = ast.Name(name, ast.Store())
        self.at(target)
        node = ast.NamedExpr(target, value)
        self.at(node)
        return node

    def joined(self, pieces: Sequence[ast.expr]) -> ast.expr:
        """An f-string of literals and values; constants are merged."""
        if any(map(_is_awkward, pieces)):
            strings = [self.call(self.name("str"), piece) for piece in pieces]
            return self.call(self.attribute(self.const(""), "join"), self.listed(strings))
        parts: list[ast.expr] = []
        for piece in pieces:
            if isinstance(piece, ast.Constant) and isinstance(piece.value, str):
                parts.append(piece)
            elif isinstance(piece, ast.JoinedStr):
                parts.extend(piece.values)
            else:
                value = ast.FormattedValue(piece, -1, None)
                self.at(value)
                parts.append(value)
        node = ast.JoinedStr(parts)
        self.at(node)
        return node

    def awaited(self, value: ast.expr) -> ast.expr:
        """`await value`."""
        node = ast.Await(value)
        self.at(node)
        return node

    # -- statements

    def do(self, value: ast.expr) -> ast.stmt:
        """An expression as a statement."""
        node = ast.Expr(value)
        self.at(node)
        return node

    def let(self, name: str, value: ast.expr) -> ast.stmt:
        """`name = value`."""
        target = ast.Name(name, ast.Store())
        self.at(target)
        node = ast.Assign([target], value)
        self.at(node)
        return node

    def put(self, owner: ast.expr, attribute: str, value: ast.expr) -> ast.stmt:
        """`owner.attribute = value`."""
        target = ast.Attribute(owner, attribute, ast.Store())
        self.at(target)
        node = ast.Assign([target], value)
        self.at(node)
        return node

    def count(self, owner: ast.expr, number: int) -> ast.stmt:
        """`owner[number] += 1`."""
        target = ast.Subscript(owner, self.const(number), ast.Store())
        self.at(target)
        node = ast.AugAssign(target, ast.Add(), self.const(1))
        self.at(node)
        return node

    def when(
        self, test: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None
    ) -> ast.stmt:
        """`if test: body else: otherwise`."""
        node = ast.If(test, body or [self.skip()], otherwise or [])
        self.at(node)
        return node

    def repeat(self, most: int, body: list[ast.stmt], exhausted: list[ast.stmt]) -> ast.stmt:
        """`for name in range(most): body`, else `exhausted` unless the body broke out."""
        target = ast.Name(self.temporary(), ast.Store())
        self.at(target)
        turns = self.call(self.name("range"), self.const(most))
        node = ast.For(target, turns, body, exhausted, None)
        self.at(node)
        return node

    def loop(self, test: ast.expr, body: list[ast.stmt]) -> ast.stmt:
        """`while test: body`."""
        node = ast.While(test, body, [])
        self.at(node)
        return node

    def skip(self) -> ast.stmt:
        """`pass`."""
        node = ast.Pass()
        self.at(node)
        return node

    def leave_loop(self) -> ast.stmt:
        """`break`."""
        node = ast.Break()
        self.at(node)
        return node

    def give(self, value: ast.expr) -> ast.stmt:
        """`return value`."""
        node = ast.Return(value)
        self.at(node)
        return node

    def attempt(self, body: list[ast.stmt], error: ast.expr, handler: list[ast.stmt]) -> ast.stmt:
        """`try: body except error as e: handler`."""
        caught = ast.ExceptHandler(error, "e", handler)
        self.at(caught)
        node = ast.Try(body, [caught], [], [])
        self.at(node)
        return node

    def function(self, name: str, body: list[ast.stmt], *, is_async: bool = False) -> ast.stmt:
        """`def name(c): body`."""
        parameter = ast.arg("c")
        self.at(parameter)
        arguments = ast.arguments([], [parameter], None, [], [], None, [])
        kind = ast.AsyncFunctionDef if is_async else ast.FunctionDef
        node = kind(name, arguments, body or [self.skip()], [], None, None)
        self.at(node)
        return node


def _is_awkward(piece: ast.expr) -> bool:
    """Whether Python 3.11 has no way to write a piece of an f-string: no backslash is allowed in
    it, and f-strings nest only as deep as there are kinds of quotes."""
    if isinstance(piece, ast.Constant | ast.JoinedStr):
        return False
    inner = list(ast.walk(piece))
    nested = any(isinstance(n, ast.JoinedStr) and _holds_joined(n) for n in inner)
    return nested or any(isinstance(n, ast.Constant) and "\\" in repr(n.value) for n in inner)


def _holds_joined(outer: ast.JoinedStr) -> bool:
    return any(isinstance(n, ast.JoinedStr) for part in outer.values for n in ast.walk(part))


def unstamped(tree: ast.AST) -> list[ast.AST]:
    """Nodes that should have a position and have none: the compiler must never invent one."""
    return [
        node
        for node in ast.walk(tree)
        if "lineno" in node._attributes and getattr(node, "lineno", None) is None
    ]
