"""`sipproxy check CFG...`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK, USAGE
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError, Problem

if TYPE_CHECKING:
    from sipproxy.program import Program
    from sipproxy.proxy import Proxy

FORMATS = ("text", "json", "sarif", "github")


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with one cfg, in its order, and the exit code that follows."""

    problems: tuple[Problem, ...]
    code: int


@click.command("check")
@click.argument("cfgs", metavar="CFG...", type=click.Path(), nargs=-1)
@define_option
@click.option("--strict", is_flag=True, help="Warnings count as findings.")
@click.option(
    "--compat",
    type=click.Choice(["3.0", "5.6", "6.1"]),
    help="The version of Kamailio to behave as, where a user would notice.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="text goes to stderr, the others to stdout.",
)
@click.option("--explain", metavar="ID", help="Say what an id means (all: list them) and exit.")
@click.pass_context
def command(
    ctx: click.Context,
    cfgs: tuple[str, ...],
    defines: tuple[str, ...],
    strict: bool,
    compat: str | None,
    form: str,
    explain: str | None,
) -> None:
    """Report everything wrong in CFG; exit 1 when there is something."""
    if explain is not None:
        ctx.exit(_explain(explain))
    if not cfgs:
        raise click.UsageError("Missing argument 'CFG...'.")
    reports = [examine_file(cfg, defines, strict, compat or "") for cfg in cfgs]
    _show([problem for report in reports for problem in report.problems], form)
    ctx.exit(max(report.code for report in reports))


def _explain(id: str) -> int:
    from sipproxy.core.suggest import suggestion
    from sipproxy.lint import catalogue

    titles = catalogue.ids()
    if id == "all":
        click.echo("".join(f"{one}  {title}\n" for one, title in titles.items()), nl=False)
    elif id in titles:
        click.echo(catalogue.explanation(id), nl=False)
    else:
        hint = suggestion(id, titles) or "--explain all lists the ids"
        raise click.UsageError(f"{id!r} is no id of a check ({hint})")
    return OK


def examine_file(cfg: str, defines: tuple[str, ...], strict: bool, compat: str) -> Report:
    """Check one file."""
    from sipproxy.lint.told import with_ids
    from sipproxy.program import load_file

    try:
        program = load_file(cfg, defines=parse_defines(defines), compat=compat)
    except CfgError as error:
        code = USAGE if isinstance(error.__cause__, OSError) else FINDINGS
        found = with_ids([*error.problems, *_wrong_names(error, compat)])
        return Report(_by_place(found), code)
    return examine(program, strict)


def examine(program: "Program", strict: bool = False) -> Report:
    """Check what was read: modules, parameters and routes, and what the rules say of them."""
    from sipproxy.lint import lint
    from sipproxy.lint.catalogue import suppressible
    from sipproxy.lint.ignore import Ignores
    from sipproxy.lint.told import with_ids

    config = program.config
    try:
        refused, told = False, [*config.warnings, *_made(program).problems]
    except CfgError as error:
        refused, told = True, [*config.warnings, *error.problems]
    ignores = Ignores(config.sources, suppressible())
    wrong = {problem.span for problem in told if problem.severity == "error"}
    # where there is an error already, a warning about the same words says nothing new
    rules = [p for p in lint(config, program.compat) if p.span not in wrong]
    found = [*ignores.remaining([*with_ids(told), *rules]), *ignores.problems()]
    serious = refused or (strict and any(p.severity == "warning" for p in found))
    return Report(_by_place(found), FINDINGS if serious else OK)


def _by_place(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """In the order of the cfg; the files stay as they came."""
    problems = list(problems)
    files = list(dict.fromkeys(problem.span.file for problem in problems))
    return tuple(
        sorted(problems, key=lambda p: (files.index(p.span.file), p.span.line, p.span.column))
    )


def _wrong_names(error: CfgError, compat: str) -> list[Problem]:
    """What else is wrong in a cfg with syntax errors, as far as it could be read."""
    from sipproxy.program import program_of
    from sipproxy.script.tree import Config

    if not isinstance(error.readable, Config):
        return []
    try:
        _made(program_of(error.readable, compat))
    except CfgError as more:
        known = set(error.problems)
        return [p for p in more.problems if p.severity == "error" and p not in known]
    return []


def check_program(program: "Program") -> int:
    """Check a cfg that was read, say what is wrong on stderr; the exit code."""
    report = examine(program)
    _show(report.problems, "text")
    return report.code


def _made(program: "Program") -> "Proxy":
    from sipproxy.clock import Chance, SystemClock
    from sipproxy.core.log import LogList
    from sipproxy.proxy import Proxy

    log = LogList(threshold=0)
    return Proxy(program, clock=SystemClock(), chance=Chance(), log=log)


def _show(problems: Iterable[Problem], form: str) -> None:
    problems = list(problems)
    if form != "text":
        from sipproxy.cli import formats

        click.echo(formats.WRITERS[form](problems), nl=False)
    elif problems:
        from sipproxy.cli.errors import show

        show(problems)
