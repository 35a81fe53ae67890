"""`sipproxy replay CAPTURE... -f CFG`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli.replay_options import (
    ReplayOptions,
    captures_argument,
    cfg_option,
    exit_code_of,
    fail_if_option,
    failures_told,
    replay_options,
)
from sipproxy.clock import SystemClock

if TYPE_CHECKING:
    from sipproxy.replay.run import Replayed
    from sipproxy.replay.verdicts import Decision


@click.command("replay")
@captures_argument
@cfg_option
@replay_options
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--messages", is_flag=True, help="With --json: the decision on each request too.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each source as CSV.")
@fail_if_option
@click.option("--log", "show_log", is_flag=True, help="Also the lines the cfg logs, on stderr.")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    options: ReplayOptions,
    as_json: bool,
    messages: bool,
    as_csv: bool,
    fail_if: tuple[str, ...],
    show_log: bool,
) -> None:
    """Play captures through CFG on a virtual clock and tell what became of each source.

    Nothing is sent, written or asked outside. A request counts as blocked when it is answered
    with 400 or above (a challenge is no block) or not at all.
    """
    from sipproxy.replay.expect import parse_tests
    from sipproxy.replay.run import replay

    decisions: list[Decision] = []
    with failures_told(ctx):
        tests = parse_tests(fail_if)
        told = decisions.append if messages else None
        manner = options.manner(told=told, keeps_log=show_log)
        program = options.program(cfg)
        began = SystemClock().now()
        found = replay(program, captures, me=options.ours, manner=manner, epoch=options.epoch)
        seconds = SystemClock().now() - began
    _show(found, decisions, seconds, as_json=as_json, as_csv=as_csv, show_log=show_log)
    if tests:
        from sipproxy.replay.data import as_data

        with failures_told(ctx):
            ctx.exit(exit_code_of(as_data(found), tests))


def _show(
    found: "Replayed",
    decisions: list["Decision"],
    seconds: float,
    *,
    as_json: bool,
    as_csv: bool,
    show_log: bool,
) -> None:
    from sipproxy.replay import data
    from sipproxy.replay.report import as_text
    from sipproxy.replay.show import show_line

    if show_log:
        for line in found.player.log.lines:
            click.echo(show_line(line), err=True)
    if as_json:
        import json

        report = data.as_data(found)
        report["seconds_run"] = round(seconds, 3)
        if found.player.manner.told is not None:
            decisions.sort(key=lambda decision: (decision.capture, decision.packet))
            report["decisions"] = [data.as_decision(decision) for decision in decisions]
        click.echo(json.dumps(report))
    elif as_csv:
        click.echo(data.as_csv(found), nl=False)
    else:
        click.echo(as_text(found))
