"""What a handler's annotations say about the arguments of its command."""

import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sipproxy.errors import ModuleError, RpcError
from sipproxy.rpc.arguments import Arguments, Kind, Loose, Plain, Unread
from sipproxy.rpc.values import Value

Handler = Callable[..., Value | Awaitable[Value]]
"""What answers a command; an async one may wait."""

_KINDS = {int: Kind.INT, bool: Kind.INT, float: Kind.FLOAT, str: Kind.STR}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler; `kind` None asks for the unread Arguments themselves."""

    name: str
    kind: Kind | None
    loose: bool = False
    boolean: bool = False
    optional: bool = False
    repeated: bool = False

    def read(self, arguments: Arguments) -> Plain | Arguments:
        """The next argument for this parameter; raises Unread."""
        if self.kind is None:
            return arguments
        value = arguments.read(self.kind, self.loose)
        return value != 0 if self.boolean else value


def parameters_of(handler: Handler) -> tuple[Parameter, ...]:
    """The parameters of a bound handler; raises ModuleError for one no argument can become."""
    try:
        declared = inspect.signature(handler, eval_str=True).parameters.values()
    except NameError as error:
        raise ModuleError(f"an annotation cannot be read: {error}") from None
    return tuple(map(_parameter, declared))


def _parameter(declared: inspect.Parameter) -> Parameter:
    kind, loose = declared.annotation, False
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next((one for one in typing.get_args(kind) if one is not type(None)), None)
    if typing.get_origin(kind) is typing.Annotated:
        kind, *marks = typing.get_args(kind)
        loose = any(isinstance(mark, Loose) for mark in marks)
    if declared.kind in (declared.KEYWORD_ONLY, declared.VAR_KEYWORD) or (
        kind is not Arguments and kind not in _KINDS
    ):
        raise ModuleError(
            f"parameter {declared.name}: an RPC argument is str, int, float, bool,"
            f" LooseStr, LooseInt or Arguments, not {declared.annotation}"
        )
    return Parameter(
        declared.name,
        _KINDS.get(kind),
        loose,
        kind is bool,
        declared.default is not declared.empty,
        declared.kind is declared.VAR_POSITIONAL,
    )


@dataclass(frozen=True, slots=True)
class Read:
    """The arguments a handler is called with.

    `pending` is a fault to answer with unless the command adds a record: ctl keeps it when an
    optional argument is there and cannot be converted.
    """

    values: tuple[Plain | Arguments, ...]
    pending: RpcError | None = None


def read_arguments(
    parameters: Sequence[Parameter], missing: Sequence[str], arguments: Arguments
) -> Read:
    """Reads what the parameters ask for, what is left over is ignored.

    A required one that fails raises RpcError 500 with its text in `missing` (the last one serves
    all that follow), or Unread when the command declares none.
    """
    values: list[Plain | Arguments] = []
    for index, parameter in enumerate(parameters):
        try:
            values.append(parameter.read(arguments))
            while parameter.repeated:
                values.append(parameter.read(arguments))
        except Unread as unread:
            if parameter.optional or parameter.repeated:
                return Read(tuple(values), None if unread.absent else unread.fault)
            if missing:
                raise RpcError(500, missing[min(index, len(missing) - 1)]) from None
            raise
    return Read(tuple(values))
