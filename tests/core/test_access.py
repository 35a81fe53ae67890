"""Accesses made ready: printing, arguments evaluated at each use, transformations in a chain."""

from typing import Any

import pytest

from sipproxy.core.access import (
    Dynamic,
    Format,
    PvAccess,
    Reading,
    TransformStep,
    evaluated,
    printed,
)
from sipproxy.core.context import Context
from sipproxy.core.values import Value


@pytest.fixture
def ctx(bench: Any) -> Context:
    found: Context = bench.host.outside()
    return found


def constant(value: Value) -> PvAccess:
    return PvAccess(lambda ctx: value)


@pytest.mark.parametrize(("value", "shown"), [(None, "<null>"), (5, "5"), ("x", "x"), ("", "")])
def test_printing(ctx: Context, value: Value, shown: str) -> None:
    assert printed(value) == shown
    assert constant(value).printed(ctx) == shown
    assert Format("$v", (constant(value), "!"))(ctx) == f"{shown}!"


def test_what_an_undefined_one_shows_is_its_own(ctx: Context) -> None:
    access = constant(None)
    access.absent = ""
    assert access.printed(ctx) == ""


def test_arguments_are_evaluated_at_each_use(ctx: Context) -> None:
    number = Format("$x2", (constant(4), "2"))
    given = evaluated((1, "a", None, number, Dynamic(number), Reading(constant(None))), ctx)
    assert given == [1, "a", None, "42", 42, None]


def test_reading_and_writing_with_arguments(ctx: Context) -> None:
    written: list[object] = []
    access = PvAccess(
        lambda ctx, key: f"<{key}>",
        lambda ctx, key, value: written.append((key, value)),
        (Format("k$i", ("k", constant(1))),),
        type="str",
    )
    access.transforms = (
        TransformStep("s.cut", lambda value, n: value[n:], (1,), "str"),
        TransformStep("s.add", lambda value, text: value + text, (constant_format("!"),), "str"),
    )
    assert access.read(ctx) == "k1>!"
    access.write(ctx, 7)
    assert written == [("k1", 7)]


def constant_format(text: str) -> Format:
    return Format(text, (text,))
