"""Parameter lists: `a=b;c;d="e f"` of URIs and headers (RFC 3261 section 25.1, generic-param)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from sipproxy import text as wire
from sipproxy.errors import MessageError

LWS = r"[ \t\r\n]*"
QUOTED = r'"(?:[^"\\]|\\.)*"'
_ONE = re.compile(
    rf"{LWS}(?P<name>[^\s;=,\"<>]+){LWS}"
    rf"(?:=(?P<value>{LWS}(?:{QUOTED}|'[^']*'|\[[^\]\s]*\]|[^;,\s\"]*))|){LWS}(?P<end>;|\Z)",
    re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Params:
    """An ordered parameter list; `text` is the list as written, without a leading semicolon.

    `items` holds (name, value) as written; the value of a flag is None, of `a=` it is "".
    """

    text: str = ""
    items: tuple[tuple[str, str | None], ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Params":
        """Read a list without its leading semicolon. Raises MessageError."""
        return _parse(text)

    def get(self, name: str) -> str | None:
        """Value of the first parameter of that name, quotes off; "" for a flag, None if absent."""
        for own, value in self.items:
            if own == name or wire.lower(own) == name:
                return "" if value is None else unquote(value)
        return None

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=4096)
def _parse(text: str) -> Params:
    items = []
    at, more = 0, bool(text.strip(" \t\r\n"))
    while more:
        found = _ONE.match(text, at)
        if found is None:
            raise MessageError(f"bad parameter in {text!r}")
        value = found["value"]
        items.append((found["name"], None if value is None else value.strip(" \t\r\n")))
        at, more = found.end(), found["end"] == ";"
    return Params(text, tuple(items))


def unquote(value: str) -> str:
    """Content of a quoted string, escapes kept as Kamailio keeps them; other text as it is."""
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value
