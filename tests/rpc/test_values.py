from types import MappingProxyType

import pytest

from sipproxy.rpc.values import (
    NamedArray,
    Struct,
    Value,
    members_of,
    records_of,
    require_value,
)


def test_records_of() -> None:
    assert records_of(None) == ()
    assert records_of("text") == ("text",)
    assert records_of({"a": 1}) == ({"a": 1},)
    assert records_of([1, [2]]) == (1, [2])
    assert records_of(NamedArray(())) == (NamedArray(()),)


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ({"b": 1, "a": 2}, [("b", 1), ("a", 2)]),
        (MappingProxyType({"a": 1}), [("a", 1)]),
        ([1, "x"], [(None, 1), (None, "x")]),
        (Struct((("a", 1), ("a", 2))), [("a", 1), ("a", 2)]),
        (NamedArray((("a", 1),)), [("a", 1)]),
    ],
)
def test_members_of(value: Value, members: list[tuple[str | None, Value]]) -> None:
    found = members_of(value)
    assert found is not None and list(found) == members


def test_a_plain_value_has_no_members() -> None:
    assert members_of("text") is None
    assert members_of(None) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        1.5,
        "x",
        {"a": [1, {"b": None}]},
        Struct(((None, 1),)),
        MappingProxyType({}),
        (1, (2,)),
        2**64 - 1,
    ],
)
def test_what_an_answer_holds(value: object) -> None:
    require_value(value)


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, {"a": {1}}, [b"bytes"], Struct((("a", b"bytes"),)), 2**64, [1j]],
)
def test_what_it_does_not(value: object) -> None:
    with pytest.raises(TypeError, match="RPC answer"):
        require_value(value)
