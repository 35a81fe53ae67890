"""Bodies of several parts, byte by byte as Kamailio looks for them (textops.c, msg_translator.c).

`boundary` is always with its two leading hyphens.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.params import Params

_TYPE_LINE = re.compile(rb"(?:content-type|c)[ \t]*:[ \t]*", re.IGNORECASE)
_LONGEST_NAME = 14
_END = b"\r\n\r\n"


class Part(NamedTuple):
    """A part: its Content-Type line begins at `start` and its value ends at `type_end`."""

    start: int
    type_end: int


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type names, empty where it has other parameters only.

    None where it has no parameters, or they cannot be read.
    """
    _, semicolon, params = content_type.partition(";")
    if not semicolon:
        return None
    try:
        value = Params.parse(params).get("boundary")
    except MessageError:
        return None
    return b"" if value is None else b"--" + wire.encode(value.strip('"'))


def is_mixed(content_type: str) -> bool:
    """Whether a Content-Type is multipart/mixed."""
    kind = content_type.partition(";")[0].replace(" ", "").replace("\t", "")
    return wire.lower(kind) == "multipart/mixed"


def line_with(body: bytes, text: bytes, at: int) -> int:
    """Where a line begins with `text`, looked for from the line at `at` on; -1 for nowhere."""
    while len(text) <= len(body) - at:
        if body.startswith(text, at):
            return at
        at = _next_line(body, at)
        if at < 0:
            return -1
    return -1


def _next_line(body: bytes, at: int) -> int:
    """Behind the next CRLF; -1 where there is none, or a CR alone comes first."""
    found = body.find(b"\r", at, len(body) - 1)
    return found + 2 if found >= 0 and body[found + 1] == 0x0A else -1


def find(body: bytes, content_type: bytes) -> Part | None:
    """The first part of a type, which ends its line; None when there is none."""
    at = 0
    while len(body) - at >= _LONGEST_NAME:
        value = _type_value(body, at)
        if value < 0:
            at = _next_line(body, at)
            if at < 0:
                return None
            continue
        if len(body) - value <= len(content_type) + 2:
            return None
        end = value + len(content_type)
        if body[value:end].lower() == content_type.lower():
            return Part(at, end) if body.startswith(b"\r\n", end) else None
        at = value
    return None


def _type_value(body: bytes, at: int) -> int:
    """Where the value of a Content-Type line at `at` begins; -1 for another line."""
    found = _TYPE_LINE.match(body, at)
    if found is None or body.find(b":", at) - at >= _LONGEST_NAME:
        return -1
    return found.end()


def behind_boundary(body: bytes, boundary: bytes, at: int) -> int:
    """Behind the line of a boundary that begins at `at`; -1 where a CR stands alone."""
    start = at + len(boundary)
    found = body.find(b"\r", start)
    if found < 0:
        return len(body)
    return found + 2 if body.startswith(b"\n", found + 1) else -1


def written(
    body: bytes, content_type: str, disposition: str, boundary: str, *, first: bool
) -> bytes:
    """A part with its headers and the boundary behind it; the `first` one has one before, too."""
    mark = wire.encode(f"--{boundary}\r\n")
    head = f"Content-Type: {content_type}\r\n"
    if disposition:
        head += f"Content-Disposition: {disposition}\r\n"
    gap = b"" if body.endswith(_END) else b"\r\n"
    before = mark if first else b""
    return before + wire.encode(f"{head}\r\n") + body + gap + mark


def closed(body: bytes, boundary: bytes) -> bytes:
    """The body with right boundaries: a line each, the last one with two hyphens more.

    What stands before the first and behind the last is left out. A body with less than two of
    them stays as it is.
    """
    if not boundary:
        return body
    starts = []
    at = line_with(body, boundary, 0)
    while at >= 0:
        starts.append(at)
        at = line_with(body, boundary, at + len(boundary))
    if len(starts) < 2:
        return body
    mark = boundary + b"\r\n"
    out = b""
    for start, following in pairwise(starts):
        newline = body.find(b"\n", start, following)
        out += mark + (body[newline + 1 : following] if newline >= 0 else b"")
    return out + boundary + b"--\r\n"
