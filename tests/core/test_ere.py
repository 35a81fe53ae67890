"""POSIX patterns as text: what is counted in them, and what is said in Python's words."""

import pytest

from sipproxy.core.ere import Survey, TooComplex, survey, translate


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", Survey(0, False, False, False)),
        ("(a)(b(c))", Survey(3, False, False, False)),
        (r"\((a)\)", Survey(1, False, False, False)),
        ("[(]", Survey(0, False, False, False)),
        ("[]()]", Survey(0, False, False, False)),
        ("[^](]", Survey(0, False, False, False)),
        ("[[:alpha:](](a)", Survey(1, False, False, False)),
        ("[[.].](](a)", Survey(1, False, False, False)),
        (r"(a)\1", Survey(1, True, False, False)),
        (r"[\1]", Survey(0, False, False, False)),
        ("a|^b", Survey(0, False, True, False)),
        ("a)b", Survey(0, False, False, True)),
    ],
)
def test_survey(pattern: str, expected: Survey) -> None:
    assert survey(pattern) == expected


def test_intervals_are_counted_as_they_nest() -> None:
    survey("a{900}b{0,50}")
    survey("(ab{2}){100}")
    for pattern in ("a{2000}", "(ab{20}){100}", "a{20}{100}", "a{0,2000}", "a{99999999999}"):
        with pytest.raises(TooComplex):
            survey(pattern)


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        ("^sip:", "^sip:"),
        ("a|b", "a|b"),
        ("(ab|c)?d", "(?:ab|c)?d"),
        ("a.*", r"a[^\x00]*"),
        ("a$", r"a(?![^\0])"),
        ("[ab]", r"[\x61\x62]"),
        ("[^ab]", r"[^\x00\x61\x62]"),
        ("a{2,3}", "a{2,3}"),
        (r"\.\*", r"\.\*"),
    ],
)
def test_the_common_part_is_translated(pattern: str, source: str) -> None:
    translation = translate(pattern, False, False)
    assert translation is not None
    assert translation.source == source


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a)*", "(a){2}", "a**", "a+?", r"\w", r"\d", "a^", "$a", "(^a)", "(a$)", "()", "a||b"),
        *("|a", "[[.a.]]", "[[=a=]]", "\u00e9", "a{,2}", "a)", "", "a?" * 20),
    ],
)
def test_the_rest_is_left_to_libc(pattern: str) -> None:
    assert translate(pattern, True, False) is None


@pytest.mark.parametrize(
    ("pattern", "degree"),
    [("abc", 1), ("^abc", 0), ("^a*", 1), ("a*", 2), ("a*b+", 3), ("a|^b", 1), ("a{2}", 1)],
)
def test_the_cost_of_backtracking_is_known(pattern: str, degree: int) -> None:
    translation = translate(pattern, False, False)
    assert translation is not None
    assert translation.degree == degree


def test_cost_limits_the_text() -> None:
    translation = translate("(a|b)*".replace("*", "?") + "c.*d", False, False)
    assert translation is not None
    assert translation.factor == 4
    assert translation.degree == 2
    assert translation.longest_text(4_000_000) == 1000


@pytest.mark.parametrize(
    ("pattern", "agnostic"),
    [
        *(("abc", True), (".*a[^b]*", True), ("^.+$", True), ("^.+.+$", False), (".", False)),
        *(("[^a]?", False), (".{2}", False), ("[a-z]{2}", True)),
    ],
)
def test_where_bytes_and_characters_agree(pattern: str, agnostic: bool) -> None:
    translation = translate(pattern, False, False)
    assert translation is not None
    assert translation.byte_agnostic is agnostic


@pytest.mark.parametrize("pattern", ["(a", "[a-[.b.]]", "(a|(b)"])
def test_what_libc_and_python_do_not_read_alike(pattern: str) -> None:
    assert translate(pattern, ignore_case=False, newline=False) is None
