"""Regular expressions: Kamailio's verdicts, both engines against each other, and hostile input."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core import regex
from sipproxy.core.regex import RegexError

GOLDEN = json.loads(
    Path(__file__).parents[1].joinpath("fidelity", "regexes.json").read_text(encoding="utf-8")
)


def found(pattern: str, text: str, *, ignore_case: bool = True, newline: bool = False) -> bool:
    return bool(regex.compile(pattern, ignore_case=ignore_case, newline=newline).search(text))


def test_kamailio_agrees_on_every_recorded_pair() -> None:
    assert len(GOLDEN["rows"]) >= 500
    for pattern, text, answer in GOLDEN["rows"]:
        try:
            got = "1" if found(pattern, text) else "0"
        except RegexError:
            got = "fail"
        assert got == answer, f"{text!r} =~ {pattern!r}"


def test_a_refusal_names_pattern_and_reason() -> None:
    with pytest.raises(RegexError, match=r'"\(a": Unmatched \(') as caught:
        regex.compile("(a", ignore_case=True)
    assert "bad regular expression" in str(caught.value)
    with pytest.raises(RegexError):
        regex.compile("(?:a)", ignore_case=False)


def test_a_pattern_is_compiled_once() -> None:
    first = regex.compile("^once$", ignore_case=True)
    assert regex.compile("^once$", ignore_case=True) is first
    assert regex.compile("^once$", ignore_case=False) is not first


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("^.$", "\u00e9", False),  # two bytes
        ("^..$", "\u00e9", True),
        ("^[^a]$", "\u00e9", False),
        ("^.+.+$", "\u00e9", True),
        ("^.*$", "\udcff\u00e9", True),
        ("\u00c9", "\u00e9", False),  # case is ASCII's
        ("k", "\u212a", False),  # nor is the Kelvin sign a k
        ("^\u00e9+$", "\u00e9", True),
        ("^a$", "a\0b", True),  # a text ends at NUL
        ("^.$", "a\0b", True),
    ],
)
def test_bytes_are_matched_not_characters(pattern: str, text: str, answer: bool) -> None:
    assert found(pattern, text) is answer


def test_line_ends_count_only_when_asked() -> None:
    assert not found("^b", "a\nb")
    assert not found("a$", "a\nb")
    assert found("a.b", "a\nb")
    assert found("^b", "a\nb", newline=True)
    assert found("a$", "a\nb", newline=True)
    assert not found("a.b", "a\nb", newline=True)
    assert not found("a[^x]b", "a\nb", newline=True)
    assert not found("a$", "a\n")


def test_case_counts_when_asked() -> None:
    assert found("[a-c]B", "Ab", ignore_case=True)
    assert not found("[a-c]B", "Ab", ignore_case=False)
    assert not found("^[A-z]$", "_", ignore_case=True)  # the ends of a range are folded first
    assert found("^[A-z]$", "_", ignore_case=False)


def test_spans_are_leftmost_longest() -> None:
    spans = regex.compile("(a|ab)(c|bcd)?", ignore_case=False).match_spans
    assert spans(b"xxabcd") == ((2, 6), (2, 3), (3, 6))
    assert spans(b"xxac", 2) == ((2, 4), (2, 3), (3, 4))
    assert spans(b"xxab") == ((2, 4), (2, 4), (-1, -1))
    assert spans(b"none") is None
    assert regex.compile("b", ignore_case=True).match_spans("\u00e9b".encode()) == ((2, 3),)


def test_a_later_match_may_stand_away_from_the_line_begin() -> None:
    spans = regex.compile("^a", ignore_case=False).match_spans
    assert spans(b"aa", 1) == ((1, 2),)
    assert spans(b"aa", 1, not_bol=True) is None


LONG = 60_000
HOSTILE = [
    ("(a*)*b", "a" * LONG, False),
    ("(a|aa)+$", "a" * LONG + "b", False),
    ("(a|aa)+b$", "a" * LONG + "b", True),
    ("a.*b.*c.*d", "a" * LONG, False),
    ("a.*b.*c.*d", "a" * LONG + "bcd", True),
    ("(.*)(.*)(.*)(.*)x", "a" * LONG, False),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * LONG + "1", False),
    ("(x+x+)+y", "x" * LONG, False),
    ("a?" * 30 + "a" * 30, "a" * 30, True),
    ("(a|b)*a(a|b){12}x", "abaabbb" * 3000, False),
    ("(a)b)|c", "ab" * 2000 + "c", True),
]


@pytest.mark.parametrize(("pattern", "text", "answer"), HOSTILE, ids=[h[0][:20] for h in HOSTILE])
def test_hostile_patterns_end_soon(pattern: str, text: str, answer: bool) -> None:
    search = regex.compile(pattern, ignore_case=True).search
    begun = time.process_time()
    assert bool(search(text)) is answer
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a{255}{255}{255}", "too large"),
        ("(((a{99}){99}){99}){99}", "too large"),
        ("(" * 300 + "a" + ")" * 300, "nested"),
        ("a" * 70_000, "longer"),
    ],
)
def test_patterns_that_grow_are_refused(pattern: str, reason: str) -> None:
    with pytest.raises(RegexError, match=reason):
        regex.compile(pattern, ignore_case=True)


def test_back_references_work_on_short_texts_and_refuse_long_ones() -> None:
    assert found(r"^(.+)@\1$", "bob@bob")
    assert not found(r"^(.+)@\1$", "bob@rob")
    for pattern in (r"(a*)(a*)(a*)\1\2\3b", r"((a*)*b)*\2c"):
        with pytest.raises(RegexError, match="too long"):
            found(pattern, "a" * 40)
    with pytest.raises(RegexError, match="too long"):
        regex.compile(r"(a*)*\1b", ignore_case=True).match_spans(b"a" * 40)


def test_a_pattern_searched_for_long_still_answers_the_same() -> None:
    search = regex.compile("(a|b)*a(a|b){8}c", ignore_case=False).search
    for number in range(300):
        text = f"{number:010b}".replace("0", "a").replace("1", "b") * 20
        assert not search(text)
    assert search("b" * 1000 + "abbbbbbbbc")


atoms = ["a", "B", "_", ".", "[a-c]", "[^a]", "[A-_]", "[[:alpha:]]", "[]x]", "(a|b)", "(ab|a)"]
atoms += ["(.*)", "1", "[a-]", "(b$)?", "\\.", "\\w", "-", "\u00e9", "(x?|b)", "[[:space:]]"]
patterns = st.lists(
    st.tuples(st.sampled_from(atoms), st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}"])),
    min_size=1,
    max_size=4,
).map(lambda pieces: "".join(atom + mark for atom, mark in pieces))


@given(
    st.sampled_from(["", "^"]),
    patterns,
    st.sampled_from(["", "$", "|b"]),
    st.text("abBZ_.1-]x \n\u00e9", max_size=7),
    st.booleans(),
    st.booleans(),
)
def test_search_and_spans_agree(
    begin: str, middle: str, end: str, text: str, ignore_case: bool, newline: bool
) -> None:
    compiled = regex.compile(begin + middle + end, ignore_case=ignore_case, newline=newline)
    assert bool(compiled.search(text)) is (compiled.match_spans(text.encode()) is not None)


@given(patterns, st.text("abB_1x", max_size=6))
def test_long_texts_are_searched_alike(pattern: str, text: str) -> None:
    compiled = regex.compile(pattern, ignore_case=False)
    long = text + "-" * 3000
    assert bool(compiled.search(long)) is (compiled.match_spans(long.encode()) is not None)
