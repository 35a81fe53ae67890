"""What an RPC command answers with, before any transport has given it a shape.

A handler returns plain Python data; both wire shapes follow from it, as they follow from the calls
a Kamailio module makes on its `rpc_t`:

==================  =============================================  =============================
returned            BINRPC (ctl)                                   JSON (jsonrpcs)
==================  =============================================  =============================
None                no record                                      `{}`, `[]` for array commands
str, int, bool      one record (bool as int)                       string, number, true/false
float               a double: thousandths in 64 bits               number
dict, Struct        struct of named members                        object
list                its items are the records of the answer        array for array commands,
                                                                   else only the last item
inside: list        struct of unnamed members (operator `[`)       array
inside: None        the string `<null string>`                     null
NamedArray          struct of named members                        array of one-member objects
==================  =============================================  =============================

A Kamailio `long` (formats `l j L J`) travels as a double: a handler returns it as float. An int
outside 32 bits becomes a double by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sipproxy.core.answer import NamedArray as NamedArray
from sipproxy.core.answer import Struct as Struct

_MOST_BITS = 64


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | Mapping[str, "Value"]
    | Sequence["Value"]
    | Struct
    | NamedArray
    | None
)
"""Anything a record may hold; `bytes` comes only from a BINRPC peer."""

Member: TypeAlias = tuple[str | None, Value]
"""One value of a struct with its name, None for an unnamed one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of a successful call; `array` is the command's own declaration (RET_ARRAY)."""

    records: tuple[Value, ...] = ()
    array: bool = False


def records_of(result: Value) -> tuple[Value, ...]:
    """The top-level records in what a handler returned."""
    if result is None:
        return ()
    return tuple(result) if isinstance(result, list | tuple) else (result,)


def members_of(value: Value) -> Iterable[Member] | None:
    """The members of a container in order, None for a plain value."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list | tuple):
        return [(None, item) for item in value]
    if isinstance(value, Struct | NamedArray):
        return value.members
    return value.items() if isinstance(value, Mapping) else None


def require_value(value: object) -> None:
    """Raises TypeError when something that no transport can carry hides in a handler's result."""
    if isinstance(value, str | float) or value is None:
        return
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise TypeError(f"an RPC answer holds no integer of more than {_MOST_BITS} bits")
        return
    inner: Iterable[object]
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101  the common one first
        for name in value:
            if not isinstance(name, str):
                raise TypeError("a struct of an RPC answer has a name that is no str")
        inner = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    elif isinstance(value, Struct | NamedArray):
        inner = [item for _, item in value.members]
    else:
        raise TypeError(f"an RPC answer cannot hold {type(value).__name__}")
    for item in inner:
        require_value(item)
