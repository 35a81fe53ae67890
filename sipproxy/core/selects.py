"""Selects, `@from.uri.user`: how they are written, and what a module offers (core/select.c).

A module offers a root by `@select_root("tm")` on a method that gets the :class:`Path` behind the
root and gives what reads the value.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sipproxy.core.context import Context
from sipproxy.core.suggest import suggestion
from sipproxy.text import lower

Part: TypeAlias = int | str
Read: TypeAlias = Callable[[Context], Any]
"""Reads a value: what is not None is shown as text. MessageError is as None."""
Maker: TypeAlias = "Callable[[Path], Read]"

_STEP = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"(?:\[(?:\\?\"(?P<text>[^\"]*?)\\?\"|(?P<number>-?[0-9]+))\])?(?:(?P<dot>\.)|\Z)",
    re.ASCII,
)


class Path:
    """The parts of a select, of which some were taken.

    `a["x"].b[2]` is `a`, `x`, `b`, 2: a text in brackets is a name like any other.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)
        self._at = 0

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Read a select without its `@`; raises ValueError."""
        parts: list[Part] = []
        at, dot = 0, "."
        while dot:
            step = _STEP.match(text, at)
            if step is None:
                raise ValueError('it is not of the form name.name[index] or name["text"].name')
            parts.append(step["name"])
            if step["number"] is not None:
                parts.append(int(step["number"]))
            elif step["text"] is not None:
                parts.append(step["text"])
            at, dot = step.end(), step["dot"]
        return cls(parts)

    def __bool__(self) -> bool:
        return self._at < len(self._parts)

    def peek(self) -> Part | None:
        """The next part, None at the end."""
        return self._parts[self._at] if self else None

    def name(self, what: str = "a name") -> str:
        """Take the next part, a name; raises ValueError where there is none."""
        found = self.peek()
        if not isinstance(found, str):
            raise ValueError(f"{what} is missing behind {self}")
        self._at += 1
        return found

    def number(self) -> int | None:
        """Take the next part if it is a number."""
        found = self.peek()
        if not isinstance(found, int):
            return None
        self._at += 1
        return found

    def choose(self, known: Mapping[str, Maker]) -> Read:
        """Take a name, of any case, and let what it stands for go on; raises ValueError."""
        before = str(self)
        found = self.peek()
        if not isinstance(found, str):
            raise ValueError(f"{before} goes on with one of {', '.join(known)}")
        make = known.get(lower(found))
        if make is None:
            hint = suggestion(lower(found), known) or f"known are {', '.join(known)}"
            raise ValueError(f"{before} has no {found}: {hint}")
        self._at += 1
        return make(self)

    def end(self) -> None:
        """Raise ValueError where something is left."""
        if self:
            raise ValueError(f"{self} has nothing below it, but {self.peek()} is written")

    def __str__(self) -> str:
        """What was taken, as it could be written."""
        text = ""
        for part in self._parts[: self._at]:
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
        return text.removeprefix(".")


def plain(read: Read) -> Maker:
    """A part that has none of its own."""

    def make(path: Path) -> Read:
        path.end()
        return read

    return make
