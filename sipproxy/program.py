"""A cfg that was read: its tree and its core parameters, ready for a proxy to be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sipproxy.script.collect import Settings, collect
from sipproxy.script.defines import COMPAT
from sipproxy.script.parse import NO_DEFINES, NO_OVERRIDES, parse_file, parse_text
from sipproxy.script.tree import Config

__all__ = ["COMPAT", "NO_OVERRIDES", "Program", "load_file", "load_text", "program_of"]


@dataclass(frozen=True, slots=True)
class Program:
    """What a proxy is made of; any number of proxies may be made of one."""

    config: Config
    settings: Settings
    compat: str

    @property
    def file(self) -> str:
        """The cfg's path, or the name given for a text."""
        return self.config.file


def load_file(
    path: str,
    *,
    defines: Mapping[str, str | None] = NO_DEFINES,
    compat: str = "",
    overrides: Mapping[str, str] = NO_OVERRIDES,
) -> Program:
    """Read a cfg; raises CfgError with everything wrong in it.

    `overrides` are defines that stand in place of the cfg's own of the same names.
    """
    config = parse_file(path, defines=defines, compat=compat, overrides=overrides)
    return program_of(config, compat)


def load_text(
    text: str,
    *,
    file: str = "<text>",
    defines: Mapping[str, str | None] = NO_DEFINES,
    compat: str = "",
    overrides: Mapping[str, str] = NO_OVERRIDES,
) -> Program:
    """As :func:`load_file`, for a cfg given as text."""
    config = parse_text(text, file=file, defines=defines, compat=compat, overrides=overrides)
    return program_of(config, compat)


def program_of(config: Config, compat: str = "") -> Program:
    """The program of a cfg that was parsed; `compat` wins over the cfg's own."""
    return Program(config, collect(config), compat or config.compat or "5.6")
