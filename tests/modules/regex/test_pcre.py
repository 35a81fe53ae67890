"""PCRE patterns beside the recorded cases: what is refused, and that nothing runs away."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.regex import pcre


@pytest.mark.parametrize(
    "pattern", [rb"[\w-z]", rb"\C", rb"\i", rb"\81", rb"\u0041", rb"\U", rb"\x{100}", rb"(", b"*a"]
)
def test_refused(pattern: bytes) -> None:
    with pytest.raises(pcre.PatternError):
        pcre.Pcre(pattern, 0)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (rb"^\x41\x{42}\x4Z\x$", b"AB\x04Z\0"),
        (rb"\Q\x{41}{,2}\E", rb"\x{41}{,2}"),
        (rb"[{,3}]{2}\\x41", rb"{,\x41"),
        (b"^a{,2}b$", b"a{,2}b"),
        (rb"(*UTF8)^.$", "é".encode()),
    ],
)
def test_read_as_pcre_does(pattern: bytes, text: bytes) -> None:
    assert pcre.Pcre(pattern, 0).search(text)


def test_flags() -> None:
    assert not pcre.Pcre(b"a . ^ b", 0).search(b"xA\nB")
    flags = pcre.CASELESS | pcre.MULTILINE | pcre.DOTALL | pcre.EXTENDED
    assert pcre.Pcre(b"a . ^ b # the end", flags).search(b"xA\nB")


@given(st.binary(max_size=300))
def test_any_text(text: bytes) -> None:
    assert pcre.Pcre(rb"\A(?s:.)*?\z", 0).search(text)
    assert pcre.Pcre(b"\0", 0).search(text) is (b"\0" in text)


@pytest.mark.parametrize("size", [40, 1_000, 20_000])
@pytest.mark.parametrize("pattern", [b"(a+)+$", b"(a|aa)+$", b"(x+x+)+y", b"(?:a?){20}a{20}b"])
def test_no_search_runs_away(pattern: bytes, size: int) -> None:
    found = pcre.Pcre(pattern, 0)
    before = time.process_time()
    try:
        assert not found.search(b"a" * size + b"!bxy"[: 1 + size % 3])
    except pcre.TooCostly as error:
        assert "match limit" in str(error)
    assert time.process_time() - before < 5


def test_a_walk_over_a_long_text_is_no_runaway() -> None:
    assert pcre.Pcre(b"^(.*?)end", 0).search(b"x" * 3_000 + b"end")


def test_the_same_pattern_is_made_once() -> None:
    assert pcre.compiled(b"a", 0) is pcre.compiled(b"a", 0)
    assert pcre.compiled(b"a", 0) is not pcre.compiled(b"a", pcre.CASELESS)
