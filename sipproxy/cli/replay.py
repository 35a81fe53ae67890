"""`sipproxy replay CAPTURE... -f CFG`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from sipproxy.cli.progress import progress_on_terminal
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
    from sipproxy.replay.blocked import BlockedFrames
    from sipproxy.replay.gather import Gathered
    from sipproxy.replay.run import Replayed
    from sipproxy.replay.verdicts import Decision


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to come out of a replay."""

    as_json: bool
    messages: bool
    as_csv: bool
    show_log: bool
    report: str | None
    blocked_to: str | None

    def check(self, captures: Sequence[str]) -> None:
        """Raise ValueError for files that cannot be made, before much time is spent."""
        for path in filter(None, (self.report, self.blocked_to)):
            folder = os.path.dirname(path) or "."
            if not os.path.isdir(folder):
                raise ValueError(f"cannot write {path}: there is no folder {folder}")
            if any(os.path.exists(one) and _is_same(one, path) for one in captures):
                raise ValueError(f"{path} is one of the captures")


@dataclass(slots=True)
class Noted:
    """What is noted of each decision while captures are played."""

    decisions: "list[Decision]" = field(default_factory=list)
    frames: "BlockedFrames | None" = None
    gathered: "Gathered | None" = None

    @classmethod
    def of(cls, wanted: Wanted) -> "Noted":
        """No more than is wanted."""
        noted = cls()
        if wanted.blocked_to:
            from sipproxy.replay.blocked import BlockedFrames

            noted.frames = BlockedFrames()
        if wanted.report:
            from sipproxy.replay.gather import Gathered

            noted.gathered = Gathered()
        return noted


@click.command("replay")
@captures_argument
@cfg_option
@replay_options
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--messages", is_flag=True, help="With --json: the decision on each request too.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each source as CSV.")
@click.option("--report", type=click.Path(dir_okay=False), help="Also a report as one HTML file.")
@click.option(
    "-w",
    "blocked_to",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the packets of blocked requests there, as they were captured (pcapng).",
)
@fail_if_option
@click.option("--log", "show_log", is_flag=True, help="Also the lines the cfg logs, on stderr.")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    options: ReplayOptions,
    fail_if: tuple[str, ...],
    as_json: bool,
    messages: bool,
    as_csv: bool,
    report: str | None,
    blocked_to: str | None,
    show_log: bool,
) -> None:
    """Play captures through CFG on a virtual clock and tell what became of each source.

    Nothing is sent, written or asked outside. A request counts as blocked when it is answered
    with 400 or above (a challenge is no block) or not at all.
    """
    from sipproxy.replay.expect import parse_tests
    from sipproxy.replay.run import replay

    wanted = Wanted(as_json, messages, as_csv, show_log, report, blocked_to)
    with failures_told(ctx):
        tests = parse_tests(fail_if)
        wanted.check(captures)
        noted = Noted.of(wanted)
        manner = options.manner(
            told=noted.decisions.append if messages else None,
            watchers=[one for one in (noted.gathered, noted.frames) if one is not None],
            keeps_log=show_log,
        )
        program = options.program(cfg)
        began = SystemClock().now()
        with progress_on_terminal() as progress:
            found = replay(
                program,
                captures,
                me=options.ours,
                manner=manner,
                epoch=options.epoch,
                progress=progress,
            )
        seconds = SystemClock().now() - began
        _write_files(found, wanted, noted, seconds)
    _show(found, wanted, noted.decisions, seconds)
    if tests:
        from sipproxy.replay.data import as_data

        with failures_told(ctx):
            ctx.exit(exit_code_of(as_data(found), tests))


def _write_files(found: "Replayed", wanted: Wanted, noted: Noted, seconds: float) -> None:
    """The HTML report and the blocked packets; says on stderr where they are."""
    if wanted.report and noted.gathered is not None:
        from sipproxy.replay.html import write

        size = write(wanted.report, found, noted.gathered, seconds)
        click.echo(f"sipproxy: {wanted.report}: the report, {size / 1000:.0f} KB", err=True)
    if wanted.blocked_to and noted.frames is not None:
        count = noted.frames.write(wanted.blocked_to, found.captures)
        click.echo(f"sipproxy: {wanted.blocked_to}: {count} packets of blocked requests", err=True)


def _show(found: "Replayed", wanted: Wanted, decisions: "list[Decision]", seconds: float) -> None:
    from sipproxy.replay import data
    from sipproxy.replay.report import as_text
    from sipproxy.replay.show import show_line

    if wanted.show_log:
        for line in found.player.log.lines:
            click.echo(show_line(line), err=True)
    if wanted.as_json:
        import json

        report = data.as_data(found)
        report["seconds_run"] = round(seconds, 3)
        if wanted.messages:
            decisions.sort(key=lambda decision: (decision.capture, decision.packet))
            report["decisions"] = [data.as_decision(decision) for decision in decisions]
        click.echo(json.dumps(report))
    elif wanted.as_csv:
        click.echo(data.as_csv(found), nl=False)
    else:
        click.echo(as_text(found))


def _is_same(one: str, other: str) -> bool:
    """Whether two paths are one file."""
    return os.path.exists(other) and os.path.samefile(one, other)
