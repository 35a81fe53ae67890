"""Going on behind a syntax error: each statement yields its first, and no more."""

import random  # noqa: TID251 - a seed for the fuzzed cfgs

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text
from sipproxy.script.recovery import MAX_SYNTAX_ERRORS


def lines(text: str) -> list[int]:
    """The lines on which something is wrong."""
    with pytest.raises(CfgError) as caught:
        parse_text(text)
    return [problem.span.line for problem in caught.value.problems]


def test_statements() -> None:
    assert lines("route {\n x;\n f();\n $y = ;\n exit\n drop;\n f(;\n}\nroute[A] {\n g;\n}") == [
        *(2, 4, 6, 7, 10)
    ]


def test_items() -> None:
    text = "debg=1\nchildren=\nfork=no\nloadmodule\nmodparam('a')\nnonsense here\n"
    text += "route { exit; }\nxx=1"
    assert lines(text) == [1, 3, 5, 5, 6, 8]


@pytest.mark.parametrize(
    "head", ["if ($x == y)", "if z", " if (($x)", "if ()", "if ($x !~ 'a' || w)"]
)
def test_the_body_behind_a_broken_condition_is_read(head: str) -> None:
    assert lines(f"route {{\n{head} {{\n f();\n g;\n}} else {{\n h;\n}}\n i;\n}}") == [2, 4, 6, 8]


def test_the_cases_behind_a_broken_label_are_read() -> None:
    text = (
        "route {\nswitch ($x) {\ncase a:\n f;\n break;\ncase 1:\n g;\ndefault:\n exit;\n}\n h;\n}"
    )
    assert lines(text) == [3, 4, 7, 11]
    assert lines("route {\nswitch (q) {\ncase 1:\n f;\n}\n h;\n}") == [2, 4, 6]


def test_a_broken_name_of_a_route_leaves_its_body() -> None:
    assert lines("route[port] {\n f;\n}\nroute[B] {\n g;\n}") == [1, 2, 5]


def test_a_route_that_is_not_closed_ends_at_the_next() -> None:
    assert lines("route {\n if ($x) {\n exit;\n}\nroute[A] {\n f;\n}") == [5, 6]
    assert lines("route {\n exit;\nloadmodule 'x'\nevent_route[a:b] { f; }") == [3, 4]


def test_one_brace_too_many() -> None:
    assert lines("route {\n exit; }\n}\nroute[A] {\n f;\n}") == [3, 5]


def test_the_end_of_the_file_is_told_once() -> None:
    assert lines("route {\n if ($x) {\n exit;\n") == [3]
    assert lines("route {\n f(") == [2]
    assert lines("route {\n f('a);\n}\n") == [2]


def test_there_is_an_end_to_errors() -> None:
    text = "route {\n" + "x;\n" * 100 + "}"
    assert len(lines(text)) == MAX_SYNTAX_ERRORS


GOOD = """
listen=udp:127.0.0.1:5060 advertise 10.0.0.1:5060
modparam("a", "b", 5)
pstn.gw = "x" desc "y"
request_route {
    if (uri==myself && !is_method("INVITE")) { xlog("x"); exit; } else if ($x) drop;
    switch ($rU) { case "a": case /"b": break; default: route(A); }
    while ($i < 5) { $i = $i + 1; }
    $x = selval($y, (1 + 2), strlen("a")) * -3;
}
event_route[a:b] { return -1; }
"""


def test_nothing_makes_the_parser_itself_fail() -> None:
    chance = random.Random(5)
    words = GOOD.split()
    for _ in range(400):
        changed = list(words)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(changed))
            changed[at : at + chance.randrange(3)] = chance.choices(words, k=chance.randrange(3))
        try:
            parse_text("\n".join(changed))
        except CfgError as error:
            assert error.problems


def test_text_cut_anywhere_is_refused_with_a_place() -> None:
    for end in range(40, len(GOOD), 7):
        text = GOOD[:end]
        try:
            parse_text(text)
        except CfgError as error:
            for problem in error.problems:
                assert 1 <= problem.span.line <= text.count("\n") + 1
                assert problem.span.column >= 1
