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
        help="A preprocessor define, set before the first line.",
    )(command)


def parse_defines(given: Iterable[str]) -> dict[str, str | None]:
    """Names with their values, None where there is none."""
    split = (text.partition("=") for text in given)
    return {name: value if equals else None for name, equals, value in split}
