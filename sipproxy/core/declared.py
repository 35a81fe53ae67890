"""Marks read: what a loaded module offers, with signatures taken apart."""

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sipproxy.core.access import Format, PvAccess, Static
from sipproxy.core.module import Constant, FunctionMark, PvarMark, TransformMark
from sipproxy.core.params import Filled, FlagNumber, Parsed, Plain, RouteName, Unread, VarOrText
from sipproxy.core.values import Value

KINDS = (
    *(str, int, Value, Plain, Filled, VarOrText, Format, PvAccess, RouteName, FlagNumber),
    Unread,
)
"""Annotations a parameter of the cfg language may have, besides subclasses of Parsed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its annotation without `| None`, whether it may be left out, and whether
    the handler takes None for a quoted pseudo-variable that holds nothing of that kind.
    """

    name: str
    kind: Any
    optional: bool
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class FunctionDecl:
    """A function of the cfg language. `returns` is `bool`, `int` or `none`."""

    name: str
    module: str
    call: Callable[..., Any]
    params: tuple[Parameter, ...]
    rest: Parameter | None
    routes: tuple[str, ...]
    returns: str
    is_async: bool
    help: str
    replaces_message: bool = False
    only: Callable[[tuple[Constant, ...]], bool] | None = None
    outside: bool = False

    def fits(self, arguments: tuple[Constant, ...]) -> bool:
        """Whether it takes so many arguments, and these: None is one known at the call only."""
        if not self.least <= len(arguments) <= self.most:
            return False
        return self.only is None or self.only(arguments)

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not p.optional for p in self.params)

    @property
    def most(self) -> int:
        """How many arguments it takes at the most."""
        return 999 if self.rest else len(self.params)


@dataclass(frozen=True, slots=True)
class PvarDecl:
    """A pseudo-variable class; `inner` is None, `str` or `Plain`; `bind` makes access at load."""

    name: str
    module: str
    get: Callable[..., Any]
    set: Callable[..., None] | None
    inner: Any
    inner_optional: bool
    takes_index: bool
    bind: bool
    type: Static
    help: str
    number: Callable[[Any], int] | None = None
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class TransformDecl:
    """A transformation; `raw` ones get all their text as one argument."""

    name: str
    module: str
    function: Callable[..., Value]
    params: tuple[Parameter, ...]
    raw: bool
    type: Static
    help: str


def function_decl(module: str, mark: FunctionMark, method: Callable[..., Any]) -> FunctionDecl:
    """Read the signature of a function's method; raises TypeError for one we cannot serve."""
    params, rest, returned = _signature(method, skip=1)
    kinds = {bool: "bool", int: "int", type(None): "none", None: "none"}
    if returned not in kinds:
        raise TypeError(f"{mark.name}: a function returns bool, int or None, not {returned}")
    return FunctionDecl(
        mark.name,
        module,
        method,
        params,
        rest,
        mark.routes,
        kinds[returned],
        inspect.iscoroutinefunction(method),
        inspect.getdoc(method) or "",
        mark.replaces_message,
        mark.only,
        mark.outside,
    )


def pvar_decl(
    module: str,
    mark: PvarMark,
    method: Callable[..., Any],
    set: Callable[..., None] | None,
) -> PvarDecl:
    """Read the signature of a pseudo-variable's method."""
    if mark.binds:
        doc = inspect.getdoc(method) or ""
        return PvarDecl(mark.name, module, method, None, str, True, True, True, "any", doc)
    params, _, returned = _signature(method, skip=1)
    index = [p for p in params if p.name == "index"]
    inner = [p for p in params if p.name != "index"]
    if len(inner) > 1 or any(p.kind not in (str, Plain) for p in inner):
        raise TypeError(f"${mark.name}: one inner text (str or Plain) is possible")
    return PvarDecl(
        mark.name,
        module,
        method,
        set,
        inner[0].kind if inner else None,
        not inner or inner[0].optional,
        bool(index),
        False,
        _static(returned),
        inspect.getdoc(method) or "",
        mark.number,
        mark.fixed,
    )


def transform_decl(module: str, mark: TransformMark, method: Callable[..., Any]) -> TransformDecl:
    """Read the signature of a transformation's method."""
    params, _, returned = _signature(method, skip=1)
    doc = inspect.getdoc(method) or ""
    return TransformDecl(mark.name, module, method, params, mark.raw, _static(returned), doc)


def _static(returned: Any) -> Static:
    return "int" if returned is int else "str" if returned is str else "any"


def _signature(
    method: Callable[..., Any], skip: int
) -> tuple[tuple[Parameter, ...], Parameter | None, Any]:
    """Parameters after the first `skip`, the variadic one, and the return annotation."""
    function = getattr(method, "__func__", method)
    hints = typing.get_type_hints(function)
    params: list[Parameter] = []
    rest = None
    for parameter in list(inspect.signature(method).parameters.values())[skip:]:
        kind = hints.get(parameter.name)
        optional = parameter.default is not parameter.empty
        nullable = False
        if kind != Value and typing.get_origin(kind) in (types.UnionType, typing.Union):
            members = [k for k in typing.get_args(kind) if k is not type(None)]
            if parameter.name != "index" and len(members) == 1:
                kind = members[0]
                nullable = parameter.default is not None
        if parameter.name != "index" and not _known(kind):
            raise TypeError(f"{function.__qualname__}: unknown parameter type {kind!r}")
        found = Parameter(parameter.name, kind, optional, nullable)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = found
        else:
            params.append(found)
    return tuple(params), rest, hints.get("return")


def _known(kind: Any) -> bool:
    return kind in KINDS or (isinstance(kind, type) and issubclass(kind, Parsed))
