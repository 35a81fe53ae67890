"""`sipproxy explain CAPTURE... -f CFG`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli.defines import parse_defines
from sipproxy.cli.progress import progress_on_terminal
from sipproxy.cli.replay_options import (
    ReplayOptions,
    captures_argument,
    cfg_option,
    failures_told,
    replay_options,
)

if TYPE_CHECKING:
    from sipproxy.replay.explain import Explained, Wanted
    from sipproxy.replay.run import Captures


@click.command("explain")
@captures_argument
@cfg_option
@click.option("--call-id", metavar="ID", help="The requests of this call.")
@click.option("--source", metavar="IP", help="The requests of this address.")
@click.option(
    "--packet",
    "packets",
    metavar="[CAPTURE:]N",
    multiple=True,
    help="The request in this frame, as tshark numbers them; repeatable.",
)
@replay_options
@click.option("--json", "as_json", is_flag=True, help="The explanation as JSON.")
@click.option("--save-test", metavar="FILE", type=click.Path(), help="Write it as a pytest test.")
@click.option("--force", is_flag=True, help="With --save-test: replace a file that is there.")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    call_id: str | None,
    source: str | None,
    packets: tuple[str, ...],
    options: ReplayOptions,
    as_json: bool,
    save_test: str | None,
    force: bool,
) -> None:
    """Tell why CFG treats a message as it does.

    The captures are played as by replay, so that the state is right. For what is wanted it tells
    the lines of the cfg that ran, the values they saw, what changed in tables, what was sent, and
    which earlier messages had written the records that were read.

    --save-test writes a test of the first blocked request among them, else of the last: it holds
    the fewest messages that lead to the same verdict.
    """
    from sipproxy.replay.explain import explain
    from sipproxy.replay.run import Captures

    if force and save_test is None:
        raise click.UsageError("--force goes with --save-test")
    with failures_told(ctx):
        wanted = _wanted(call_id, source, packets, len(captures))
        program, manner, me = options.program(cfg), options.manner(), options.ours
        with progress_on_terminal() as progress:
            looked_at = Captures(captures, progress)
            found = explain(looked_at, program, wanted, me=me, manner=manner, epoch=options.epoch)
        _show(found, as_json=as_json)
        if save_test is not None:
            _save(found, looked_at, save_test, options, force=force)


def _save(
    found: "Explained", captures: "Captures", path: str, options: ReplayOptions, *, force: bool
) -> None:
    """Write the test; raises SaveError."""
    from sipproxy.testing.savetest import find_case
    from sipproxy.testing.savetest_page import check_free, save_test

    check_free(path, force=force)
    case = find_case(found, captures)
    names = [capture.path for capture in captures.captures]
    defines = parse_defines(options.defines)
    save_test(path, case, defines=defines, compat=options.compat or "", captures=names)
    count = len(case.messages)
    said = f"{path}: {case.verdict}, by {count} message{'s' if count > 1 else ''} (pytest {path})"
    click.echo(f"sipproxy: {said}", err=True)


def _wanted(
    call_id: str | None, source: str | None, packets: tuple[str, ...], captures: int
) -> "Wanted":
    """What is to be explained; raises ValueError unless it is one thing."""
    from ipaddress import ip_address

    from sipproxy.replay.explain import Wanted
    from sipproxy.text import encode

    if bool(call_id) + bool(source) + bool(packets) != 1:
        raise ValueError("say what to explain: --call-id ID, --source IP or --packet N")
    if call_id:
        return Wanted(call_id=encode(call_id))
    if source:
        return Wanted(source=str(ip_address(source)))
    return Wanted(packets=frozenset(_packet(text, captures) for text in packets))


def _packet(text: str, captures: int) -> tuple[int, int]:
    capture, colon, number = text.rpartition(":")
    if number.isascii() and number.isdigit():
        if not colon:
            return -1, int(number)
        if capture.isascii() and capture.isdigit() and 0 < int(capture) <= captures:
            return int(capture) - 1, int(number)
    raise ValueError(f"{text!r} is no packet: a number, or CAPTURE:NUMBER, both from 1")


def _show(found: "Explained", *, as_json: bool) -> None:
    from sipproxy.replay import explain_report

    if as_json:
        import json

        click.echo(json.dumps(explain_report.as_json_data(found)))
    else:
        click.echo(explain_report.as_text(found))
