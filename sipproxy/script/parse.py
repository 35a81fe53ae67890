"""From a cfg to its tree: `parse_file` and `parse_text`."""

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sipproxy.errors import CfgError, Problem, Span
from sipproxy.script import static
from sipproxy.script.defines import KAMAILIO_VERSION, Defines
from sipproxy.script.scan import Read, Scanner
from sipproxy.script.tokens import Source
from sipproxy.script.tree import Config, Item, Route
from sipproxy.text import decode

NO_DEFINES: Mapping[str, str | None] = MappingProxyType({})
NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})


def parse_file(
    path: str,
    *,
    defines: Mapping[str, str | None] = NO_DEFINES,
    environ: Mapping[str, str] | None = None,
    read: Read | None = None,
    compat: str = "",
    overrides: Mapping[str, str] = NO_OVERRIDES,
) -> Config:
    """The tree of the cfg at `path`, includes and all.

    `defines` are set before the first line (-A NAME or NAME=value), `overrides` stand in place of
    what the cfg defines under their names; `environ` (the process's own
    when None) answers `#!defenv` and `$env()`, `read` fetches a file's text (from disk when None),
    `compat` names a version of Kamailio and goes before the one the cfg may name.
    Raises CfgError with every problem found.
    """
    reader = read or _read_file
    try:
        text = reader(path)
    except OSError as error:
        place = Span(path, 1, 1, 1, 1)
        raise CfgError([Problem(place, f"cannot read the cfg: {error.strerror}")]) from error
    return _parse(Source(path, text), defines, environ, reader, compat, overrides)


def parse_text(
    text: str,
    *,
    file: str = "<text>",
    defines: Mapping[str, str | None] = NO_DEFINES,
    environ: Mapping[str, str] | None = None,
    read: Read | None = None,
    compat: str = "",
    overrides: Mapping[str, str] = NO_OVERRIDES,
) -> Config:
    """The tree of a cfg given as text (surrogateescaped UTF-8); `file` is its name in messages.

    Else as :func:`parse_file`.
    """
    source = Source(file, text)
    return _parse(source, defines, environ, read or _read_file, compat, overrides)


def _read_file(path: str) -> str:
    with open(path, "rb") as file:
        return decode(file.read())


def _parse(
    source: Source,
    given: Mapping[str, str | None],
    environ: Mapping[str, str] | None,
    read: Read,
    compat: str,
    overrides: Mapping[str, str],
) -> Config:
    defines = Defines(given, KAMAILIO_VERSION, overrides)
    surroundings = os.environ if environ is None else environ
    scanner = Scanner(source, defines, surroundings, read, compat)
    items = _run(scanner)
    whole = not any(problem.severity == "error" for problem in scanner.problems)
    problems = [*scanner.problems, *static.check(items, whole)]
    files = list(scanner.sources)
    problems.sort(key=lambda p: (files.index(p.span.file), p.span.line, p.span.column))
    config = Config(
        source.name,
        tuple(items),
        {name: file.text for name, file in scanner.sources.items()},
        dict(defines.values),
        scanner.preprocessor.flavour,
        scanner.preprocessor.compat,
        tuple(problems),
    )
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise CfgError(errors, config if _inside_routes(errors, items) else None)
    return config


def _inside_routes(errors: Iterable[Problem], items: Iterable[Item]) -> bool:
    """Whether every error lies in a route block: then nothing is missing around them."""
    routes = [item.span for item in items if isinstance(item, Route)]
    return all(any(_holds(route, error.span) for route in routes) for error in errors)


def _holds(outer: Span, inner: Span) -> bool:
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return outer.file == inner.file and start <= (inner.line, inner.column) < end


def _run(scanner: Scanner) -> list[Item]:
    from sipproxy.script.recovery import Run  # Lark is imported only when a cfg is read

    return Run(scanner).items()
