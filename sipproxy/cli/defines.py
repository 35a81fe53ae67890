"""`-A NAME` and `-A NAME=VALUE`, as Kamailio takes them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


def define_option(command: Command) -> Command:
    """Add the option -A to a command, as parameter `defines`."""
    return click.option(
        "-A",
        "defines",
        multiple=True,
        metavar="NAME[=VALUE]",
        callback=_with_names,
        help="A preprocessor define, set before the first line.",
    )(command)


def _with_names(
    ctx: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        parse_defines(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return given


def parse_defines(given: Iterable[str]) -> dict[str, str | None]:
    """Names with their values, None where there is none; raises ValueError without a name."""
    defines: dict[str, str | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name:
            raise ValueError(f"{text!r} has no name: -A NAME or -A NAME=VALUE")
        defines[name] = value if equals else None
    return defines
