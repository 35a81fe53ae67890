"""7-bit packing of text messages."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.pv.gsm7 import hex_value, packed, unpacked


def test_the_classic() -> None:
    assert packed(b"hellohello") == "E8329BFD4697D9EC37"
    assert unpacked(b"E8329BFD4697D9EC37") == b"hellohello"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_what_is_packed_unpacks(text: str) -> None:
    assert unpacked(packed(text.encode()).encode()).rstrip(b"\0") == text.encode()


def test_digits() -> None:
    assert [hex_value(ord(c)) for c in "09afAF"] == [0, 9, 10, 15, 10, 15]
