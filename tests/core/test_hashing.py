"""Kamailio's hash; its values stand in golden/strings.json too."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.hashing import _signed_words, _words, core_hash


def test_values_that_kamailio_gave() -> None:
    assert [core_hash(text) for text in ("", "x", "Hello World")] == [0, 119, 2764307758]


def test_bytes_count_as_signed() -> None:
    assert core_hash("é") == 3760405700


def test_several_texts() -> None:
    """Slots of 2^20 that core_hash() of Kamailio's cfgutils gave."""
    assert core_hash("abc") & 0xFFFFF == 876354
    assert core_hash("abcdefgh", "xyzzy1234") & 0xFFFFF == 327660


@given(st.text(st.characters(max_codepoint=127)))
def test_both_ways_agree_where_they_can(text: str) -> None:
    data = text.encode()
    assert list(_words(data)) == list(_signed_words(data))
