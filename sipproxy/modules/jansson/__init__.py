"""jansson: reading and building of JSON texts (Kamailio modules/jansson)."""

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function
from sipproxy.modules.jansson import path
from sipproxy.modules.jansson.jsontext import Json, JsonError, parse, written
from sipproxy.modules.jansson.values import to_value, typed

_EMPTY = "{}"


class Jansson(Module, name="jansson"):
    """JSON by paths: `a.b[0]`."""

    @function()
    def jansson_get(self, ctx: Context, where: str, text: str, target: PvAccess) -> bool:
        """Write what lies at a path to a variable: numbers as such, arrays and objects as JSON."""
        root = self._parsed(text)
        if root is None:
            return False
        try:
            found = path.get(root, where)
        except path.PathError:
            return False
        target.write(ctx, to_value(found))
        return True

    @function()
    def jansson_get_field(self, ctx: Context, text: str, where: str, target: PvAccess) -> bool:
        """jansson_get with the text first, as it was called once."""
        return self.jansson_get(ctx, where, text, target)

    @function()
    def jansson_array_size(self, ctx: Context, where: str, text: str, target: PvAccess) -> bool:
        """Write the number of items of the array at a path to a variable."""
        root = self._parsed(text)
        if root is None:
            return False
        try:
            found = path.get(root, where)
        except path.PathError:
            return self._complain(f"failed to find {where} in json")
        if not isinstance(found, list):
            return self._complain(f"value at {where} is not an array")
        target.write(ctx, len(found))
        return True

    @function()
    def jansson_set(
        self, ctx: Context, kind: str, where: str, value: str, result: PvAccess
    ) -> bool:
        """Put a value at a path of the JSON in a variable; a variable without text is `{}`.

        Kinds: `object`, `array`, `string`, `integer`, `real`, `true`, `false`, `null`.
        """
        return self._change(ctx, kind, where, value, result, append=False)

    @function()
    def jansson_append(
        self, ctx: Context, kind: str, where: str, value: str, result: PvAccess
    ) -> bool:
        """Add a value to the array, or the members of an object to the object, at a path."""
        return self._change(ctx, kind, where, value, result, append=True)

    def _change(
        self, ctx: Context, kind: str, where: str, value: str, result: PvAccess, *, append: bool
    ) -> bool:
        before = result.read(ctx)
        try:
            added = typed(kind, value)
            root = parse(before if isinstance(before, str) else _EMPTY)
            path.put(root, where, added, append=append)
        except (JsonError, path.PathError) as error:
            return self._complain(str(error))
        result.write(ctx, to_value(root))
        return True

    @function()
    def jansson_xdecode(self, ctx: Context, text: str, name: str) -> bool:
        """Make `$xavp(name)` of an object, or one of each item of an array."""
        root = self._parsed(text)
        if root is None:
            return False
        for found in root if isinstance(root, list) else [root]:
            members = found.items() if isinstance(found, dict) else ()
            children = [(key, to_value(value)) for key, value in members]
            ctx.xavps.setdefault(name, []).insert(0, children[::-1])
        return True

    @function()
    def jansson_xencode(self, ctx: Context, name: str, target: PvAccess) -> bool:
        """Write the children of the newest `$xavp(name)` to a variable, as an object."""
        roots = ctx.xavps.get(name) if ctx.touched("xavps") else None
        if not roots or not isinstance(roots[0], list):
            return False
        target.write(ctx, written(dict(roots[0]), ", ", ": "))
        return True

    def _parsed(self, text: str) -> Json:
        """The array or object in a text; None, with a line in the log, when it is none."""
        try:
            return parse(text)
        except JsonError as error:
            self._complain(f"failed to parse json: {error}")
            return None

    def _complain(self, text: str) -> bool:
        report(self.host.log, ERROR, "jansson", text)
        return False
