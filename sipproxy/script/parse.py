"""From a cfg to its tree: `parse_file` and `parse_text`."""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sipproxy.errors import CfgError, Problem, Span
from sipproxy.script.defines import KAMAILIO_VERSION, Defines
from sipproxy.script.scan import Reader, Scanner
from sipproxy.script.tokens import Source
from sipproxy.script.tree import Config

NO_DEFINES: Mapping[str, str | None] = MappingProxyType({})


def parse_file(
    path: str,
    *,
    defines: Mapping[str, str | None] = NO_DEFINES,
    environ: Mapping[str, str] | None = None,
    read: Callable[[str], str] | None = None,
) -> Config:
    """The tree of the cfg at `path`, includes and all.

    `defines` are set before the first line (-A NAME or NAME=value), `environ` (the process's own
    when None) answers `#!defenv` and `$env()`, `read` fetches a file's text (from disk when None).
    Raises CfgError with every problem found.
    """
    reader = read or Reader()
    try:
        text = reader(path)
    except OSError as error:
        place = Span(path, 1, 1, 1, 1)
        raise CfgError([Problem(place, f"cannot read the cfg: {error.strerror}")]) from error
    return _parse(Source(path, text), defines, environ, reader)


def parse_text(
    text: str,
    *,
    file: str = "<text>",
    defines: Mapping[str, str | None] = NO_DEFINES,
    environ: Mapping[str, str] | None = None,
    read: Callable[[str], str] | None = None,
) -> Config:
    """The tree of a cfg given as text (surrogateescaped UTF-8); `file` is its name in messages.

    Else as :func:`parse_file`.
    """
    return _parse(Source(file, text), defines, environ, read or Reader())


def _parse(
    source: Source,
    given: Mapping[str, str | None],
    environ: Mapping[str, str] | None,
    read: Callable[[str], str],
) -> Config:
    defines = Defines(given, KAMAILIO_VERSION)
    scanner = Scanner(source, defines, os.environ if environ is None else environ, read)
    items, problems = _run(scanner)
    problems = [*scanner.problems, *problems]
    if any(problem.severity == "error" for problem in problems):
        raise CfgError([p for p in problems if p.severity == "error"])
    return Config(
        source.name,
        tuple(items),
        {name: read.text for name, read in scanner.sources.items()},
        dict(defines.values),
        scanner.flavour,
        scanner.compat,
        tuple(problems),
    )


def _run(scanner: Scanner) -> tuple[list[Any], list[Problem]]:
    from sipproxy.script.recovery import Recovery  # Lark is imported only when a cfg is read

    return Recovery(scanner).run()
