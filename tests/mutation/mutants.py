"""Mutants of a source file: copies with one small fault each, made on its syntax tree."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[ast.AST], None]
"""Puts a fault into a node in place."""


@dataclass(frozen=True)
class Mutant:
    """One fault: where it stands, what it is, and the numbers of its node and its change."""

    line: int
    fault: str
    node: int
    change: int

    def applied(self, source: str) -> str:
        """The text of the file with the fault in it; its comments are gone."""
        tree = ast.parse(source)
        node = _nodes(tree)[self.node]
        _, change = list(_changes(node))[self.change]
        change(node)
        return ast.unparse(tree)


def mutants(source: str) -> list[Mutant]:
    """Every fault that is known for a source text, in the order of its lines."""
    found = [
        Mutant(getattr(node, "lineno", 0), fault, number, change)
        for number, node in enumerate(_nodes(ast.parse(source)))
        for change, (fault, _) in enumerate(_changes(node))
    ]
    return sorted(found, key=lambda mutant: mutant.line)


def _nodes(tree: ast.Module) -> list[ast.AST]:
    """What is run and decides something: no annotation, docstring or assertion."""
    return [node for child in tree.body for node in _inside(child)]


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom) or _is_text(node):
        return
    yield node
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST):
                yield from _inside(child)


def _is_text(node: ast.AST) -> bool:
    """A docstring, or what a person is told; its words are not what is meant here."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Raise():
            return True
    return False


COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            other = OPERATORS[type(node.op)]
            yield f"{_word(type(node.op))} to {_word(other)}", lambda n: _set(n, "op", other())
        case ast.BoolOp():
            swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"to {_word(swapped)}", lambda n: _set(n, "op", swapped())
        case ast.UnaryOp(op=ast.USub()):
            yield "no minus", lambda n: _set(n, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield "no not", lambda n: _set(n, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.Constant():
            yield from _constants(node)
        case ast.Return(value=ast.Constant(value=None | bool())):
            return  # None is None, or as false; the constant itself is turned
        case ast.Return(value=ast.expr()):
            yield "return None", lambda n: _set(n, "value", ast.Constant(None))
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition turned", lambda n: _set(n, "test", _negated(n))
        case ast.Expr(value=ast.Call() | ast.Yield()):
            yield "statement left out", lambda n: _set(n, "value", ast.Constant(None))
        case _:
            return


def _comparisons(node: ast.Compare) -> Iterator[tuple[str, Change]]:
    for at, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:

            def change(n: ast.AST, at: int = at, other: type[ast.cmpop] = other) -> None:
                assert isinstance(n, ast.Compare)
                n.ops[at] = other()

            yield f"{_word(type(operator))} to {_word(other)}", change


def _constants(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    other: object
    match node.value:
        case bool(flag):
            other = not flag
        case int(number):
            other = number + 1
        case str(text):
            other = f"{text}x"
        case _:
            return
    yield f"{node.value!r} to {other!r}", lambda n: _set(n, "value", other)


def _set(node: ast.AST, field: str, value: object) -> None:
    setattr(node, field, value)


def _negated(node: ast.AST) -> ast.expr:
    assert isinstance(node, ast.If | ast.IfExp | ast.While)
    return ast.UnaryOp(ast.Not(), node.test)


def _word(kind: type[ast.AST]) -> str:
    return kind.__name__.lower()
