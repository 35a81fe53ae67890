"""json: members of JSON texts (Kamailio modules/json)."""

import re
from collections.abc import Callable

from sipproxy.core.access import Argument, Format, PvAccess, Reading
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam, transformation
from sipproxy.core.pvspec import PvSpec, parse_pv, split_text
from sipproxy.core.transform_args import Resolved
from sipproxy.core.values import Value, to_str
from sipproxy.modules.json.jsonc import Json, JsonError, parse, written

_STEP = re.compile(r"([^[]+)(?:\[([^]]+))?")
_LEADING_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")


class Path(Resolved):
    """`a.b[0]`: a pseudo-variable, or a text with pseudo-variables."""

    @classmethod
    def read(cls, text: str, resolve: Callable[[PvSpec], PvAccess]) -> Argument:
        """The text is read as an argument of a function would be."""
        path = text.strip(" \t\r\n")
        if path.startswith("$"):
            return Reading(resolve(parse_pv(path)))
        pieces = split_text(text.lstrip(" \t\n").rstrip("\t\n"))
        return Format(text, tuple(p if isinstance(p, str) else resolve(p) for p in pieces))


class JsonModule(Module, name="json"):
    """Reading of JSON, as tolerant as the library json-c is."""

    json_escape_char = modparam(
        "%", "Accepted; in 5.6 a `%` in a path stands for a dot in any case."
    )

    @function()
    def json_get_field(self, ctx: Context, text: str, name: str, target: PvAccess) -> bool:
        """Write a member of an object to a variable, as JSON: texts in quotes."""
        return self._member(ctx, text, name, target, written)

    @function()
    def json_get_string(self, ctx: Context, text: str, name: str, target: PvAccess) -> bool:
        """Write a member of an object to a variable: texts as they are, the rest as JSON."""
        return self._member(ctx, text, name, target, _plain)

    def _member(
        self, ctx: Context, text: str, name: str, target: PvAccess, show: Callable[[Json], str]
    ) -> bool:
        found = self._parsed(text)
        value = found.get(name) if isinstance(found, dict) else None
        if value is None:
            return False
        target.write(ctx, show(value))
        return True

    @transformation("json.parse")
    def json_parse(self, value: Value, path: Path) -> Value:
        """What lies at the path `a.b[0]`, empty when there is nothing; `%` stands for a dot."""
        if value is None:
            return None
        # At each use the path arrives as its text.
        found = self._parsed(to_str(value))
        for step in filter(None, str(path).split(".")):
            found = _step(found, step.replace("%", "."))
        return "" if found is None else _plain(found)

    def _parsed(self, text: str) -> Json:
        try:
            found = parse(text)
        except JsonError:
            found = None
        if found is None:
            report(self.host.log, ERROR, "json", "empty or invalid JSON")
        return found


def _step(value: Json, step: str) -> Json:
    """A member, and an item of it where the step says one and the member is an array."""
    taken = _STEP.match(step)
    if taken is None or not isinstance(value, dict):
        return None
    member = value.get(taken[1])
    if taken[2] is None or not isinstance(member, list):
        return member
    number = _LEADING_NUMBER.match(taken[2])
    index = int(number[1]) if number else 0
    return member[index] if 0 <= index < len(member) else None


def _plain(value: Json) -> str:
    """A text as it is, up to a NUL as in C; all else as JSON."""
    return value.partition("\0")[0] if isinstance(value, str) else written(value)
