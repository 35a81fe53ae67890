"""Writes packaging/sipproxy.1 from what `--help` shows, or says whether it is up to date.

python tools/man_page.py [--check]
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from sipproxy import __version__
from sipproxy.cli import COMMANDS, EXITS, FLAGS, SIGNALS, cli

PAGE = Path(__file__).resolve().parent.parent / "packaging" / "sipproxy.1"

ENVIRONMENT = {
    "SIPPROXY_CFG": "The cfg, where -f names none.",
    "SIPPROXY_CTL": "The control socket that sipproxy rpc speaks to.",
    "SIPPROXY_DB, DBURL": "The database of sipproxy user and sipproxy db.",
    "NOTIFY_SOCKET": "Where systemd wants to be told that the service is ready.",
}

FILES = {
    "/etc/sipproxy/sipproxy.cfg": "The cfg, where neither -f nor SIPPROXY_CFG names one and there "
    "is no ./sipproxy.cfg.",
    "/etc/default/sipproxy": "CFGFILE and OPTIONS of the systemd unit.",
    "/run/sipproxy": "Where control sockets with relative names stand.",
}


def page() -> str:
    """The whole page."""
    parts = [
        f'.TH SIPPROXY 1 "" "sipproxy {escaped(__version__)}" "User Commands"',
        ".SH NAME",
        r"sipproxy \- a SIP proxy that runs Kamailio configurations",
        ".SH SYNOPSIS",
        *synopsis(),
        ".SH DESCRIPTION",
        *paragraphs(cli.help or ""),
        ".SH COMMANDS",
    ]
    top = click.Context(cli, info_name="sipproxy")
    for name in COMMANDS:
        command = cli.get_command(top, name)
        assert command is not None
        parts += command_part(click.Context(command, info_name=name, parent=top))
    for title, rows in (
        ("KAMAILIO'S FLAGS", FLAGS),
        ("SIGNALS", SIGNALS),
        ("EXIT STATUS", EXITS),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
    ):
        parts += [f'.SH "{title}"', *items(rows)]
    parts += [".SH SEE ALSO", ".BR kamailio (8),", ".BR kamcmd (8)"]
    return "\n".join(parts) + "\n"


def synopsis() -> Iterator[str]:
    """The two ways to call it."""
    yield r".B sipproxy"
    yield r"\fICOMMAND\fR [\fIARGS\fR]..."
    yield ".br"
    yield r".B sipproxy"
    yield r"[\fB\-f\fR \fIFILE\fR] [\fIKAMAILIO'S FLAGS\fR]..."


def command_part(ctx: click.Context) -> Iterator[str]:
    """A command, its options, and the commands below it."""
    command = ctx.command
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield f".SS {escaped(ctx.command_path)} {escaped(usage)}".rstrip()
    yield from paragraphs(command.help or "")
    options = [p for p in command.params if isinstance(p, click.Option)]
    yield from items(dict(filter(None, (option.get_help_record(ctx) for option in options))))
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from command_part(click.Context(below, info_name=name, parent=ctx))


def items(rows: Mapping[str, str]) -> Iterator[str]:
    """Words in bold, each with its text."""
    for words, text in rows.items():
        yield ".TP"
        yield f"\\fB{escaped(words)}\\fR"
        yield escaped(text.replace("`", ""))


def paragraphs(text: str) -> Iterable[str]:
    """The paragraphs of a docstring."""
    for part in re.split(r"\n\s*\n", text.strip()):
        yield ".PP"
        yield escaped(" ".join(part.split()).replace("`", ""))


def escaped(text: str) -> str:
    """A text as troff takes it: its dashes are to be typed, a dot in front is a command."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq")
    return rf"\&{text}" if text.startswith(".") else text


def main(words: Sequence[str]) -> int:
    """Write the page, or tell whether it is up to date."""
    made = page()
    if "--check" not in words:
        PAGE.write_text(made, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == made:
        return 0
    print("packaging/sipproxy.1 is out of date: make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
