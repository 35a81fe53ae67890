from collections.abc import Callable
from typing import Any, Optional

import pytest

from sipproxy.errors import ModuleError, RpcError
from sipproxy.rpc.arguments import Arguments, Kind, LooseInt, LooseStr, Unread
from sipproxy.rpc.binrpc import BinrpcArguments
from sipproxy.rpc.jsonrpc import JsonArguments
from sipproxy.rpc.records import encode_value
from sipproxy.rpc.signature import Parameter, Read, parameters_of, read_arguments
from sipproxy.rpc.values import Value


def binrpc(*values: Value) -> BinrpcArguments:
    return BinrpcArguments(b"".join(map(encode_value, values)))


def read(handler: Callable[..., Value], *values: Value, missing: tuple[str, ...] = ()) -> Read:
    return read_arguments(parameters_of(handler), missing, binrpc(*values))


class Commands:
    """Handlers as a module declares them: bound methods."""

    def every(self, a: str, b: int, c: float, d: bool, e: LooseStr, f: LooseInt) -> None:
        """One of each."""

    def rest(self, name: str, rest: Arguments) -> None:
        """The rest by hand."""

    def optional(self, a: str, b: LooseInt | None = None, c: Optional[str] = None) -> None:  # noqa: UP045
        """Two may be left out."""

    def repeated(self, a: str, *more: int) -> None:
        """As many as come."""

    def quoted(self, a: "int") -> "NotHere":  # type: ignore[name-defined]  # noqa: F821
        """A return type only a type checker knows."""


COMMANDS = Commands()


def test_annotations() -> None:
    assert parameters_of(COMMANDS.every) == (
        Parameter("a", Kind.STR),
        Parameter("b", Kind.INT),
        Parameter("c", Kind.FLOAT),
        Parameter("d", Kind.INT, boolean=True),
        Parameter("e", Kind.STR, loose=True),
        Parameter("f", Kind.INT, loose=True),
    )
    assert parameters_of(COMMANDS.optional)[1:] == (
        Parameter("b", Kind.INT, loose=True, optional=True),
        Parameter("c", Kind.STR, optional=True),
    )
    assert parameters_of(COMMANDS.repeated)[1] == Parameter("more", Kind.INT, repeated=True)
    assert parameters_of(COMMANDS.rest)[1] == Parameter("rest", None)


def by_keyword(*, a: str) -> None: ...
def unannotated(a) -> None: ...  # type: ignore[no-untyped-def]
def strange(a: list[str]) -> None: ...
def keywords(**more: str) -> None: ...


@pytest.mark.parametrize("handler", [by_keyword, unannotated, strange, keywords])
def test_a_parameter_no_argument_can_become(handler: Any) -> None:
    with pytest.raises(ModuleError, match="an RPC argument is"):
        parameters_of(handler)


def test_an_annotation_that_cannot_be_read() -> None:
    with pytest.raises(ModuleError, match="NotHere"):
        parameters_of(COMMANDS.quoted)


def test_reading() -> None:
    assert read(COMMANDS.every, "a", 2, 0.5, 7, 5, "6", "left over").values == (
        *("a", 2, 0.5, True, "5", 6),
    )
    assert read(COMMANDS.optional, "a").values == ("a",)
    assert read(COMMANDS.optional, "a", "1", "c") == Read(("a", 1, "c"))
    assert read(COMMANDS.repeated, "a") == Read(("a",))
    assert read(COMMANDS.repeated, "a", 1, 2, 3) == Read(("a", 1, 2, 3))


def test_the_rest_is_read_by_hand() -> None:
    name, rest = read(COMMANDS.rest, "a", 1, "b").values
    assert name == "a" and isinstance(rest, Arguments)
    assert rest.integer("no number") == 1
    with pytest.raises(RpcError, match="500 - no number"):
        rest.integer("no number")
    assert rest.string("no text") == "b"
    with pytest.raises(RpcError, match="500 - no text"):
        rest.string("no text", loose=True)


def test_an_optional_one_of_the_wrong_type_leaves_a_fault_pending() -> None:
    found = read(COMMANDS.repeated, "a", 1, "b", 2)
    assert found.values == ("a", 1)
    assert found.pending is not None and found.pending.code == 400
    arguments = JsonArguments(["a", 5.0, True])
    assert read_arguments(parameters_of(COMMANDS.optional), (), arguments) == Read(("a", 5))


@pytest.mark.parametrize(
    ("values", "reason"),
    [((), "No name"), ((5,), "No name"), (("a",), "More needed"), (("a", 1), "More needed")],
)
def test_missing_texts(values: tuple[Value, ...], reason: str) -> None:
    with pytest.raises(RpcError) as fault:
        read(COMMANDS.every, *values, missing=("No name", "More needed"))
    assert (fault.value.code, fault.value.reason) == (500, reason)


def test_without_a_text_the_transport_speaks() -> None:
    with pytest.raises(Unread) as unread:
        read(COMMANDS.every, "a", "b")
    assert unread.value.fault is not None
    assert unread.value.fault.reason.startswith("error at parameter 1: expected integer type")
