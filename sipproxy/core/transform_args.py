"""The parameters of a transformation, read once when a cfg is loaded (Kamailio's tr_parse_*).

A parameter that begins with `$` is one pseudo-variable, taken as its value at each use; if that
value is of the wrong kind, the transformation fails. All other text is literal, a `$` inside of it
too: `{s.rm,a$b}`. Blanks before a parameter do not count.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sipproxy.core.access import Argument, PvAccess, Reading
from sipproxy.core.declared import Parameter
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSpec, pv_at
from sipproxy.core.values import Value

_BLANKS = " \t\r\n"


class Resolved(Parsed):
    """Base of parameter types with pseudo-variables of their own inside."""

    @classmethod
    def read(cls, text: str, resolve: Callable[[PvSpec], PvAccess]) -> Argument:
        """What the transformation gets, or a Reading of it; raises ValueError, PvSyntaxError."""
        raise ValueError(f"{cls.__name__} does not say how it is read")


def read_arguments(
    text: str | None,
    params: Sequence[Parameter],
    resolve: Callable[[PvSpec], PvAccess],
    *,
    raw: bool = False,
) -> tuple[Argument, ...]:
    """The arguments in `text`, what stands after the first comma; None when there is none.

    Raises ValueError or PvSyntaxError. A parameter read by a class of its own is the last one and
    takes all that is left, commas too.
    """
    args: list[Argument] = []
    rest = text
    for number, parameter in enumerate(params):
        if rest is None:
            break
        if number == len(params) - 1 and (raw or _is_parsed(parameter.kind)):
            args.append(_whole(rest, parameter.kind, resolve))
            rest = None
        else:
            argument, rest = read_argument(rest.lstrip(_BLANKS), parameter.kind, resolve)
            args.append(argument)
    if rest is not None or len(args) < sum(not p.optional for p in params):
        raise ValueError("wrong number of parameters")
    return tuple(args)


def _is_parsed(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Parsed)


def _whole(text: str, kind: Any, resolve: Callable[[PvSpec], PvAccess]) -> Argument:
    if not _is_parsed(kind):
        return text
    resolved = issubclass(kind, Resolved)
    return kind.read(text, resolve) if resolved else kind.parse(text)


def read_argument(
    text: str, kind: Any, resolve: Callable[[PvSpec], PvAccess]
) -> tuple[Argument, str | None]:
    """One argument and the text after its comma, None when there is no comma; raises ValueError."""
    if text.startswith("$"):
        spec, end = pv_at(text, 0)
        after = text[end:].strip(_BLANKS)
        if after and not after.startswith(","):
            raise ValueError(f"unexpected text after {spec.text}")
        return Reading(resolve(spec)), text[end:].partition(",")[2] if after else None
    piece, comma, rest = text.partition(",")
    following = rest if comma else None
    if kind is not int:
        return piece.rstrip("\t\r\n"), following
    digits = piece.replace("+", "-", 1).replace("-", "", 1).strip(_BLANKS)
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{piece!r} is no number")
    return (-int(digits) if piece.startswith("-") else int(digits)), following


def guarded(
    function: Callable[..., Value], params: Sequence[Parameter], args: Sequence[Argument]
) -> Callable[..., Value]:
    """`function`, undefined when a pseudo-variable among its arguments is of the wrong kind."""
    if not any(isinstance(argument, Reading) for argument in args):
        return function
    kinds = tuple(parameter.kind for parameter in params)

    def checked(value: Value, *given: Value) -> Value:
        fitting: list[Value] = []
        for kind, one in zip(kinds, given, strict=False):
            if kind is int:
                if not isinstance(one, int):
                    return None
            elif isinstance(one, int):
                one = str(one)
            elif one is None or one == "":
                return None
            fitting.append(one)
        return function(value, *fitting)

    return checked
