"""`sipproxy check CFG...`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError, Problem

if TYPE_CHECKING:
    from sipproxy.program import Program
    from sipproxy.proxy import Proxy


@click.command("check")
@click.argument("cfgs", metavar="CFG...", type=click.Path(), nargs=-1, required=True)
@define_option
@click.option("--strict", is_flag=True, help="Warnings count as findings.")
@click.option("--compat", type=click.Choice(["3.0", "5.6", "6.1"]), default=None)
@click.pass_context
def command(
    ctx: click.Context,
    cfgs: tuple[str, ...],
    defines: tuple[str, ...],
    strict: bool,
    compat: str | None,
) -> None:
    """Report everything wrong in CFG; exit 1 when there is something."""
    ctx.exit(max(check_file(cfg, defines, strict, compat or "") for cfg in cfgs))


def check_file(cfg: str, defines: tuple[str, ...], strict: bool, compat: str) -> int:
    """Check one file; the exit code."""
    from sipproxy.program import load_file

    try:
        program = load_file(cfg, defines=parse_defines(defines), compat=compat)
        return check_program(program, strict)
    except CfgError as error:
        from sipproxy.cli.errors import show_problems

        error.problems = _by_place([*error.problems, *_wrong_names(error, compat)])
        return show_problems(error)


def _by_place(problems: list[Problem]) -> tuple[Problem, ...]:
    """In the order of the cfg; the files stay as they came."""
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


def check_program(program: "Program", strict: bool) -> int:
    """Check what was read: modules, parameters, routes; raises CfgError with what is wrong."""
    return _show_warnings([*program.config.warnings, *_made(program).problems], strict)


def _made(program: "Program") -> "Proxy":
    from sipproxy.clock import Chance, SystemClock
    from sipproxy.core.log import LogList
    from sipproxy.proxy import Proxy

    log = LogList(threshold=0)
    return Proxy(program, clock=SystemClock(), chance=Chance(), log=log)


def _show_warnings(problems: list[Problem], strict: bool) -> int:
    if not problems:
        return OK
    from sipproxy.cli.errors import show

    show(problems)
    return FINDINGS if strict and any(p.severity == "warning" for p in problems) else OK
