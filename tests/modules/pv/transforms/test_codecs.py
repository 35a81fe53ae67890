"""Encodings: what is encoded decodes to itself."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.text import decode


@pytest.mark.parametrize("name", ["hexa", "base58", "base64", "base64t", "base64url", "base64urlt"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=20))
def test_round_trip(bench: Any, name: str, data: bytes) -> None:
    bench.put("$var(x)", decode(data))
    assert bench.value(f"$(var(x){{s.encode.{name}}}{{s.decode.{name}}})") == decode(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_escapes_round_trip(bench: Any, text: str) -> None:
    bench.put("$var(x)", text)
    for name in ("user", "param", "common"):
        assert bench.value(f"$(var(x){{s.escape.{name}}}{{s.unescape.{name}}})") == text
    assert bench.value("$(var(x){s.urlencode.param}{s.urldecode.param})") == text


@pytest.mark.parametrize(
    "text", ["{s.decode.hexa}", "{s.decode.base58}", "{s.decode.base64}", "{s.unescape.user}"]
)
def test_what_cannot_be_decoded(bench: Any, text: str) -> None:
    bench.put("$var(x)", "%zz!")
    if text == "{s.decode.base64}":
        bench.put("$var(x)", "abc")
    assert bench.value(f"$(var(x){text})") is None
