"""What transformations take, and cutting by bytes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.pv.transforms.base import cut
from sipproxy.text import decode, encode


def test_undefined_stays_undefined(bench: Any) -> None:
    assert bench.value("$(avp(x){s.len})") is None
    assert bench.value("$(null{uri.user})") is None


def test_what_fails_leaves_nothing_in_a_text(bench: Any) -> None:
    assert bench.show("[$avp(x)] [$(avp(x){s.len})]") == "[<null>] []"


def test_numbers_are_texts_too(bench: Any) -> None:
    bench.put("$var(n)", -42)
    assert bench.show("$(var(n){s.len}) $(var(n){s.substr,1,1}) $(var(n){line.count})") == "3 4 1"


@given(st.binary(max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_cut_is_by_bytes(data: bytes, start: int, end: int) -> None:
    assert encode(cut(decode(data), start, end)) == data[start:end]
