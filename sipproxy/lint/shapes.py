"""Shapes in the tree that several rules look for: conditions, counting, leaving."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sipproxy.errors import Span
from sipproxy.lint.gather import Cell, Gathered, Step
from sipproxy.script import tree

COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}

OF_THE_SENDER = frozenset(
    (
        *("si", "sp", "siz", "Ri", "fu", "fU", "fd", "ft", "fn", "tu", "tU", "td", "tn", "tt"),
        *("ru", "rU", "rd", "rz", "ci", "ua", "au", "ar", "ad", "adu", "Au", "AU", "hdr", "ct"),
        *("cs", "ou", "oU", "od", "from", "hdrc", "T_req", "ai", "pd", "pU", "pu", "pn", "di"),
    )
)
"""Pseudo-variables whose values the sender of a message chooses, or has many of."""


@dataclass(frozen=True, slots=True)
class Increment:
    """A place where a cell is counted up or down.

    `how`: `atomic` is `$shtinc` or `$shtdec`; `direct` is `$sht(t=>k) = $sht(t=>k) + 1`; `copied`
    goes through a `$var`. `string_first` says that the cell is the left operand of the `+`.
    """

    cell: Cell
    how: Literal["atomic", "direct", "copied"]
    op: str
    amount: tree.Expr | None
    span: Span
    string_first: bool = False

    @property
    def step(self) -> Step:
        """The statement that counts."""
        return self.cell.step


def increments(cfg: Gathered) -> list[Increment]:
    """All places where cells are counted, in the order of the cfg."""
    by_step: dict[int, list[Cell]] = {}
    found: list[Increment] = []
    for cell in cfg.cells:
        if cell.name in ("shtinc", "shtdec"):
            op = "+" if cell.name == "shtinc" else "-"
            found.append(Increment(cell, "atomic", op, None, cell.span))
        elif cell.name == "sht":
            by_step.setdefault(id(cell.step), []).append(cell)
    for cell in cfg.cells:
        if cell.name == "sht" and cell.use.written:
            one = _counted(cell, by_step)
            if one is not None:
                found.append(one)
    return found


def _counted(cell: Cell, by_step: dict[int, list[Cell]]) -> Increment | None:
    statement = cell.step.statement
    if not isinstance(statement, tree.Assign):
        return None
    value = statement.value
    span = statement.span
    if isinstance(value, tree.Binary) and value.op in "+-":
        for side, other in ((value.left, value.right), (value.right, value.left)):
            bare = _bare(side)
            if isinstance(bare, tree.Pv) and _is_read_of(bare, cell, by_step):
                first = side is value.left and side is bare
                return Increment(cell, "direct", value.op, other, span, first)
            if isinstance(bare, tree.Pv):
                copy = _copied(bare.text, cell, by_step)
                if copy is not None:
                    return Increment(cell, "copied", value.op, other, span)
    if isinstance(value, tree.Pv):
        return _through_variable(value.text, cell, by_step)
    return None


def _bare(expr: tree.Expr) -> tree.Expr:
    """Without a cast."""
    return expr.operand if isinstance(expr, tree.Unary) and expr.op in ("int", "str") else expr


def _is_read_of(pv: tree.Pv, cell: Cell, by_step: dict[int, list[Cell]]) -> bool:
    return any(
        other.span == pv.span and other.same_as(cell)
        for other in by_step.get(id(cell.step), ())
        if not other.use.written
    )


def _through_variable(name: str, cell: Cell, by_step: dict[int, list[Cell]]) -> Increment | None:
    """`$var(x) = $sht(k) + 1; $sht(k) = $var(x);` and with the `+ 1` in a statement of its own."""
    if not name.startswith("$var("):
        return None
    for statement in reversed(cell.step.earlier()):
        if not _assigns(statement, name):
            continue
        assert isinstance(statement, tree.Assign)
        value = statement.value
        if not (isinstance(value, tree.Binary) and value.op in "+-"):
            return None
        for side, other in ((value.left, value.right), (value.right, value.left)):
            bare = _bare(side)
            if not isinstance(bare, tree.Pv):
                continue
            first = side is value.left and side is bare
            if _reads(bare.text, cell):
                return Increment(cell, "copied", value.op, other, cell.step.statement.span, first)
            if bare.text == name and _copied(name, cell, by_step):
                return Increment(cell, "copied", value.op, other, cell.step.statement.span)
        return None
    return None


def _copied(name: str, cell: Cell, by_step: dict[int, list[Cell]]) -> tree.Statement | None:
    """The statement `name = $sht(k)` before the cell is written, around it too."""
    if not name.startswith("$var("):
        return None
    for step in cell.step.outer():
        for statement in reversed(step.earlier()):
            if _assigns(statement, name) and isinstance(statement, tree.Assign):
                value = _bare(statement.value)
                if isinstance(value, tree.Pv) and _reads(value.text, cell):
                    return statement
    return None


def _assigns(statement: tree.Statement, name: str) -> bool:
    return isinstance(statement, tree.Assign) and statement.target.text == name


def _reads(text: str, cell: Cell) -> bool:
    """Whether `$sht(t=>k)` as written is the same cell."""
    return text == cell.use.spec.text


def condition_of(step: Step) -> tree.Expr | None:
    """The condition or subject that a step's statement decides by."""
    match step.statement:
        case tree.If(condition=expr) | tree.While(condition=expr) | tree.Switch(subject=expr):
            return expr
    return None


