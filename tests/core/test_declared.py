"""Signatures read: what each annotation becomes, and what cannot be served."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.context import Context
from sipproxy.core.declared import Parameter, function_decl, pvar_decl, transform_decl
from sipproxy.core.module import FunctionMark, PvarMark, TransformMark
from sipproxy.core.params import FlagNumber, Parsed, Plain, RouteName
from sipproxy.core.values import Value

NO_NAME = Plain("")
FUNCTION = FunctionMark("f", ("REQUEST",))


class Colour(Parsed):
    """A parameter read at load."""


class Samples:
    """Methods with the signatures of modules."""

    def plain(self, ctx: Context, text: str, number: int = 1) -> int:
        """Help."""
        return 1

    def all_kinds(
        self,
        ctx: Context,
        value: Value,
        name: Plain,
        text: Format,
        variable: PvAccess,
        route: RouteName,
        flag: FlagNumber,
        colour: Colour,
        last: str | None = None,
    ) -> None:
        pass

    async def later(self, ctx: Context, *rest: str) -> bool:
        return True

    def odd_return(self, ctx: Context) -> str:
        return ""

    def odd_parameter(self, ctx: Context, items: list[str]) -> int:
        return 1

    def odd_union(self, ctx: Context, either: int | bytes) -> int:
        return 1

    def variable(self, ctx: Context, inner: str, index: int | str | None = None) -> int:
        return 1

    def bare(self, ctx: Context) -> str:
        return ""

    def optional(self, ctx: Context, inner: Plain = NO_NAME) -> Value:
        return None

    def two_inner(self, ctx: Context, one: str, two: str) -> Value:
        return None

    def number_inner(self, ctx: Context, one: int) -> Value:
        return None

    def bound(self, inner: str | None, index: str | None) -> PvAccess:
        """Made at load."""
        return PvAccess(lambda ctx: None)

    def change(self, value: Value, by: int, text: str | None = None) -> str:
        """Changes."""
        return ""


S = Samples()


def test_a_function() -> None:
    found = function_decl("m", FUNCTION, S.plain)
    assert found.params == (Parameter("text", str, False), Parameter("number", int, True))
    assert (found.least, found.most, found.returns, found.is_async) == (1, 2, "int", False)
    assert (found.name, found.module, found.routes, found.help) == ("f", "m", ("REQUEST",), "Help.")


def test_every_kind_of_parameter() -> None:
    found = function_decl("m", FUNCTION, S.all_kinds)
    kinds = [parameter.kind for parameter in found.params]
    assert kinds == [Value, Plain, Format, PvAccess, RouteName, FlagNumber, Colour, str]
    assert [parameter.optional for parameter in found.params] == [False] * 7 + [True]
    assert found.returns == "none"


def test_any_number_of_parameters() -> None:
    found = function_decl("m", FUNCTION, S.later)
    assert (found.params, found.rest) == ((), Parameter("rest", str, False))
    assert (found.least, found.most, found.is_async, found.returns) == (0, 999, True, "bool")


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        (S.odd_return, "a function returns bool, int or None"),
        (S.odd_parameter, "unknown parameter type"),
        (S.odd_union, "unknown parameter type"),
    ],
)
def test_what_no_function_can_have(method: Callable[..., Any], problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        function_decl("m", FUNCTION, method)


def test_pseudo_variables() -> None:
    found = pvar_decl("m", PvarMark("v", False), S.variable, None)
    assert (found.inner, found.inner_optional, found.takes_index, found.type) == (
        str,
        False,
        True,
        "int",
    )
    bare = pvar_decl("m", PvarMark("v", False), S.bare, None)
    assert (bare.inner, bare.inner_optional, bare.takes_index, bare.type) == (
        None,
        True,
        False,
        "str",
    )
    optional = pvar_decl("m", PvarMark("v", False), S.optional, None)
    assert (optional.inner, optional.inner_optional, optional.type) == (Plain, True, "any")
    bound = pvar_decl("m", PvarMark("v", True), S.bound, None)
    assert bound.bind and bound.help == "Made at load."


@pytest.mark.parametrize("method", [S.two_inner, S.number_inner])
def test_what_no_pseudo_variable_can_have(method: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="one inner text"):
        pvar_decl("m", PvarMark("v", False), method, None)


def test_transformations() -> None:
    found = transform_decl("m", TransformMark("s.x", True), S.change)
    assert found.params == (Parameter("by", int, False), Parameter("text", str, True))
    assert (found.raw, found.type, found.help) == (True, "str", "Changes.")
