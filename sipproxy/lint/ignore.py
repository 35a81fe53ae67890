"""`# sipproxy: ignore[SP101]`: comments in a cfg that suppress warnings.

The comment stands on the line it speaks of, or on a line of its own before it. `//` begins it too;
several ids are separated by commas. Kamailio sees a comment.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sipproxy.core.suggest import suggestion
from sipproxy.errors import Problem, Span
from sipproxy.lint.told import BAD_IGNORE

_COMMENT = re.compile(r"(?:#|//)[ \t]*sipproxy:[ \t]*ignore\b(?:\[([^\]\n]*)\])?")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"' + r"|'[^']*'")
_PASSED_OVER = re.compile(r"\s*(?:$|#(?!!)|//)")


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One comment: where, the ids as written, and the lines it is about."""

    span: Span
    ids: tuple[str, ...]
    lines: tuple[int, ...]


class Ignores:
    """The comments of a cfg and the files it includes; `known` are the ids they may name."""

    def __init__(self, sources: Mapping[str, str], known: Collection[str]) -> None:
        self._known = known
        self._comments = [found for file in sources for found in _comments(file, sources[file])]
        self._ignored = {
            (one.span.file, line, id)
            for one in self._comments
            for id in one.ids
            for line in one.lines
        }

    def remaining(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems that no comment suppresses; errors are never suppressed."""
        for problem in problems:
            place = (problem.span.file, problem.span.line, problem.id)
            if problem.severity == "error" or place not in self._ignored:
                yield problem

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the comments themselves."""
        for one in self._comments:
            if not one.ids:
                yield self._problem(one.span, "nothing is ignored: no id", "ignore[SP101]")
            for id in one.ids:
                if id not in self._known:
                    hint = suggestion(id, self._known) or "sipproxy check --explain all lists them"
                    yield self._problem(one.span, f'"{id}" is no id of a warning', hint)

    def _problem(self, span: Span, message: str, hint: str) -> Problem:
        return Problem(span, message, hint, BAD_IGNORE.severity, BAD_IGNORE.id)


def _comments(file: str, text: str) -> Iterator[_Ignore]:
    if "sipproxy:" not in text:
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        # a comment that begins inside a string is none
        plain = _STRING.sub(lambda found: " " * len(found[0]), line)
        found = _COMMENT.search(plain)
        if found is None:
            continue
        ids = tuple(id.strip() for id in (found[1] or "").split(",") if id.strip())
        about = [number]
        if not line[: found.start()].strip():
            about.append(_next_line(lines, number))
        span = Span(file, number, found.start() + 1, number, found.end() + 1)
        yield _Ignore(span, ids, tuple(about))


def _next_line(lines: list[str], number: int) -> int:
    """The first line behind one that is neither empty nor a comment."""
    while number < len(lines) and _PASSED_OVER.match(lines[number]):
        number += 1
    return number + 1
