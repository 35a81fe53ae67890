"""The command line: subcommands of our own, and Kamailio's flags without a subcommand.

Whatever takes long to import is imported by the command that needs it.
"""

import sys

import click

OK, FINDINGS, USAGE, NO_SERVER, BROKEN = range(5)
"""Exit codes of subcommands; Kamailio's flags exit with 0 or 255 as Kamailio does."""

_COMMANDS = {
    "run": "Serve a cfg until SIGTERM or SIGINT.",
    "check": "Report everything wrong in a cfg.",
    "rpc": "Call a command of a running server, as kamcmd does.",
    "replay": "Play captures through a cfg on a virtual clock.",
    "show-code": "Print the Python a cfg is compiled to.",
}


class Commands(click.Group):
    """The subcommands; each lives in a module of its own, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"sipproxy.cli.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-v", "-V", "--version", package_name="sipproxy", message="%(version)s")
def cli() -> None:
    """A SIP proxy that runs Kamailio configurations.

    Without a command it takes Kamailio's own flags: sipproxy -f FILE.cfg -DD -E
    """


def main() -> None:
    """Run the command in sys.argv and exit."""
    words = sys.argv[1:]
    kamailio_style = bool(words) and words[0].startswith("-") and words[0] not in _OURS
    try:
        if kamailio_style:
            from sipproxy.cli.kamailio import run_kamailio_style

            sys.exit(run_kamailio_style(words))
        cli(prog_name="sipproxy")
    except Exception:  # a fault of ours: told in full, and by the exit code
        import traceback

        traceback.print_exc()
        sys.exit(255 if kamailio_style else BROKEN)


_OURS = frozenset(("-h", "--help", "-v", "-V", "--version"))
