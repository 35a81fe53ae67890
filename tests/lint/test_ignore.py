"""Comments that suppress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import Problem, Span
from sipproxy.lint.ignore import Ignores

KNOWN = frozenset(("SP101", "SP102", "SP409"))


def problem(line: int, id: str = "SP101", severity: str = "warning", file: str = "a") -> Problem:
    return Problem(Span(file, line, 1, line, 2), "x", "", severity, id)


def left(text: str, *problems: Problem) -> list[Problem]:
    return list(Ignores({"a": text}, KNOWN).remaining(problems))


@pytest.mark.parametrize(
    "comment",
    [
        "# sipproxy: ignore[SP101]",
        "// sipproxy: ignore[SP101]",
        "#sipproxy:ignore[SP101]",
        "# sipproxy: ignore[SP102, SP101]",
        "# sipproxy: ignore[SP101] because the tests need it",
        "# counted by one process; sipproxy: nothing\n# sipproxy: ignore[SP101]",
    ],
)
def test_on_the_line_and_on_the_line_before(comment: str) -> None:
    lines = comment.count("\n") + 1
    assert left(f"{comment}\nx;\ny;", problem(lines + 1)) == []
    assert left(f"{comment}\nx;\ny;", problem(lines + 2)) == [problem(lines + 2)]
    if lines == 1:
        assert left(f"x; {comment}\ny;", problem(1)) == []
        assert left(f"x; {comment}\ny;", problem(2)) == [problem(2)]


def test_comments_and_empty_lines_between_do_not_count() -> None:
    text = "# sipproxy: ignore[SP101]\n\n# why\n// and how\n  x;\ny;"
    assert left(text, problem(5), problem(6)) == [problem(6)]


def test_several_comments_for_one_line() -> None:
    text = "# sipproxy: ignore[SP101]\n# sipproxy: ignore[SP102]\nx;"
    assert left(text, problem(3), problem(3, "SP102")) == []


def test_only_that_id_and_that_file_and_no_error() -> None:
    text = "x; # sipproxy: ignore[SP101]"
    others = [
        problem(1, "SP102"),
        problem(1, severity="error"),
        problem(1, file="b"),
    ]
    assert left(text, *others, problem(1, severity="note")) == others


@pytest.mark.parametrize(
    "text",
    [
        'xlog("# sipproxy: ignore[SP101]");',
        "xlog('# sipproxy: ignore[SP101]');",
        'xlog("a \\" # sipproxy: ignore[SP101]");',
        "x; # sipproxy: ignores[SP101]",
        "x; # other: ignore[SP101]",
    ],
)
def test_what_is_no_such_comment(text: str) -> None:
    assert left(text, problem(1)) == [problem(1)]
    assert list(Ignores({"a": text}, KNOWN).problems()) == []


@pytest.mark.parametrize(
    ("comment", "messages"),
    [
        ("# sipproxy: ignore[SP101]", []),
        ("# sipproxy: ignore[SP110]", ['"SP110" is no id of a warning']),
        ("# sipproxy: ignore[SP101, sp102]", ['"sp102" is no id of a warning']),
        ("# sipproxy: ignore[]", ["nothing is ignored: no id"]),
        ("# sipproxy: ignore", ["nothing is ignored: no id"]),
    ],
)
def test_wrong_comments(comment: str, messages: list[str]) -> None:
    problems = list(Ignores({"a": f"x;\n  {comment}\n"}, KNOWN).problems())
    assert [one.message for one in problems] == messages
    assert all((one.id, one.severity) == ("SP030", "warning") for one in problems)
    assert all((one.span.line, one.span.column) == (2, 3) for one in problems)


@given(st.text())
def test_any_text(text: str) -> None:
    ignores = Ignores({"a": f"# sipproxy: ignore[{text}]\n" + text}, KNOWN)
    list(ignores.problems())
    assert list(ignores.remaining([problem(1, "SP999")])) in ([problem(1, "SP999")], [])
