"""Pseudo-variables as Python: reading them, texts that hold them, assigning to them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from sipproxy.core import values
from sipproxy.core.access import Argument, Dynamic, Format, PvAccess, Reading, printed
from sipproxy.core.resolve import ResolveError
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.codes import Code
from sipproxy.script.infer import variable_name
from sipproxy.script.kept import Kept

if TYPE_CHECKING:
    from sipproxy.script.expressions import Expressions


class Variables:
    """Compiles uses of pseudo-variables; the expressions assigned are the caller's."""

    def __init__(self, build: Expressions) -> None:
        self.build = build
        self.scope = build.scope
        self.emit = build.scope.emit
        self.kept: Kept | None = None
        """Locals of the function being made; None in a function made for a part of a block."""

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
            node = self._got(access)
            if self.kept is not None and (local := self.kept.local(access)) is not None:
                node = self._once(local, node)
        for step in access.transforms:
            args = [self._argument(a) for a in step.args]
            node = emit.call(emit.bind(step.function, step.name), node, *args)
            type_ = step.type
        return Code(self._told("value", emit.span, node, access.text), type_)

    def _told(self, kind: str, span: Span, node: ast.expr, text: str) -> ast.expr:
        """The node, of whose value an onlooker is told."""
        return self.build.calls.traces.value(kind, span, node, text)

    def _got(self, access: PvAccess) -> ast.expr:
        emit = self.emit
        hint = getattr(access.get, "__name__", "read")
        args = [self._argument(a) for a in access.args]
        return emit.call(emit.bind(access.get, hint), emit.name("c"), *args)

    def _once(self, local: str, node: ast.expr) -> ast.expr:
        """`node` evaluated the first time only, kept in a local that starts as None."""
        emit = self.emit
        there = emit.compare(emit.name(local), ast.IsNot(), emit.const(None))
        return emit.choose(there, emit.name(local), emit.keep(local, node))

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
        type_ = "str"
        for piece in format.pieces:
            if isinstance(piece, str):
                pieces.append(emit.const(piece))
                continue
            local = self.kept.local(piece, shown=True) if self.kept is not None else None
            if local is not None and piece.type == "any":
                pieces.append(self._once(local, self._shown(self._got(piece), piece)))
                type_ = "str"
                continue
            code = self.read(piece)
            pieces.append(self._shown(code.node, piece) if code.type == "any" else code.node)
            type_ = "int" if code.type == "int" else "str"
        if len(pieces) == 1 and type_ == "str":
            return pieces[0]
        return emit.joined(pieces)

    def _shown(self, node: ast.expr, access: PvAccess) -> ast.expr:
        """A value as texts show it; mostly it is a text already."""
        emit = self.emit
        shown = printed if access.absent else values.to_str
        kept = emit.temporary()
        kind = emit.attribute(emit.keep(kept, node), "__class__")
        is_text = emit.compare(kind, ast.Is(), emit.name("str"))
        made = emit.call(emit.bind(shown, shown.__name__), emit.name(kept))
        return emit.choose(is_text, emit.name(kept), made)

    def assign(self, statement: tree.Assign) -> list[ast.stmt]:
        """`lval = e` as statements."""
        access = self.access(statement.target)
        expr = self.build.whole(statement.value)
        emit = self.emit
        if isinstance(expr, tree.Call | tree.RouteCall | tree.BlockExpr):
            code = Code(self.build.calls.code(expr), "int")  # alone, a call keeps its code
        else:
            code = self.build.value(expr)
        emit.span = statement.span
        if access is None:
            return [emit.do(code.node)]
        if access.set is None:
            text = access.text or statement.target.text
            self.scope.error(statement.target.span, f"{text} cannot be written to")
            return [emit.do(code.node)]
        if access.plain_set:
            return self._assign_slot(access, code, statement.span)
        # What cannot be assigned is refused with an EvalError.
        self.build.fails = True
        args = [self._argument(a) for a in access.args]
        name = getattr(access.set, "__name__", "write")
        setter = emit.bind(access.set, name)
        value = self._told("assigned", statement.span, code.node, access.text)
        return [emit.do(emit.call(setter, emit.name("c"), *args, value))]

    def _assign_slot(self, access: PvAccess, code: Code, span: Span) -> list[ast.stmt]:
        emit = self.emit
        owner = emit.name("c") if access.owner is None else emit.bind(access.owner, "variables")
        value = code.node
        if isinstance(value, ast.Constant) and value.value is None:
            value = emit.const(0)
        elif code.type == "any":
            kept = emit.temporary()
            missing = emit.compare(emit.keep(kept, value), ast.Is(), emit.const(None))
            value = emit.choose(missing, emit.const(0), emit.name(kept))
        return [emit.put(owner, access.slot, self._told("assigned", span, value, access.text))]


def _as_avp(expr: tree.Attr) -> str:
    """`$name` and `$name[1]` of a file without `#!KAMAILIO` mean an AVP."""
    name = expr.text[1:].removeprefix("s:")
    if expr.text[0] != "$" or "." in name:
        raise ResolveError(f"the ser attribute {expr.text} is not supported", "use $avp(name)")
    index = "[*]" if expr.index == "all" else "" if expr.index is None else f"[{expr.index}]"
    return f"$(avp({name}){index})"
