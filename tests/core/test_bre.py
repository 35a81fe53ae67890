"""Basic expressions against libc's own compiler."""

import ctypes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipproxy.core import regex
from sipproxy.core.bre import extended

LIBC = ctypes.CDLL(None)
NOSUB = 8


def libc_finds(pattern: str, text: str) -> bool | None:
    """What libc says of a basic expression; None when it refuses the pattern."""
    compiled = ctypes.create_string_buffer(256)
    if LIBC.regcomp(compiled, pattern.encode(), NOSUB):
        return None
    missed: int = LIBC.regexec(compiled, text.encode(), ctypes.c_size_t(0), None, 0)
    LIBC.regfree(compiled)
    return not missed


def ours(pattern: str, text: str) -> bool | None:
    try:
        return bool(regex.compile(extended(pattern), ignore_case=False).search(text))
    except (ValueError, regex.RegexError):
        return None


PIECES = (
    st.sampled_from("ab.*^$+?|(){}1")
    | st.sampled_from([r"\(", r"\)", r"\|", r"\+", r"\?", r"\.", r"\{1,2\}", r"\{2\}", r"\}"])
    | st.sampled_from(["[ab]", "[^a]", "[]a]", "[[:digit:]]", r"[\.]"])
)


@given(st.lists(PIECES, max_size=8).map("".join), st.text("ab.*^$+?|(){}1", max_size=8))
@example(r"^*a", "*a")
@example(r"^^*", "")
@example(r"\(^a\)", "a")
@example(r"a\|*b", "*b")
@example(r"^sip:.*@\(a\|b\)\.net$", "sip:x@b.net")
def test_as_libc(pattern: str, text: str) -> None:
    assert ours(pattern, text) == libc_finds(pattern, text)


@pytest.mark.parametrize("pattern", [r"\)", r"a\)", r"\{2\}", r"\(\{1\}\)", r"\(", "[a", "a\\"])
def test_what_libc_refuses(pattern: str) -> None:
    assert libc_finds(pattern, "a") is None
    assert ours(pattern, "a") is None
