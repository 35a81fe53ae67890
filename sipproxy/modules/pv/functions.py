"""The functions of module pv, besides those of the static branch."""

from collections.abc import Callable
from typing import Any

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.context import Context, XavpValue
from sipproxy.core.log import INFO, report
from sipproxy.core.module import function
from sipproxy.core.params import Plain
from sipproxy.core.pvspec import PvSyntaxError
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError, Value
from sipproxy.modules.pv import paramlist, xlist
from sipproxy.modules.pv.variables.state import Bank
from sipproxy.modules.pv.variables.xavps import XavpVariables
from sipproxy.text import lower


class PvFunctions(XavpVariables):
    """Tests of variables, and work on XAVPs."""

    @function()
    def pv_isset(self, ctx: Context, variable: PvAccess) -> bool:
        """Whether a variable is defined."""
        return variable.read(ctx) is not None

    @function()
    def pv_unset(self, ctx: Context, variable: PvAccess) -> bool:
        """Make a variable undefined."""
        if variable.set is None:
            return False
        try:
            variable.write(ctx, None)
        except EvalError:
            return False
        return True

    @function()
    def is_int(self, ctx: Context, variable: PvAccess) -> bool:
        """Whether a variable has a number."""
        value = variable.read(ctx)
        if isinstance(value, str):
            return variable.number is not None
        return value is not None

    @function()
    def typeof(self, ctx: Context, variable: PvAccess, kind: Plain) -> bool:
        """Whether a variable is of a type: `int`, `str` or `null`; the first letter counts."""
        value = variable.read(ctx)
        if value is None and not variable.absent:
            return False
        match lower(kind[:1]):
            case "i":
                return isinstance(value, int)
            case "n":
                return value is None
            case "s":
                return isinstance(value, str)
        return False

    @function()
    def not_empty(self, ctx: Context, variable: PvAccess) -> bool:
        """Whether a variable is a text that is not empty."""
        value = variable.read(ctx)
        return isinstance(value, str) and value != ""

    @function()
    def pv_evalx(self, ctx: Context, target: PvAccess, text: str) -> bool:
        """Assign a text whose value, after its variables were replaced, holds variables again."""
        if target.set is None:
            return False
        try:
            format: Format = self.host.format(text)
            target.write(ctx, format(ctx))
        except (ResolveError, PvSyntaxError, EvalError):
            return False
        return True

    @function()
    def pv_xavp_print(self, ctx: Context) -> bool:
        """Log all XAVPs."""
        return self._print(ctx.xavps, "XAVP")

    @function()
    def pv_xavi_print(self, ctx: Context) -> bool:
        """Log all XAVIs."""
        return self._print(ctx.xavis, "XAVI")

    @function()
    def pv_xavu_print(self, ctx: Context) -> bool:
        """Log all XAVUs."""
        lists: dict[str, list[XavpValue]] = {
            name: [list(value.items()) if isinstance(value, dict) else value]
            for name, value in ctx.xavus.items()
        }
        return self._print(lists, "XAVU")

    def _print(self, roots: dict[str, list[XavpValue]], kind: str) -> bool:
        flat = [(name, value) for name, values in roots.items() for value in values]

        def write(text: str) -> None:
            report(self.host.log, INFO, "pv", text)

        _describe(write, kind, flat, 0)
        return True

    @function()
    def pv_var_to_xavp(self, ctx: Context, name: str, root: str) -> bool:
        """Copy a `$var`, or all for `*`, to a child of a new `$xavp(root)`."""
        values = self._variables()
        ctx.xavps.pop(root, None)
        if name != "*":
            if name not in values:
                return False
            ctx.xavps[root] = [[(name, values[name])]]
            return True
        children: xlist.Children = [(one, v) for one, v in values.items() if v != ""]
        if children:
            ctx.xavps[root] = [children]
        return True

    def _variables(self) -> dict[str, int | str]:
        bank: Bank = self.bank
        found: dict[str, int | str] = {}
        for name in bank.names():
            value: Value = getattr(bank, bank.slot(name))
            if value is not None:
                found[name] = value
        return found

    @function()
    def pv_xavp_to_var(self, ctx: Context, root: str) -> bool:
        """Copy the children of every `$xavp(root)` to `$var` of their names."""
        roots = ctx.xavps.get(root)
        if not roots or not isinstance(roots[0], list):
            return False
        for value in roots:
            for name, one in value if isinstance(value, list) else ():
                setattr(self.bank, self.bank.slot(name), one)
        return True

    @function(name="xavp_copy")
    def xavp_copy(self, ctx: Context, source: str, index: int, target: str) -> bool:
        """Copy `$xavp(source[index])` behind all `$xavp(target)`."""
        found = xlist.only(ctx.xavps.get(source, []), index) if index >= 0 else []
        if not found:
            return False
        ctx.xavps.setdefault(target, []).append(_copied(found[0]))
        return True

    @function(name="xavp_copy")
    def xavp_copy_to(self, ctx: Context, source: str, index: int, target: str, place: int) -> bool:
        """Copy `$xavp(source[index])` to the place of `$xavp(target[place])`."""
        found = xlist.only(ctx.xavps.get(source, []), index) if index >= 0 else []
        targets = ctx.xavps.get(target, [])
        if not found or not 0 <= place < len(targets):
            return False
        targets[place] = _copied(found[0])
        return True

    @function()
    def xavp_slist_explode(
        self, ctx: Context, text: str, separators: str, mode: str, root: str
    ) -> bool:
        """Split a text at any of some characters into children `v`; mode `t` trims the items."""
        if not text or not separators or not root:
            return False
        for separator in separators[1:]:
            text = text.replace(separator, separators[0])
        items = text.split(separators[0])
        if mode.startswith("t"):
            items = [item.strip(" \t\r\n") for item in items]
        ctx.xavps.setdefault(root, []).insert(0, [("v", item) for item in items if item])
        return True

    @function()
    def xavp_params_explode(self, ctx: Context, text: str, root: str) -> bool:
        """Make each parameter of a list a child of a new `$xavp(root)`."""
        items = paramlist.parse_list(text) if text else None
        if not items or not root:
            return False
        ctx.xavps.setdefault(root, []).insert(0, list(items))
        return True

    @function()
    def xavu_params_explode(self, ctx: Context, text: str, root: str) -> bool:
        """Make each parameter of a list a child of `$xavu(root)`."""
        items = paramlist.parse_list(text) if text else None
        if not items or not root:
            return False
        ctx.xavus[root] = dict(reversed(items))
        return True

    @function()
    def xavp_params_implode(self, ctx: Context, root: str, target: Plain) -> bool:
        """Write the children of `$xavp(root)` into a variable as a list of parameters."""
        values = ctx.xavps.get(root)
        children = values[0] if values else None
        return isinstance(children, list) and self._write(ctx, target, xlist.serialized(children))

    @function()
    def xavu_params_implode(self, ctx: Context, root: str, target: Plain) -> bool:
        """Write the children of `$xavu(root)` into a variable as a list of parameters."""
        held = ctx.xavus.get(root)
        if not isinstance(held, dict):
            return False
        return self._write(ctx, target, xlist.serialized(list(reversed(held.items()))))

    def _write(self, ctx: Context, target: str, text: str) -> bool:
        try:
            access: PvAccess = self.host.pv(target)
        except ResolveError:
            return False
        if access.set is None or not text:
            return False
        access.write(ctx, text)
        return True

    @function()
    def xavp_child_seti(self, ctx: Context, root: str, child: str, value: int) -> bool:
        """Give `$xavp(root[0])` one child of that name."""
        xlist.put(ctx.xavps, root, child, value)
        return True

    @function()
    def xavp_child_sets(self, ctx: Context, root: str, child: str, value: str) -> bool:
        """Give `$xavp(root[0])` one child of that name."""
        xlist.put(ctx.xavps, root, child, value)
        return True

    @function()
    def xavp_rm(self, ctx: Context, root: str) -> bool:
        """Remove the newest `$xavp(root)`."""
        xlist.drop(ctx.xavps, root)
        return True

    @function()
    def xavp_child_rm(self, ctx: Context, root: str, child: str) -> bool:
        """Remove the newest child of that name from `$xavp(root[0])`."""
        xlist.drop_child(ctx.xavps, root, child)
        return True

    @function()
    def xavi_child_seti(self, ctx: Context, root: str, child: str, value: int) -> bool:
        """Give `$xavi(root[0])` one child of that name."""
        xlist.put(ctx.xavis, lower(root), lower(child), value)
        return True

    @function()
    def xavi_child_sets(self, ctx: Context, root: str, child: str, value: str) -> bool:
        """Give `$xavi(root[0])` one child of that name."""
        xlist.put(ctx.xavis, lower(root), lower(child), value)
        return True

    @function()
    def xavi_rm(self, ctx: Context, root: str) -> bool:
        """Remove the newest `$xavi(root)`."""
        xlist.drop(ctx.xavis, lower(root))
        return True

    @function()
    def xavi_child_rm(self, ctx: Context, root: str, child: str) -> bool:
        """Remove the newest child of that name from `$xavi(root[0])`."""
        xlist.drop_child(ctx.xavis, lower(root), lower(child))
        return True


def _copied(value: XavpValue) -> XavpValue:
    return list(value) if isinstance(value, list) else value


def _describe(write: Callable[[str], None], kind: str, values: Any, level: int) -> None:
    write(f"+++++ start {kind} list (level={level})")
    for name, value in values:
        write(f"     *** (l:{level}) {kind} name: {name}")
        if isinstance(value, list):
            _describe(write, kind, value, level + 1)
        else:
            shown = "int" if isinstance(value, int) else "str"
            write(f"     {kind} value ({shown}): {value}")
    write(f"----- end {kind} list (level={level})")
