"""Route rows taken apart with their places (Kamailio core/parser/parse_rr.c, parse_rr.h)."""

import re
from dataclasses import dataclass

from sipproxy.errors import MessageError
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.sip.params import Params
from sipproxy.sip.scan import Header
from sipproxy.sip.uri import Uri

_LWS = r"[ \t\r\n]*+"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_ENTRY = re.compile(
    rf'(?:{_QUOTED}|[^"<])*+<(?P<uri>(?:{_QUOTED}|[^">])*+)>'
    rf'(?:{_LWS};{_LWS}(?P<params>(?:{_QUOTED}|[^",])++))?{_LWS}(?P<end>,{_LWS}(?=.)|\Z)',
    re.DOTALL,
)
_LAST_PART = rf'(?:{_QUOTED}|[^";])*+;'
"""What Kamailio skips of a parameter once it is known to be another one."""


def _finder(letter: str, second: str) -> re.Pattern[str]:
    """A pattern for parameters that hold one of a two-letter name, as Kamailio looks for it.

    An empty parameter hides the next one.
    """
    other = rf"[^{letter} \t\r\n]|[{letter}][^{second}]|[{letter}][{second}]{_LWS}[^;= \t\r\n]"
    named = rf"{_LWS}[{letter}][{second}]{_LWS}(?:[;=]|\Z)"
    return re.compile(rf"(?:(?!{named}){_LWS}(?:{other}){_LAST_PART})*+{named}", re.DOTALL)


_LOOSE = _finder("lL", "rR")
_DOUBLE = _finder("rR", "2")


def is_loose(uri: Uri) -> bool:
    """Whether a Route's URI has the parameter lr: its owner routes as RFC 3261 has it."""
    return _LOOSE.match(uri.params) is not None


def is_double(uri: Uri) -> bool:
    """Whether a Route's URI is one of two that we added for one request."""
    return _DOUBLE.match(uri.params) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of a Route row; `start` and `end` are its places in the head, with parameters."""

    uri: str
    start: int
    end: int

    @property
    def parsed(self) -> Uri:
        """The address taken apart. Raises MessageError."""
        return Uri.parse(self.uri)


def entries(row: Header) -> list[Entry]:
    """The addresses of a row, which must stand in angle brackets. Raises MessageError."""
    found: list[Entry] = []
    at, more = 0, True
    while more:
        entry = _ENTRY.match(row.value, at)
        if entry is None:
            raise MessageError(f"bad Route {row.value!r}")
        params = entry["params"]
        end = entry.end("uri") + 1
        if params is not None:
            Params.parse(params)
            end = entry.start("params") + len(params.rstrip(" \t\r\n"))
        found.append(Entry(entry["uri"], row.value_at + at, row.value_at + end))
        at, more = entry.end(), bool(entry["end"])
    return found


class Cursor:
    """A place in the Route rows of a request; a row is read when the cursor comes to it."""

    def __init__(self, msg: Message) -> None:
        """At the topmost Route; there is one. Raises MessageError."""
        self._rows = msg.rows("route")
        self._at = 0
        self._open(0)

    def _open(self, number: int) -> None:
        self._entries = entries(self._rows[number])
        self._number = number
        self._at = 0

    @property
    def entry(self) -> Entry:
        """The Route here."""
        return self._entries[self._at]

    def advance(self, lumps: Lumps) -> bool:
        """Go to the next Route; False when there is none. Raises MessageError.

        A row that is left behind is removed from the message.
        """
        if self._at + 1 < len(self._entries):
            self._at += 1
            return True
        lumps.remove(self._rows[self._number])
        if self._number + 1 == len(self._rows):
            return False
        self._open(self._number + 1)
        return True

    def drop_before(self, lumps: Lumps) -> None:
        """Remove what stands before the Route here in its row."""
        if self._at:
            lumps.replace(self._rows[self._number].value_at, self.entry.start, "")

    def drop(self, lumps: Lumps) -> None:
        """Remove the Route here and what stands before it in its row."""
        row = self._rows[self._number]
        if self._at + 1 < len(self._entries):
            lumps.replace(row.value_at, self._entries[self._at + 1].start, "")
        else:
            lumps.remove(row)

    def to_last(self) -> None:
        """Go to the last Route of the request. Raises MessageError."""
        self._open(len(self._rows) - 1)
        self._at = len(self._entries) - 1

    def drop_last(self, lumps: Lumps) -> None:
        """Remove the Route here, the last of its row."""
        if self._at:
            lumps.replace(self._entries[self._at - 1].end, self.entry.end, "")
        else:
            lumps.remove(self._rows[self._number])
