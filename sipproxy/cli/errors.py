"""How the commands speak of what went wrong."""

from collections.abc import Iterable, Iterator

import click

from sipproxy.cli import FINDINGS, USAGE
from sipproxy.errors import CfgError, Problem, Span


def show(problems: Iterable[Problem]) -> None:
    """Print findings on stderr, each with its source line and a caret."""
    from sipproxy.script.report import render

    problems = list(problems)
    files = {place.file for problem in problems for place in _places(problem.span)}
    sources = {file: text for file in files if (text := _text_of(file))}
    for problem in problems:
        click.echo(render(problem, sources), err=True)


def show_problems(error: CfgError) -> int:
    """Print every problem of a cfg on stderr; the exit code: unreadable input, or findings."""
    show(error.problems)
    return USAGE if isinstance(error.__cause__, OSError) else FINDINGS


def _places(span: Span | None) -> Iterator[Span]:
    while span is not None:
        yield span
        span = span.origin


def _text_of(file: str) -> str:
    from sipproxy.text import decode

    try:
        with open(file, "rb") as stream:
            return decode(stream.read())
    except (OSError, ValueError):
        return ""
