import pytest

from sipproxy.script.defines import DirectiveError
from sipproxy.script.substitution import Substitution, evaluate


def apply(rule: str, text: str) -> str:
    return Substitution(rule, lambda pv: evaluate(pv, {"D": "def"}, {"E": "env"})).apply(text)


@pytest.mark.parametrize(
    ("rule", "text", "result"),
    [
        ("/b/X/", "abab", "aXab"),
        ("/b/X/g", "abab", "aXaX"),
        ("/B/X/gi", "abab", "aXaX"),
        ("!/!-!g", "a/b/c", "a-b-c"),
        (r"/a\/b/x/", "a/b", "x"),
        (r"/(.)(.)/\2\1/g", "abcd", "badc"),
        (r"/a/\n\t\\/", "a", "\n\t\\"),
        ("/a/$env(E)-$def(D)/", "xay", "xenv-defy"),
        ("/a*/X/", "bbb", "bbb"),
        ("/a|ab/X/", "ab", "X"),
        ("/^a/X/g", "aa", "Xa"),
        ("/ä/ö/", "xäy", "xöy"),
    ],
)
def test_rules(rule: str, text: str, result: str) -> None:
    assert apply(rule, text) == result


@pytest.mark.parametrize("rule", ["", "/a", "/a/b", "\\a\\b\\", "/a/b/x", "/(/b/"])
def test_bad_rules_are_refused(rule: str) -> None:
    with pytest.raises(DirectiveError):
        Substitution(rule, str)


def test_values_known_while_reading() -> None:
    text = "$env(E) $(env(E)) $def(D) $defn(D) $env(NONE) $$ $ru"
    assert evaluate(text, {"D": "d"}, {"E": "e"}) == "e e d d <null> $ $ru"
