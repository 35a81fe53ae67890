"""What `replay`, `compare`, `sweep` and `explain` have in common: options, and how they fail."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from sipproxy.cli import FINDINGS, OK, USAGE
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.errors import CfgError, SipproxyError

if TYPE_CHECKING:
    from sipproxy.program import Program
    from sipproxy.replay.expect import Test
    from sipproxy.replay.player import Manner

Command = Callable[..., object]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the options said, as texts; the methods read files and raise SipproxyError, CfgError
    and ValueError.
    """

    me: tuple[str, ...]
    defines: tuple[str, ...]
    compat: str | None
    auth: str
    users: str | None
    good: str | None
    blocked: str | None
    epoch: float | None
    stubs: tuple[str, ...]

    def program(self, cfg: str, overrides: Mapping[str, str] | None = None) -> "Program":
        """The cfg, read with the defines; `overrides` replace its own."""
        from sipproxy.program import load_file

        defines = parse_defines(self.defines)
        return load_file(cfg, defines=defines, compat=self.compat or "", overrides=overrides or {})

    def manner(self, **more: Any) -> "Manner":
        """How it is judged; `more` are further fields of the Manner."""
        from sipproxy.replay.judges import Users
        from sipproxy.replay.people import Good
        from sipproxy.replay.player import Manner
        from sipproxy.replay.verdicts import Blocking
        from sipproxy.standins import parse_stubs

        return Manner(
            auth=self.auth,
            users=Users.read(self.users) if self.users else None,
            good=Good.read(self.good) if self.good else Good(),
            blocking=Blocking.parse(self.blocked) if self.blocked else Blocking(),
            stubs=parse_stubs(self.stubs),
            **more,
        )

    @property
    def ours(self) -> list[tuple[str, int]]:
        """The addresses of `--me`."""
        return [address_of(text, "--me") for text in self.me]


_OPTIONS = (
    click.option(
        "--me",
        multiple=True,
        metavar="IP:PORT",
        help="Our address in the capture; repeatable.",
    ),
    define_option,
    click.option(
        "--compat",
        type=click.Choice(["3.0", "5.6", "6.1"]),
        help="The version of Kamailio to behave as, where a user would notice.",
    ),
    click.option(
        "--auth",
        type=click.Choice(["db", "capture", "accept", "reject"]),
        default="db",
        show_default=True,
        help="Who knows the passwords: the cfg's database, the old server's answers, or nobody.",
    ),
    click.option("--users", type=click.Path(), help="A file of users in place of the database."),
    click.option("--good", type=click.Path(), help="A file with users or addresses that are good."),
    click.option("--blocked", metavar="LIST", help="What counts as blocked: 403,500-599,silence."),
    click.option("--epoch", type=float, help="Unix time at which the server starts."),
    click.option(
        "--stub",
        "stubs",
        multiple=True,
        metavar="NAME=CODE",
        help="What a function answers that is not there (-1), or is not to run; repeatable.",
    ),
)

cfg_option = click.option(
    "-f", "cfg", metavar="CFG", type=click.Path(), required=True, help="The cfg to run."
)
captures_argument = click.argument(
    "captures", metavar="CAPTURE...", type=click.Path(), nargs=-1, required=True
)


def fail_if(example: str) -> Callable[[Command], Command]:
    """The option --fail-if, with an example that makes sense for the command's JSON."""
    return click.option(
        "--fail-if", multiple=True, metavar="TEST", help=f"Exit 1 if so: '{example}'."
    )


fail_if_option = fail_if("good.blocked>0")


def replay_options(command: Command) -> Command:
    """Add the options to a command, which gets them as one :class:`ReplayOptions`, `options`."""

    @wraps(command)
    def packed(*args: object, **given: Any) -> object:
        taken = {field.name: given.pop(field.name) for field in fields(ReplayOptions)}
        return command(*args, options=ReplayOptions(**taken), **given)

    wrapped: Command = packed
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


@contextmanager
def failures_told(ctx: click.Context) -> Iterator[None]:
    """Say what went wrong in the block and end with the exit code that it has."""
    try:
        yield
    except CfgError as error:
        from sipproxy.cli.errors import show_problems

        for note in getattr(error, "__notes__", ()):
            click.echo(f"sipproxy: {note}", err=True)
        ctx.exit(show_problems(error))
    except (SipproxyError, ValueError) as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(USAGE)


def exit_code_of(report: Mapping[str, Any], tests: list["Test"]) -> int:
    """The exit code by `--fail-if`; says which came true. Raises ValueError."""
    code = OK
    for test in tests:
        if test.holds(report):
            click.echo(f"sipproxy: {test.text}: it is {test.value(report)}", err=True)
            code = FINDINGS
    return code


def address_of(text: str, option: str) -> tuple[str, int]:
    """`IP`, `IP:PORT` or `[IPv6]:PORT` of an option; raises BadParameter."""
    from ipaddress import ip_address

    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "5060"
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        raise click.BadParameter(f"{host!r} is no IP address", param_hint=option) from None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{port!r} is no port", param_hint=option)
    return address, int(port)
