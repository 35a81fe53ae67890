"""`sipproxy run CFG`."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.cli.waiting import with_wait_db
from sipproxy.errors import CfgError

if TYPE_CHECKING:
    from sipproxy.net.options import Options
    from sipproxy.program import Program


class RunCommand(click.Command):
    """It has an option whose value may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_wait_db(args))


@click.command("run", cls=RunCommand)
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
@click.option(
    "--wait-db",
    metavar="[=SECONDS]",
    type=click.FloatRange(0),
    default=0.0,
    help="Wait for databases that are not there at the start, up to a minute or so many seconds.",
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
    wait_db: float,
) -> None:
    """Serve CFG in the foreground until SIGTERM or SIGINT; the log goes to stderr.

    SIGUSR1 writes the status to the log. SIGHUP reads CFG again and serves by it, unless
    something is wrong in it: calls and tables go on.
    """
    from sipproxy.net.options import Options
    from sipproxy.program import Program, load_file

    given, path = parse_defines(defines), os.path.abspath(cfg)

    def reread() -> Program:
        return load_file(path, defines=given, compat=compat or "")

    options = Options(
        run_dir=run_dir, debug=debug, log_format=log_format, wait_db=wait_db, reread=reread
    )
    ctx.exit(serve(lambda: load_file(cfg, defines=given, compat=compat or ""), options))


def serve(load: Callable[[], "Program"], options: "Options") -> int:
    """Run the server; the exit code."""
    from sipproxy.cli.errors import show_problems
    from sipproxy.net import daemon
    from sipproxy.net.addresses import StartError
    from sipproxy.net.server import Server

    try:
        program = load()
        daemon.serve(lambda: Server(program, options), daemon.Life())
    except CfgError as error:
        return show_problems(error)
    except StartError as error:
        click.echo(f"sipproxy: {error}", err=True)
        return FINDINGS
    return OK
