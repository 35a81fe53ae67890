"""`sipproxy completion bash|zsh|fish`."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and file names.

    For bash and zsh: eval "$(sipproxy completion bash)"
    """
    from click.shell_completion import get_completion_class

    from sipproxy.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "sipproxy", "_SIPPROXY_COMPLETE").source())
