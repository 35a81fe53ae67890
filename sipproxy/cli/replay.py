"""`sipproxy replay CAPTURE... -f CFG`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli import OK, USAGE
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError

if TYPE_CHECKING:
    from sipproxy.program import Program


@click.command("replay")
@click.argument("captures", metavar="CAPTURE...", type=click.Path(), nargs=-1, required=True)
@click.option("-f", "cfg", metavar="CFG", type=click.Path(), required=True, help="The cfg to run.")
@click.option(
    "--me", "me", metavar="IP:PORT", multiple=True, help="Our address in the capture; repeatable."
)
@define_option
@click.option(
    "--compat",
    type=click.Choice(["3.0", "5.6", "6.1"]),
    help="The version of Kamailio to behave as, where a user would notice.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--log", "show_log", is_flag=True, help="Also the lines the cfg logs, on stderr.")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    me: tuple[str, ...],
    defines: tuple[str, ...],
    compat: str | None,
    as_json: bool,
    show_log: bool,
) -> None:
    """Play captures through CFG on a virtual clock and tell what became of each source.

    Nothing is sent, written or asked outside. A request counts as blocked when it is answered
    with 400 or above (a challenge is no block) or not at all.
    """
    from sipproxy.program import load_file
    from sipproxy.replay.records import CaptureError

    try:
        program = load_file(cfg, defines=parse_defines(defines), compat=compat or "")
        for capture in captures:
            _replay(program, capture, me, as_json, show_log)
    except CfgError as error:
        from sipproxy.cli.errors import show_problems

        ctx.exit(show_problems(error))
    except CaptureError as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(USAGE)
    ctx.exit(OK)


def _replay(
    program: "Program", path: str, given: tuple[str, ...], as_json: bool, show_log: bool
) -> None:
    from sipproxy.replay.capture import Capture
    from sipproxy.replay.player import Player, guess_me
    from sipproxy.replay.report import as_data, as_text, show_line

    capture = Capture(path)
    found = "as told"
    me = [_address(text) for text in given]
    if not me:
        me, found = guess_me(capture, program)
    first = next(iter(capture), None)
    player = Player(program, me, first.time if first else 0.0)
    player.play(capture)
    if show_log:
        for line in player.log.lines:
            click.echo(show_line(line), err=True)
    if as_json:
        import json

        click.echo(json.dumps(as_data(player, capture, me, found)))
    else:
        click.echo(as_text(player, capture, me, found))


def _address(text: str) -> tuple[str, int]:
    from ipaddress import ip_address

    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "5060"
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        raise click.BadParameter(f"{host!r} is no IP address", param_hint="--me") from None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{port!r} is no port", param_hint="--me")
    return address, int(port)
