"""`sipproxy sweep CAPTURE... -f CFG --set NAME=VALUES`."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from sipproxy.cli.replay_options import (
    ReplayOptions,
    captures_argument,
    cfg_option,
    exit_code_of,
    fail_if,
    failures_told,
    replay_options,
)

if TYPE_CHECKING:
    from sipproxy.replay.sweep import Sweep


@click.command("sweep")
@captures_argument
@cfg_option
@click.option(
    "--set",
    "sets",
    metavar="NAME=VALUES",
    multiple=True,
    required=True,
    help="Values of a #!define: 3..20, 3..20..2, 60,300,900; repeatable.",
)
@click.option(
    "--attackers",
    type=click.Path(),
    help="A file with addresses of attackers, or the truth of gen.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=lambda: min(os.cpu_count() or 1, 64),
    help="Settings played at the same time; as many as there are processors.",
)
@replay_options
@click.option("--json", "as_json", is_flag=True, help="The sweep as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each setting as CSV.")
@fail_if("knee.good.blocked>0")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    sets: tuple[str, ...],
    attackers: str | None,
    jobs: int,
    options: ReplayOptions,
    as_json: bool,
    as_csv: bool,
    fail_if: tuple[str, ...],
) -> None:
    """Play captures through CFG with many values of its defines.

    For each setting it tells how many known good users are hit and how many attackers stopped,
    and marks the knee: what stops most for what it harms. A value replaces what the cfg defines.
    """
    from sipproxy.replay.attackers import read_attackers
    from sipproxy.replay.expect import parse_tests
    from sipproxy.replay.run import Captures
    from sipproxy.replay.sweep import Sweeper
    from sipproxy.replay.sweep_values import parse_sets

    with failures_told(ctx):
        tests = parse_tests(fail_if)
        grid = parse_sets(sets)
        listed = read_attackers(attackers) if attackers else None
        manner = options.manner()
        sweeper = Sweeper(
            Captures(captures),
            partial(options.program, cfg),
            options.ours,
            manner,
            options.epoch,
            listed,
        )
        sweep = sweeper.prepare(grid)
        points = sweeper.run(sweep, jobs)
        with click.progressbar(
            points, length=len(grid), label="settings", file=sys.stderr, hidden=not _is_watched()
        ) as shown:
            for _ in shown:
                pass
        _show(sweep, as_json=as_json, as_csv=as_csv)
        if tests:
            from sipproxy.replay.sweep_report import as_json_data

            ctx.exit(exit_code_of(as_json_data(sweep), tests))


def _is_watched() -> bool:
    """Whether somebody sees a bar."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _show(sweep: "Sweep", *, as_json: bool, as_csv: bool) -> None:
    from sipproxy.replay import sweep_report

    if as_json:
        import json

        click.echo(json.dumps(sweep_report.as_json_data(sweep)))
    elif as_csv:
        click.echo(sweep_report.as_csv(sweep), nl=False)
    else:
        click.echo(sweep_report.as_text(sweep))
