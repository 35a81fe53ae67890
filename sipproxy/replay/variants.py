"""A cfg with other values for some of its defines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sipproxy.core.suggest import suggestion
from sipproxy.errors import CfgError, SipproxyError
from sipproxy.program import Program

Load = Callable[[Mapping[str, str]], Program]
"""Reads the cfg with these values in place of its own; raises CfgError."""


class SetError(SipproxyError):
    """A value cannot be set; the text is one sentence."""


class Variant(NamedTuple):
    """A cfg, and the values that replace what it defines."""

    program: Program
    sets: Mapping[str, str]

    def __str__(self) -> str:
        """`guard.cfg MAX=5 BAN=60`."""
        return " ".join([self.program.file, *(f"{k}={v}" for k, v in self.sets.items())])


def variant(load: Load, sets: Mapping[str, str]) -> Variant:
    """The cfg with these values.

    Raises CfgError, and SetError for a name that the cfg does not define, or never uses.
    """
    base = load({})
    check_defined(base, sets)
    for name, value in sets.items():
        check_used(base, name, [one_value(load, name, value)])
    return Variant(load(sets) if sets else base, sets)


def one_value(load: Load, name: str, value: str) -> Program:
    """The cfg with one other value; a CfgError has a note that says which."""
    try:
        return load({name: value})
    except CfgError as error:
        error.add_note(f"with {name}={value}:")
        raise


def check_defined(base: Program, names: Iterable[str]) -> None:
    """Raise SetError for a name that the cfg does not define, nor `-A`."""
    known = [name for name in base.config.defines if not _is_given(name)]
    for name in names:
        if name not in known:
            hint = suggestion(name, known)
            text = f"{base.file} defines no {name}"
            raise SetError(f"{text} ({hint})" if hint else text)


def check_used(base: Program, name: str, others: Sequence[Program]) -> None:
    """Raise SetError when no other value of the define makes a difference to the cfg."""
    value = base.config.defines.get(name)
    changed = [other for other in others if other.config.defines.get(name) != value]
    if changed and all(other.config.items == base.config.items for other in changed):
        raise SetError(
            f"{base.file} defines {name} and does not use it: no value makes a difference "
            "(a #!define does not reach into strings, #!substdef does)"
        )


def _is_given(name: str) -> bool:
    """Whether it is defined before the first line of every cfg, or by loadmodule."""
    return name == "SIPPROXY" or name.startswith(("KAMAILIO_", "MOD_"))
