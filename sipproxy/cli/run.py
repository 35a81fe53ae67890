"""`sipproxy run CFG`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError

if TYPE_CHECKING:
    from sipproxy.net.server import Options


@click.command("run")
@click.argument("cfg", type=click.Path())
@define_option
@click.option("-Y", "run_dir", metavar="DIR", default="", help="Directory of relative sockets.")
@click.option("--debug", type=int, default=None, help="Log level instead of the cfg's `debug`.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: one object a line.",
)
@click.option(
    "--compat",
    type=click.Choice(["3.0", "5.6", "6.1"]),
    help="The version of Kamailio to behave as, where a user would notice.",
)
@click.pass_context
def command(
    ctx: click.Context,
    cfg: str,
    defines: tuple[str, ...],
    run_dir: str,
    debug: int | None,
    log_format: str,
    compat: str | None,
) -> None:
    """Serve CFG in the foreground until SIGTERM or SIGINT; the log goes to stderr.

    SIGUSR1 writes the status to the log. SIGHUP reloads nothing and says so.
    """
    from sipproxy.net.server import Options

    options = Options(run_dir=run_dir, debug=debug, log_format=log_format)
    ctx.exit(serve(cfg, defines, options, compat or ""))


def serve(cfg: str, defines: tuple[str, ...], options: "Options", compat: str) -> int:
    """Run the server; the exit code."""
    from sipproxy.cli.errors import show_problems
    from sipproxy.net import daemon
    from sipproxy.net.addresses import StartError
    from sipproxy.net.server import Server
    from sipproxy.program import load_file

    try:
        program = load_file(cfg, defines=parse_defines(defines), compat=compat)
        daemon.serve(lambda: Server(program, options), daemon.Life())
    except CfgError as error:
        return show_problems(error)
    except StartError as error:
        click.echo(f"sipproxy: {error}", err=True)
        return FINDINGS
    return OK
