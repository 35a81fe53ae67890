"""Between JSON and the values of a cfg, beside the recorded cases."""

import pytest

from sipproxy.modules.jansson.jsontext import Json, JsonError
from sipproxy.modules.jansson.values import to_value, typed


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (True, 1),
        (2**31 - 1, 2**31 - 1),
        (2**31, "2147483648"),
        (-(2**31) - 1, "-2147483649"),
        (0.1, "0.1"),
        (None, None),
        ([1.0], "[1.0]"),
    ],
)
def test_to_value(found: Json, value: object) -> None:
    assert to_value(found) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "9" * 50, 2**63 - 1),
        ("integer", "-" + "9" * 50, -(2**63)),
        ("int", "\t+5", 5),
        ("real", "-.5e1", -5.0),
        ("real", "0x1p3", 8.0),
        ("real", "", 0.0),
        ("null", "anything", None),
        ("obj", '{"a":1}', {"a": 1}),
    ],
)
def test_typed(kind: str, text: str, value: object) -> None:
    assert typed(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1_0"),
        ("int", "5 "),
        ("real", "1_0"),
        ("real", "inf"),
        ("real", "1e999"),
        ("real", "0x"),
        ("real", "0x1p99999"),
        ("str", "\udce9"),
        ("array", "{}"),
        ("object", "[]"),
        ("text", ""),
    ],
)
def test_refused(kind: str, text: str) -> None:
    with pytest.raises(JsonError):
        typed(kind, text)
