"""Patterns of file names, against the standard library where the two agree."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core import wildcard


@given(st.text("ab.*?", max_size=8), st.text("ab.x", max_size=8))
def test_stars_and_questions(pattern: str, text: str) -> None:
    found = bool(wildcard.compile(pattern).search(text))
    assert found is fnmatchcase(text, pattern)
    assert bool(wildcard.compile(pattern.upper(), ignore_case=True).search(text)) is found


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[!b]", "a", True),
        ("[^b]", "b", False),
        ("[]]", "]", True),
        ("[]]", "x", False),
        ("[x", "[x", True),
        ("[[:digit:]]", "5", True),
        ("[[:digit:]]", "d", False),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("a\\", "a\\", True),
        ("(a|b)+", "(a|b)+", True),
        ("*", "line\nline", True),
    ],
)
def test_sets_and_escapes(pattern: str, text: str, matches: bool) -> None:
    assert bool(wildcard.compile(pattern).search(text)) is matches
