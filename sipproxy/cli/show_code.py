"""`sipproxy show-code CFG`."""

import click

from sipproxy.cli import OK
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError


@click.command("show-code")
@click.argument("cfg", type=click.Path())
@define_option
@click.pass_context
def command(ctx: click.Context, cfg: str, defines: tuple[str, ...]) -> None:
    """Print the Python that CFG is compiled to."""
    from sipproxy.clock import Chance, SystemClock
    from sipproxy.core.log import LogList
    from sipproxy.program import load_file
    from sipproxy.proxy import Proxy

    try:
        program = load_file(cfg, defines=parse_defines(defines))
        proxy = Proxy(program, clock=SystemClock(), chance=Chance(), log=LogList(threshold=0))
    except CfgError as error:
        from sipproxy.cli.errors import show_problems

        ctx.exit(show_problems(error))
    click.echo(proxy.compiled.source(), nl=False)
    ctx.exit(OK)
