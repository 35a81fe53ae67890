"""`sipproxy explain CAPTURE... -f CFG`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli.replay_options import (
    ReplayOptions,
    captures_argument,
    cfg_option,
    failures_told,
    replay_options,
)

if TYPE_CHECKING:
    from sipproxy.replay.explain import Explained, Wanted


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
) -> None:
    """Tell why CFG treats a message as it does.

    The captures are played as by replay, so that the state is right. For what is wanted it tells
    the lines of the cfg that ran, the values they saw, what changed in tables, what was sent, and
    which earlier messages had written the records that were read.
    """
    from sipproxy.replay.explain import explain
    from sipproxy.replay.run import Captures

    with failures_told(ctx):
        wanted = _wanted(call_id, source, packets, len(captures))
        found = explain(
            Captures(captures),
            options.program(cfg),
            wanted,
            me=options.ours,
            manner=options.manner(),
            epoch=options.epoch,
        )
        _show(found, as_json=as_json)


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
