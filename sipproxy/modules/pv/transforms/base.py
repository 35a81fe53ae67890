"""What the transformation classes share: which values they take, and texts cut by bytes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from sipproxy import text as wire
from sipproxy.core.access import Argument, PvAccess
from sipproxy.core.module import transformation
from sipproxy.core.pvspec import PvSpec
from sipproxy.core.transform_args import Resolved, read_argument
from sipproxy.core.values import Value

Rest = ParamSpec("Rest")
OfText = Callable[Concatenate[Any, str, Rest], Value]
OfValue = Callable[Concatenate[Any, Value, Rest], Value]


def of_text(name: str, *, raw: bool = False) -> Callable[[OfText[Rest]], OfValue[Rest]]:
    """A transformation of any defined value's text; of what is undefined it is undefined."""

    def apply(method: OfText[Rest]) -> OfValue[Rest]:
        @wraps(method)
        def run(self: Any, value: Value, /, *args: Rest.args, **named: Rest.kwargs) -> Value:
            if not isinstance(value, str):
                if value is None:
                    return None
                value = str(value)
            return method(self, value, *args, **named)

        return transformation(name, raw=raw)(run)

    return apply


def of_content(name: str, *, raw: bool = False) -> Callable[[OfText[Rest]], OfValue[Rest]]:
    """As :func:`of_text`, but an empty text counts as undefined."""

    def apply(method: OfText[Rest]) -> OfValue[Rest]:
        @wraps(method)
        def run(self: Any, value: Value, /, *args: Rest.args, **named: Rest.kwargs) -> Value:
            if not isinstance(value, str):
                if value is None:
                    return None
                value = str(value)
            return method(self, value, *args, **named) if value else None

        return transformation(name, raw=raw)(run)

    return apply


class Delimiter(str, Resolved):
    """A parameter whose first character counts, which may be a comma: `{s.count,,}`."""

    @classmethod
    def read(cls, text: str, resolve: Callable[[PvSpec], PvAccess]) -> Argument:
        """Read a text or a pseudo-variable."""
        text = text.lstrip(" \t\r\n")
        literal = text.partition(",")
        argument, rest = read_argument(text, str, resolve)
        if isinstance(argument, str):
            argument = f"{argument}{literal[1]}"
            rest = literal[2] or None
        if rest is not None:
            raise ValueError("wrong number of parameters")
        return argument


def cut(text: str, start: int, end: int) -> str:
    """The bytes of `text` from `start` to `end`, as Python slices count."""
    return text[start:end] if text.isascii() else wire.decode(wire.encode(text)[start:end])