def conditions_around(step: Step) -> Iterator[tuple[tree.Expr, str]]:
    """The conditions a statement stands under, with the part of each: then, else, body, case."""
    part = step.part
    for outer in list(step.outer())[1:]:
        expr = condition_of(outer)
        if expr is not None:
            yield expr, part
        part = outer.part


def comparisons(expr: tree.Expr) -> Iterator[tuple[tree.Expr, str, tree.Expr]]:
    """(operand, operator, other operand) of each comparison inside, both ways round."""
    for node in tree.walk(expr):
        if isinstance(node, tree.Binary) and node.op in COMPARISONS:
            yield node.left, node.op, node.right
            yield node.right, _MIRRORED.get(node.op, node.op), node.left


def is_null(expr: tree.Expr) -> bool:
    """Whether an operand is `$null`."""
    return isinstance(expr, tree.Pv) and expr.text == "$null"


def leaves(block: tree.Block) -> bool:
    """Whether a block ends the script, itself or by its last statement."""
    return any(
        isinstance(node, tree.Leave) and node.kind in ("exit", "drop") for node in block.statements
    )


def refuses(block: tree.Block) -> bool:
    """Whether a block ends the script or answers, by a statement of its own."""
    return leaves(block) or any(map(answers, block.statements))


def answers(statement: tree.Statement) -> bool:
    """Whether a statement is a call that sends a reply."""
    return (
        isinstance(statement, tree.Evaluate)
        and isinstance(statement.expr, tree.Call)
        and statement.expr.name in ("sl_send_reply", "send_reply", "t_reply", "sl_reply_error")
    )


def is_unbraced(block: tree.Block) -> bool:
    """Whether a block is a single statement without braces."""
    return bool(block.statements) and block.span == block.statements[0].span


def locked(step: Step, table: str) -> bool:
    """Whether `sht_lock` on the table stands before a statement, in its block or around it."""
    return any(
        isinstance(statement, tree.Evaluate)
        and isinstance(statement.expr, tree.Call)
        and statement.expr.name == "sht_lock"
        and getattr(statement.expr.args[0], "text", "").partition("=>")[0].strip() == table
        for outer in step.outer()
        for statement in outer.earlier()
    )


def at_start(step: Step) -> bool:
    """Whether a statement runs once, before there are messages."""
    return step.route.kind == "event_route" and step.route.name == "htable:mod-init"


def resets(cell: Cell) -> bool:
    """Whether a cell is written to be forgotten: `$null` or 0."""
    statement = cell.step.statement
    if not (cell.use.written and isinstance(statement, tree.Assign)):
        return False
    value = statement.value
    return is_null(value) or (isinstance(value, tree.Int) and value.value == 0)
