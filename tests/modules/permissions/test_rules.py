"""Lines of allow and deny files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.permissions.rules import Rule, RuleFile, read_rules


def rule(line: str) -> Rule:
    found = Rule.parse(line)
    assert found is not None
    return found


def covers(line: str, left: str, right: str) -> bool:
    return RuleFile("", [rule(line)]).matches(left, right)


@pytest.mark.parametrize("line", ["", "   \t", "# ALL : ALL", "\t # : "])
def test_nothing(line: str) -> None:
    assert Rule.parse(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "no colon",
        ": ALL",
        "ALL :",
        'ALL " : ALL',
        "ALL : # ALL",
        "ALL : a,,b",
        "ALL : (",
        " EXCEPT a : ALL",
        "a EXCEPT  : ALL",
        'ALL : ""',
        f"ALL : {'x' * 256}",
        f"ALL : {','.join(['x' * 250] * 2)}",
    ],
)
def test_no_rule(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Rule.parse(line)


@pytest.mark.parametrize(
    ("line", "left", "right", "covered"),
    [
        ("ALL : ALL", "a", "b", True),
        ("all : ALL", "a", "b", False),
        ("a : b", "xax", "xbx", True),
        ("A : B", "a", "b", True),
        ("^a$ : ALL", "xa", "b", False),
        ("a, c : ALL", "c", "b", True),
        ('"a,c" : ALL', "c", "b", False),
        ('"a:c" : ALL', "a:c", "b", True),
        ("sip:a : b", "sip:a", "b", True),
        ('sip:a : "b:c#d"', "sip:a", "b:c#d", True),
        ("a : b # c", "a", "b", True),
        ("ALL EXCEPT a : b", "a", "b", False),
        ("ALL EXCEPT a : b EXCEPT c, d", "x", "bd", False),
        ("ALL EXCEPT a : b EXCEPT c, d", "x", "b", True),
        ("ALL : [0-9]{3}", "x", "911", True),
    ],
)
def test_covers(line: str, left: str, right: str, covered: bool) -> None:
    assert covers(line, left, right) is covered


def test_a_bad_line_is_told_and_left_out() -> None:
    told: list[str] = []
    rules = read_rules("ALL : a\nnonsense\r\n\n# comment\nALL : b\r\n", told.append)
    assert len(rules) == 2
    assert told == ["failed to parse line: nonsense\r"]
    assert not RuleFile("")
    assert RuleFile("", rules)
    assert RuleFile("", rules).matches("x", "b")
    assert not RuleFile("", rules).matches("x", "c")


@given(st.text(st.sampled_from('ab"#:, ALEXCPT\t('), max_size=40))
def test_any_line_is_a_rule_nothing_or_refused(line: str) -> None:
    try:
        found = Rule.parse(line)
    except ValueError:
        return
    if found is not None:
        assert RuleFile("", [found]).matches("a", "b") in (True, False)
