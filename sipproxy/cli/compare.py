"""`sipproxy compare A.cfg B.cfg CAPTURE...`."""

from functools import partial
from typing import TYPE_CHECKING

import click

from sipproxy.cli.defines import parse_defines
from sipproxy.cli.progress import progress_on_terminal
from sipproxy.cli.replay_options import (
    ReplayOptions,
    captures_argument,
    exit_code_of,
    fail_if,
    failures_told,
    replay_options,
)

if TYPE_CHECKING:
    from sipproxy.replay.compare import Comparison


@click.command("compare")
@click.argument("a", metavar="A.cfg", type=click.Path())
@click.argument("b", metavar="B.cfg", type=click.Path())
@captures_argument
@click.option("--a", "a_sets", metavar="NAME=VALUE", multiple=True, help="A define for A alone.")
@click.option("--b", "b_sets", metavar="NAME=VALUE", multiple=True, help="A define for B alone.")
@replay_options
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON.")
@fail_if("good.newly_blocked>0")
@click.pass_context
def command(
    ctx: click.Context,
    a: str,
    b: str,
    captures: tuple[str, ...],
    a_sets: tuple[str, ...],
    b_sets: tuple[str, ...],
    options: ReplayOptions,
    as_json: bool,
    fail_if: tuple[str, ...],
) -> None:
    """Play captures through two cfgs: whom does B block that A lets pass, and back?

    Known good users come first, then the first request that B treats otherwise, each source, and
    what either cfg costs. The same cfg may be given twice, with --a and --b for what differs:
    they replace what the cfg itself defines.
    """
    from sipproxy.replay.compare import compare
    from sipproxy.replay.expect import parse_tests
    from sipproxy.replay.run import Captures
    from sipproxy.replay.variants import variant

    with failures_told(ctx):
        tests = parse_tests(fail_if)
        variants = [
            variant(partial(options.program, cfg), _sets(given, f"--{name}"))
            for name, cfg, given in (("a", a, a_sets), ("b", b, b_sets))
        ]
        manner, me = options.manner(), options.ours
        with progress_on_terminal() as progress:
            looked_at = Captures(captures, progress)
            found = compare(looked_at, *variants, me=me, manner=manner, epoch=options.epoch)
        _show(found, as_json=as_json)
        if tests:
            from sipproxy.replay.compare_report import as_json_data

            ctx.exit(exit_code_of(as_json_data(found), tests))


def _sets(given: tuple[str, ...], option: str) -> dict[str, str]:
    defines = parse_defines(given)
    for name, value in defines.items():
        if value is None:
            raise ValueError(f"{option} {name} has no value: {option} NAME=VALUE")
    return {name: value or "" for name, value in defines.items()}


def _show(found: "Comparison", *, as_json: bool) -> None:
    from sipproxy.replay import compare_report

    if as_json:
        import json

        click.echo(json.dumps(compare_report.as_json_data(found)))
    else:
        click.echo(compare_report.as_text(found))
