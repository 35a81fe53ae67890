"""Parameters of transformations."""

from typing import Any, Self

import pytest

from sipproxy.core.access import PvAccess, Reading
from sipproxy.core.declared import Parameter
from sipproxy.core.params import Parsed, Plain
from sipproxy.core.pvspec import PvSpec
from sipproxy.core.transform_args import Resolved, guarded, read_arguments


class Word(Parsed):
    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)


def kinds(*annotations: Any, optional: int = 0) -> list[Parameter]:
    count = len(annotations)
    return [Parameter(f"p{n}", kind, n >= count - optional) for n, kind in enumerate(annotations)]


def resolve(spec: PvSpec) -> PvAccess:
    access = PvAccess(lambda ctx: spec.name)
    access.text = spec.text
    return access


def read(text: str | None, *annotations: Any, optional: int = 0, raw: bool = False) -> Any:
    return read_arguments(text, kinds(*annotations, optional=optional), resolve, raw=raw)


@pytest.mark.parametrize(
    ("text", "annotations", "args"),
    [
        (None, (), ()),
        ("1,-2", (int, int), (1, -2)),
        (" +1 , 2 ", (int, int), (1, 2)),
        ("a,b", (str, str), ("a", "b")),
        (" a ,", (str, str), ("a ", "")),
        ("a$b,(c", (str, str), ("a$b", "(c")),
    ],
)
def test_literals(text: str | None, annotations: tuple[Any, ...], args: tuple[Any, ...]) -> None:
    assert read(text, *annotations) == args


def test_the_last_parameter_of_a_class_takes_the_rest() -> None:
    number, word = read("1, a,b", int, Word)
    assert (number, word.text) == (1, " a,b")
    assert read("a,$b", Plain, raw=True) == ("a,$b",)


def test_optional_ones_may_be_missing() -> None:
    assert read("a", str, int, optional=1) == ("a",)
    assert read(None, int, optional=1) == ()


@pytest.mark.parametrize(
    ("text", "annotations"),
    [(None, (int,)), ("1", (int, int)), ("1,2,3", (int, int)), ("x", (int,)), ("", (int,))],
)
def test_refused(text: str | None, annotations: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        read(text, *annotations)


def test_text_behind_a_variable_is_refused() -> None:
    with pytest.raises(ValueError, match="unexpected text"):
        read("$x y", str)


def test_a_variable_is_read_as_it_is() -> None:
    (argument,) = read(" $(x) ", str)
    assert isinstance(argument, Reading) and argument.access.text == "$(x)"


def test_variables_of_the_wrong_kind_make_it_fail() -> None:
    def function(value: Any, *args: Any) -> Any:
        return (value, *args)

    args = read("$x,$y", int, str)
    call: Any = guarded(function, kinds(int, str), args)
    assert call("v", 1, 2) == ("v", 1, "2")
    assert call("v", "1", "a") is None
    assert call("v", 1, None) is None and call("v", 1, "") is None
    assert guarded(function, kinds(int), (1,)) is function


def test_a_parameter_type_must_say_how_it_is_read() -> None:
    class Silent(Resolved):
        """Says nothing."""

    def none(spec: PvSpec) -> PvAccess:
        raise AssertionError(spec.text)

    with pytest.raises(ValueError, match="Silent does not say how it is read"):
        Silent.read("x", none)
