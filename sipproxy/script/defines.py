"""The preprocessor's memory: defines, nested conditions."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sipproxy.errors import Span

MAX_DEFINES = 512
MAX_IFDEFS = 512

KAMAILIO_VERSION = (5, 6, 3)

COMPAT = ("3.0", "5.6", "6.1")
"""Versions of Kamailio that `--compat` and `#!sipproxy compat=` may name."""


class DirectiveError(Exception):
    """A directive cannot be obeyed; the scanner adds the place."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Defines:
    """The defines in force: name -> text, and where each was defined.

    What `overrides` name has that text from the first line to the last, whatever the cfg says.
    """

    def __init__(
        self,
        given: Mapping[str, str | None],
        version: tuple[int, int, int],
        overrides: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.overrides = overrides
        self.values: dict[str, str] = {}
        self.places: dict[str, Span] = {}
        major, minor, patch = version
        for name in (f"KAMAILIO_{major}", f"KAMAILIO_{major}_{minor}"):
            self.values[name] = ""
        self.values[f"KAMAILIO_{major}_{minor}_{patch}"] = ""
        self.values["SIPPROXY"] = ""
        self.values.update((name, value or "") for name, value in given.items())
        self.values.update(overrides)

    def define(self, name: str, value: str, place: Span) -> None:
        """`#!define`: a second definition is an error."""
        if name in self.values and name not in self.overrides:
            first = self.places.get(name)
            raise DirectiveError(
                f"{name} is defined already" + (f", at {first}" if first else ""),
                "use #!redefine to replace it, #!trydef to keep the first",
            )
        self.redefine(name, value, place)

    def redefine(self, name: str, value: str, place: Span) -> None:
        """`#!redef`: set whether defined or not."""
        if len(self.values) >= MAX_DEFINES and name not in self.values:
            raise DirectiveError(f"more than {MAX_DEFINES} defines")
        if name in self.overrides:
            return
        self.values[name] = value
        self.places[name] = place

    def module_loaded(self, name: str, place: Span) -> None:
        """Define MOD_name once the module's loadmodule has been read."""
        if f"MOD_{name}" not in self.values:
            self.redefine(f"MOD_{name}", "", place)


class Conditions:
    """The stack of `#!ifdef`s.

    A false one anywhere in it switches the text off; every level is flipped by its own `#!else`.
    """

    def __init__(self) -> None:
        self._stack: list[tuple[bool, Span]] = []
        self.extra: list[Span] = []

    @property
    def active(self) -> bool:
        """Whether the text here counts."""
        return all(state for state, _ in self._stack)

    def open(self, state: bool, place: Span) -> None:
        """Enter an `#!ifdef` with its outcome."""
        if len(self._stack) >= MAX_IFDEFS:
            raise DirectiveError(f"more than {MAX_IFDEFS} nested #!ifdef")
        self._stack.append((state, place))

    def flip(self) -> bool:
        """`#!else`; False when no `#!ifdef` is open."""
        if not self._stack:
            return False
        state, place = self._stack[-1]
        self._stack[-1] = (not state, place)
        return True

    def close(self, place: Span) -> None:
        """`#!endif`."""
        if self._stack:
            self._stack.pop()
        else:
            self.extra.append(place)

    def unclosed(self) -> Iterator[Span]:
        """The places of the `#!ifdef`s still open, outermost first."""
        return (place for _, place in self._stack)
