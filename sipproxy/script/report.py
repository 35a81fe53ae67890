"""How a problem of a cfg is shown to a person."""

from collections.abc import Mapping

from sipproxy.errors import Problem, Span
from sipproxy.text import presentable


def render(problem: Problem, sources: Mapping[str, str]) -> str:
    """The message with its id, the line it speaks of with a caret under the place, and the hint.

    `sources` maps a file's name to its text; without it there is no line to show. A place inside
    an expansion or an included file is followed by where that came from.
    """
    word = "" if problem.severity == "error" else f"{problem.severity}: "
    id = f" [{problem.id}]" if problem.id else ""
    lines = [f"{problem.span}: {word}{problem.message}{id}", *_excerpt(problem.span, sources)]
    origin = problem.span.origin
    while origin is not None:
        lines += [f"  from {origin}", *_excerpt(origin, sources)]
        origin = origin.origin
    if problem.hint:
        lines.append(f"  {problem.hint}")
    return presentable("\n".join(lines))


def _excerpt(span: Span, sources: Mapping[str, str]) -> list[str]:
    text = sources.get(span.file)
    if text is None:
        return []
    lines = text.split("\n")
    if span.line > len(lines):
        return []
    line = lines[span.line - 1].rstrip("\r")
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    blank = "".join("\t" if c == "\t" else " " for c in line[:start])
    return [f"    {line}", f"    {blank}{'^' * max(1, min(end, len(line)) - start)}"]
