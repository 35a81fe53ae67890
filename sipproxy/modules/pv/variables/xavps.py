"""`$xavp $xavi $xavu`: values with named children.

`$xavp(root)`, `$xavp(root[n]=>child[m])`. Assigning to a root without index adds a new one;
`$xavi` ignores the case of names; `$xavu` holds one value of each name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context, XavpValue
from sipproxy.core.module import pvar
from sipproxy.core.pvspec import parse_pv
from sipproxy.core.values import EvalError, Value, to_int, to_str
from sipproxy.modules.pv import xlist
from sipproxy.modules.pv.variables.state import StateVariables
from sipproxy.text import lower

Index = int | Literal["*"] | Callable[[Context], int] | None
_OPAQUE = "<<xavp>>"
"""How a value with children shows; Kamailio shows its address in memory."""


@dataclass(frozen=True, slots=True)
class Name:
    """`name[index]`; the index is None where none is written."""

    text: str
    index: Index

    def at(self, ctx: Context) -> int | Literal["*"]:
        """The index in this context, 0 where none is written."""
        index = self.index(ctx) if callable(self.index) else self.index
        return 0 if index is None else index


class XavpVariables(StateVariables):
    """Extended AVPs."""

    @pvar("xavp", bind=True)
    def xavp(self, inner: str | None, index: str | None) -> PvAccess:
        """An extended AVP of the message, then of its transaction."""
        root, child = self._names(inner, index)
        return _access("xavps", root, child)

    @pvar("xavi", bind=True)
    def xavi(self, inner: str | None, index: str | None) -> PvAccess:
        """As `$xavp`; names are the same in any case."""
        root, child = self._names(inner, index)
        folded = None if child is None else Name(lower(child.text), child.index)
        return _access("xavis", Name(lower(root.text), root.index), folded)

    @pvar("xavu", bind=True)
    def xavu(self, inner: str | None, index: str | None) -> PvAccess:
        """As `$xavp` without indexes: assigning replaces."""
        root, arrow, child = (inner or "").strip().partition("=>")
        if not root or (arrow and not child) or index is not None:
            raise ValueError("it is written $xavu(root) or $xavu(root=>child)")
        return _unique(root, child)

    def _names(self, inner: str | None, index: str | None) -> tuple[Name, Name | None]:
        if not inner or index is not None:
            raise ValueError("it is written $xavp(root[n]=>child[m])")
        root, arrow, child = inner.partition("=>")
        return self._name(root), self._name(child) if arrow else None

    def _name(self, text: str) -> Name:
        name, bracket, rest = text.strip().partition("[")
        name = name.strip()
        if not name or (bracket and not rest.endswith("]")) or rest == "]":
            raise ValueError(f"{text!r} is no name with an index")
        if not bracket:
            return Name(name, None)
        index = rest[:-1]
        if index == "*":
            return Name(name, "*")
        if index.startswith("$"):
            access: PvAccess = self.host.access(parse_pv(index))
            return Name(name, lambda ctx: to_int(access.read(ctx)))
        try:
            return Name(name, int(index))
        except ValueError:
            raise ValueError(f"the index {index!r} is no number") from None

    def xavp_counter(self, inner: str) -> PvAccess:
        """`$cnt($xavp(...))`: without an index, or with `[*]`, all are counted."""
        root, child = self._names(inner, None)

        def count(ctx: Context) -> int:
            roots = ctx.xavps.get(root.text, [])
            if root.index not in (None, "*"):
                roots = xlist.only(roots, root.at(ctx))
            if child is None:
                return len(roots)
            total = 0
            for value in roots:
                found = xlist.of(value, child.text)
                every = child.index in (None, "*")
                total += len(found if every else xlist.only(found, child.at(ctx)))
            return total

        return PvAccess(count, type="int")


def _access(store: str, root: Name, child: Name | None) -> PvAccess:
    def read(ctx: Context) -> Value:
        if not ctx.touched(store):
            return None
        roots: list[XavpValue] = getattr(ctx, store).get(root.text, [])
        at = root.at(ctx)
        picked = xlist.only(roots, 0 if at == "*" else at)
        if not picked:
            return None
        value = picked[0]
        if child is None:
            return _OPAQUE if isinstance(value, list) else value
        found = xlist.of(value, child.text)
        index = child.at(ctx)
        if index == "*":
            return ", ".join(map(to_str, found)) if found else None
        one = xlist.only(found, index)
        return one[0] if one else None

    def write(ctx: Context, value: Value) -> None:
        roots: dict[str, list[XavpValue]] = getattr(ctx, store)
        if value is None:
            _remove(ctx, roots, root, child)
        elif child is None:
            _set_root(ctx, roots, root, value)
        else:
            _set_child(ctx, roots, root, child, value)
        if not roots.get(root.text, True):
            del roots[root.text]

    return PvAccess(read, write)


def _place(index: int, count: int) -> int:
    """Where a write goes: a negative index is off by one in Kamailio."""
    return index if index >= 0 else count + index + 1


def _set_root(
    ctx: Context, roots: dict[str, list[XavpValue]], root: Name, value: int | str
) -> None:
    values = roots.setdefault(root.text, [])
    if root.index is None:
        values.insert(0, value)
        return
    at = root.at(ctx)
    place = -1 if at == "*" else _place(at, len(values))
    if not 0 <= place < len(values):
        raise EvalError(f"there is no value {at} of {root.text}")
    values[place] = value


def _set_child(
    ctx: Context,
    roots: dict[str, list[XavpValue]],
    root: Name,
    child: Name,
    value: int | str,
) -> None:
    values = roots.setdefault(root.text, [])
    if root.index is None:
        values.insert(0, [(child.text, value)])
        return
    at = root.at(ctx)
    place = -1 if at == "*" else _place(at, len(values))
    if not 0 <= place < len(values):
        return
    children = values[place]
    if not isinstance(children, list):
        raise EvalError(f"the value {at} of {root.text} has no children")
    if child.index is None:
        children.insert(0, (child.text, value))
        return
    index = child.at(ctx)
    if index != "*":
        count = len(xlist.of(children, child.text))
        xlist.replace(children, child.text, _place(index, count), value)


def _remove(
    ctx: Context, roots: dict[str, list[XavpValue]], root: Name, child: Name | None
) -> None:
    values = roots.get(root.text, [])
    at = root.at(ctx)
    if child is None:
        if at == "*":
            values.clear()
        elif 0 <= _place(at, len(values)) < len(values):
            del values[_place(at, len(values))]
        return
    if at == "*":
        picked = values
    else:
        place = _place(at, len(values))
        picked = values[place : place + 1] if place >= 0 else []
    for value in picked:
        if isinstance(value, list):
            index = child.at(ctx)
            count = len(xlist.of(value, child.text))
            xlist.remove(value, child.text, None if index == "*" else _place(index, count))


def _unique(root: str, child: str) -> PvAccess:
    def read(ctx: Context) -> Value:
        value = ctx.xavus.get(root)
        if not child:
            return _OPAQUE if isinstance(value, dict) else value
        return value.get(child) if isinstance(value, dict) else None

    def write(ctx: Context, value: Value) -> None:
        held = ctx.xavus.get(root)
        if value is None:
            if not child:
                ctx.xavus.pop(root, None)
            elif isinstance(held, dict):
                held.pop(child, None)
        elif not child:
            ctx.xavus[root] = value
        elif isinstance(held, dict):
            held[child] = value
        else:
            ctx.xavus[root] = {child: value}

    return PvAccess(read, write)
