"""`table=>text` inside the parentheses of a variable or in a function's argument."""

import re
from typing import Any

from sipproxy.core.access import Format
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSyntaxError, split_text

_WS = r"[ \t\r\n]*"
_KEYED = re.compile(rf"{_WS}([^= \t\r\n]*){_WS}=>(.*)", re.DOTALL)


class Keyed(Parsed):
    """A table's name and a text that may hold pseudo-variables; blanks after `=>` belong to it."""

    __slots__ = ("format", "table", "text")

    format: Format

    def __init__(self, table: str, text: str) -> None:
        self.table = table
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "Keyed":
        """Take `table=>text` apart; raises ValueError."""
        found = _KEYED.fullmatch(text)
        if found is None:
            raise ValueError(f'"{text}" should be table=>key')
        try:
            split_text(found[2])
        except PvSyntaxError as error:
            raise ValueError(f"{error.message} in {text!r}") from None
        return cls(found[1], found[2])

    def bind(self, host: Any) -> None:
        """Look the pseudo-variables up; raises ResolveError."""
        self.format = host.format(self.text)

    @property
    def argument(self) -> Format | str:
        """The text as an argument of a PvAccess: a constant where it is one."""
        constant = self.format.constant
        return self.format if constant is None else constant
