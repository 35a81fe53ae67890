"""`{param.*}`, `{line.*}` and `{url.*}`: items of lists, lines of texts, parts of web addresses."""

from dataclasses import dataclass
from typing import Self

from sipproxy.core.module import Module
from sipproxy.core.params import Parsed
from sipproxy.core.values import Value
from sipproxy.modules.pv import paramlist
from sipproxy.modules.pv.transforms.base import Delimiter, of_content


@dataclass(frozen=True, slots=True)
class Mark(Parsed):
    """The one character between parameters: the last argument of `{param.value,name,c}`."""

    char: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it; blanks around it do not count."""
        if len(text.strip(" \t\r\n")) != 1:
            raise ValueError(f"{text!r} is not one character")
        return cls(text.strip(" \t\r\n"))


_SEMICOLON = Mark(";")
_ANY = Delimiter(";")


class ListTransforms(Module):
    """Items of lists."""

    @of_content("param.value")
    def param_value(self, text: str, name: str, separator: Mark = _SEMICOLON) -> Value:
        """Value of a parameter, empty for a flag and for none."""
        items = paramlist.parse_list(text, separator.char)
        return None if items is None else paramlist.last(items, name) or ""

    @of_content("param.in")
    def param_in(self, text: str, name: str, separator: Mark = _SEMICOLON) -> Value:
        """1 when there is a parameter of that name, else 0."""
        items = paramlist.parse_list(text, separator.char)
        return None if items is None else int(paramlist.last(items, name) is not None)

    @of_content("param.valueat")
    def param_valueat(self, text: str, index: int, separator: Mark = _SEMICOLON) -> Value:
        """Value of the parameter at `index`, from the end if negative; empty beyond them."""
        items = paramlist.parse_list(text, separator.char)
        if items is None:
            return None
        return items[index][1] if -len(items) <= index < len(items) else ""

    @of_content("param.name")
    def param_name(self, text: str, index: int, separator: Mark = _SEMICOLON) -> Value:
        """Name of the parameter at `index`, from the end if negative; empty beyond them."""
        items = paramlist.parse_list(text, separator.char)
        if items is None:
            return None
        return items[index][0] if -len(items) <= index < len(items) else ""

    @of_content("param.count")
    def param_count(self, text: str, separator: Delimiter = _ANY) -> Value:
        """How many parameters there are."""
        items = paramlist.parse_list(text, separator[:1])
        return None if items is None else len(items)

    @of_content("line.count")
    def line_count(self, text: str) -> Value:
        """How many lines a text has."""
        return text.count("\n") + (not text.endswith("\n"))

    @of_content("line.at")
    def line_at(self, text: str, index: int) -> Value:
        """The line at `index`, from the end if negative; empty beyond them."""
        if index < 0:
            return _line_from_end(text, -index).removesuffix("\r")
        lines = text.split("\n")
        return lines[index].removesuffix("\r") if index < len(lines) else ""

    @of_content("line.sw")
    def line_sw(self, text: str, start: str) -> Value:
        """The first line that starts with a text, empty without one."""
        at = 0 if text.startswith(start) else text.find("\n" + start) + 1
        if at == 0 and not text.startswith(start):
            return ""
        end = text.find("\n", at + len(start))
        return (text[at:end] if end >= 0 else text[at:]).removesuffix("\r")

    @of_content("url.path")
    def url_path(self, text: str) -> Value:
        """What stands before the first `?`."""
        return text.partition("?")[0]

    @of_content("url.querystring")
    def url_querystring(self, text: str) -> Value:
        """What stands behind the first `?`."""
        return text.partition("?")[2]


def _line_from_end(text: str, number: int) -> str:
    """The line that is `number` from the end, as Kamailio steps back from line end to line end.

    An empty line at the beginning confuses it: it comes with its line end.
    """
    last = len(text) - 2 if text.endswith("\n") else len(text) - 1
    before = text.rfind("\n", 0, max(last, 0))
    at = 1
    while at < number and before >= 0:
        last = before - 1
        before = text.rfind("\n", 0, max(last, 0))
        at += 1
    if at != number:
        return ""
    return text[before + 1 : last + 1] if before >= 0 else text[: last + 1]
