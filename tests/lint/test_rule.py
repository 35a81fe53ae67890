"""What holds for every rule."""

import re

import pytest

from sipproxy.errors import CfgError
from sipproxy.lint import RULES, lint
from sipproxy.lint.catalogue import suppressible
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.ignore import Ignores
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.loader import own_modules
from sipproxy.script.parse import parse_text
from sipproxy.testing import load_cfg_text

each = pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)


@each
def test_the_wrong_example_is_found_and_nothing_else_in_it(one: Rule) -> None:
    assert {problem.id for problem in lint(parse_text(one.wrong))} == {one.id}


@each
def test_nothing_is_found_in_the_right_example(one: Rule) -> None:
    assert [str(problem) for problem in lint(parse_text(one.right))] == []


@each
def test_a_comment_suppresses_it(one: Rule) -> None:
    lines = one.wrong.split("\n")
    numbers = {problem.span.line for problem in lint(parse_text(one.wrong))}
    for number in numbers:
        lines[number - 1] += f"  # sipproxy: ignore[{one.id}]"
    config = parse_text("\n".join(lines))
    problems = list(lint(config))
    assert {problem.span.line for problem in problems} == numbers
    ignores = Ignores(config.sources, suppressible())
    assert list(ignores.remaining(problems)) == []
    assert list(ignores.problems()) == []


@each
def test_another_id_does_not_suppress_it(one: Rule) -> None:
    text = "\n".join(f"{line}  # sipproxy: ignore[SP999]" for line in one.wrong.split("\n"))
    config = parse_text(text)
    problems = list(lint(config))
    assert list(Ignores(config.sources, ()).remaining(problems)) == problems != []


@each
def test_its_examples_run(one: Rule) -> None:
    """Kamailio accepts these mistakes, and so does the proxy."""
    for text in (one.wrong, one.right):
        loaded = set(re.findall(r'loadmodule "(\w+)\.so"', text))
        if missing := loaded - set(own_modules()):
            pytest.skip(f"without the modules {', '.join(sorted(missing))}")
        try:
            load_cfg_text(text)
        except CfgError as error:
            pytest.fail(f"{error}\n{text}")


@each
def test_its_words(one: Rule) -> None:
    assert re.fullmatch(r"SP[1-5]\d\d", one.id)
    assert one.title == one.title.strip() and len(one.title) <= 72
    assert not one.title.endswith(".")
    assert len(one.explanation.split()) >= 20
    assert one.severity in ("warning", "note")


def test_ids_are_given_once_and_in_order() -> None:
    ids = [one.id for one in RULES]
    assert ids == sorted(set(ids))


def test_a_rule_is_made_of_a_function() -> None:
    head = "\nfirst\n"

    @rule("SP999", "nothing", wrong=head + "    a\n        b\n", right="\n    c\n", severity="note")
    def never(cfg: Cfg) -> Found:
        """It never
        finds anything.
        """
        yield from ()

    assert (never.id, never.severity) == ("SP999", "note")
    assert never.explanation == "It never\nfinds anything."
    assert (never.wrong, never.right) == ("first\na\n    b\n", "c\n")


def test_deep_nesting_is_no_trouble() -> None:
    deep = "request_route {\n" + "if ($rU == 1) {\n" * 90 + "exit;\n" + "}\n" * 90 + "}\n"
    assert list(lint(parse_text(deep))) == []
    chain = "else if ($rU == 1) { exit; }\n" * 240
    assert list(lint(parse_text(f"request_route {{ if ($rU == 2) {{ exit; }}\n{chain} }}"))) == []
    sum_ = " + 1" * 2000
    assert list(lint(parse_text(f"request_route {{ $var(x) = 1{sum_}; }}"))) == []
