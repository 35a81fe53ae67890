"""The command line: subcommands of our own, and Kamailio's flags without a subcommand.

Whatever takes long to import is imported by the command that needs it.
"""

import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OK, FINDINGS, USAGE, NO_SERVER, BROKEN = range(5)
"""Exit codes of subcommands; Kamailio's flags exit with 0 or 255 as Kamailio does."""

COMMANDS = {
    "run": "Serve a cfg until SIGTERM or SIGINT.",
    "check": "Report everything wrong in a cfg.",
    "rpc": "Call a command of a running server, as kamcmd does.",
    "table": "Show, change, export, import and watch the htables of a running server.",
    "replay": "Play captures through a cfg on a virtual clock.",
    "compare": "Play captures through two cfgs: whom does the second block?",
    "sweep": "Play captures with many values of a cfg's defines, and find the knee.",
    "explain": "Tell why a cfg treats a captured message as it does.",
    "gen": "Write a capture of made-up traffic, and the truth about it.",
    "anonymize": "Write a capture without the people in it.",
    "db": "Make, check or show Kamailio's tables in a database.",
    "user": "Add, change, remove and show users in a database.",
    "show-code": "Print the Python a cfg is compiled to.",
    "completion": "Print what makes a shell complete commands, options and files.",
}

FLAGS = {
    "-f FILE": "The cfg; else $SIPPROXY_CFG, ./sipproxy.cfg, /etc/sipproxy/sipproxy.cfg.",
    "-c": "Check it and exit.",
    "-A NAME[=VALUE]": "A preprocessor define, set before the first line.",
    "-l ADDRESS": "Listen there too: [proto:]host[:port][/advertised].",
    "--alias ADDRESS": "A further name of ours: [proto:]host[:port].",
    "-D, -DD": "Stay in the foreground; without it (or with -DDD) go into the background.",
    "-E": "Log to stderr.",
    "-e": "With colours.",
    "-d, --debug N": "Log level.",
    "-P FILE": "Write the process number there.",
    "-u USER, -g GROUP": "Run as these.",
    "-w DIR, -Y DIR": "Working directory; directory of relative sockets.",
    "--loadmodule NAME": "Load a module before those of the cfg.",
    "--modparam M:P:T:V": "Set parameter P of module M; T is s or i.",
    "-a, -K, -n, -T, --server-id": "auto_aliases, check_via, children, disable_tcp, server_id.",
    "--compat VERSION": "3.0, 5.6 or 6.1; not a flag of Kamailio's.",
    "--log-format FORM": "text or json; not a flag of Kamailio's.",
    "--wait-db[=SECONDS]": "Wait for databases at the start; not a flag of Kamailio's.",
}

SIGNALS = {
    "TERM, INT": "Stop, after what has already arrived.",
    "USR1": "Write status and counters to the log.",
    "HUP": "Read the cfg again and serve by it, if nothing is wrong in it.",
}

EXITS = {
    "0": "All is well.",
    "1": "Findings: a cfg error, a start that failed, an error answered by RPC.",
    "2": "Wrong usage, or input that cannot be read.",
    "3": "There is no server.",
    "4": "A fault of sipproxy itself.",
    "0, 255": "With Kamailio's flags: well or not, as Kamailio does.",
}

SECTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Commands": COMMANDS,
        "Kamailio's flags, without a command": FLAGS,
        "Signals of a server": SIGNALS,
        "Exit codes": EXITS,
    }
)
"""What the help and the man page list."""


class Commands(click.Group):
    """The subcommands; each lives in a module of its own, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"sipproxy.cli.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say what was probably meant."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            from sipproxy.core.suggest import suggestion

            hint = suggestion(args[0], COMMANDS)
            ctx.fail(f"No such command {args[0]!r}." + (f" ({hint})" if hint else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, rows in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands, or flags behind a dash; nothing is imported for it."""
        from click.shell_completion import CompletionItem

        rows = dict(COMMANDS)
        if incomplete.startswith("-"):
            words = {names: re.findall(r"--?[a-zA-Z-]+", names) for names in FLAGS}
            rows = {word: FLAGS[names] for names, found in words.items() for word in found}
            rows |= {"--help": "Show this and exit.", "--version": "Show the version and exit."}
        return [
            CompletionItem(word, help=text)
            for word, text in rows.items()
            if word.startswith(incomplete)
        ]


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
