"""Parameter lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.params import Params, unquote


def test_order_flags_and_quotes() -> None:
    params = Params.parse('a=b; C ;d="e;f" ; g=')
    assert list(params) == [("a", "b"), ("C", None), ("d", '"e;f"'), ("g", "")]
    assert params.get("a") == "b"
    assert params.get("c") == ""
    assert params.get("d") == "e;f"
    assert params.get("g") == ""
    assert params.get("h") is None
    assert "c" in params and "h" not in params
    assert str(params) == 'a=b; C ;d="e;f" ; g='


def test_the_first_of_two_counts() -> None:
    assert Params.parse("a=1;a=2").get("a") == "1"


@pytest.mark.parametrize("text", ["", " ", "\r\n "])
def test_nothing_is_no_parameter(text: str) -> None:
    assert not Params.parse(text)


@pytest.mark.parametrize("text", [";", "a;", "a;;b", "=b", 'a="b', "a b", 'a="b"c', "a,b"])
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        Params.parse(text)


def test_single_quotes_and_brackets() -> None:
    params = Params.parse("a='b c';received=[::1]")
    assert params.get("a") == "b c"
    assert params.get("received") == "[::1]"
    assert unquote('"') == '"'


_token = st.text("abcXYZ019-._", min_size=1, max_size=6)


@given(st.lists(st.tuples(_token, st.none() | _token), min_size=1, max_size=5))
def test_round_trip(items: list[tuple[str, str | None]]) -> None:
    text = ";".join(name if value is None else f"{name}={value}" for name, value in items)
    assert list(Params.parse(text)) == items
    assert Params.parse(str(Params.parse(text))) == Params.parse(text)
