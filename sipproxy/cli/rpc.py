"""`sipproxy rpc METHOD ARGS`."""

import click

from sipproxy.cli import FINDINGS, NO_SERVER, OK
from sipproxy.errors import RpcError


@click.command("rpc", context_settings={"ignore_unknown_options": True})
@click.option(
    "-s",
    "address",
    metavar="ADDRESS",
    envvar="SIPPROXY_CTL",
    default="unix:/run/sipproxy/sipproxy_ctl",
    show_default=True,
    help="unix:/path, unixd:/path, tcp:host:port or udp:host:port; else $SIPPROXY_CTL.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait.")
@click.argument("method")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    ctx: click.Context,
    address: str,
    as_json: bool,
    timeout: float,
    method: str,
    arguments: tuple[str, ...],
) -> None:
    """Call METHOD of a running server; exit 1 when it answers with an error, 3 without a server.

    Arguments are sent as kamcmd sends them: numbers as numbers, `s:5` as the text 5.
    """
    from sipproxy.net.rpc_client import NoServer, call
    from sipproxy.rpc.kamcmd import format_answer, format_fault, parse_argument

    try:
        records = call(address, method, [parse_argument(a) for a in arguments], timeout)
    except RpcError as fault:
        click.echo(format_fault(fault), nl=False, err=True)
        ctx.exit(FINDINGS)
    except NoServer as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(NO_SERVER)
    if as_json:
        from sipproxy.rpc.jsontext import dumps

        value = records[0] if len(records) == 1 else list(records)
        click.echo(dumps(value))
    else:
        click.echo(format_answer(records), nl=False)
    ctx.exit(OK)
