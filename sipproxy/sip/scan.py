"""The exact reading of a message head: start line and header rows with their places.

Every message may be read this way; :mod:`sipproxy.sip.message` has a quicker way for plain ones.
The rules follow Kamailio's core/parser (parse_fline.c, msg_parser.c, parse_hname2.c).
"""

import re
from typing import NamedTuple

from sipproxy import text as wire
from sipproxy.errors import HeaderError, MessageError
from sipproxy.sip import nameaddr, via
from sipproxy.sip.cseq import CSeq
from sipproxy.sip.names import spelling

#: What stands between the last header and the body: an empty line, whatever ends it.
END_OF_HEAD = re.compile(rb"\n(\r\n|\n|\r)")

_REQUEST_LINE = re.compile(
    r"(?P<method>[^ \t\r\n]+) (?P<uri>[^ \t\r\n]*)[ \t]+(?P<version>[^ \t\r\n]+)[ \t]*(?=[\r\n])"
)
_STATUS_LINE = re.compile(
    r"(?P<version>[Ss][Ii][Pp]/2\.0) (?P<status>[0-9]{3})[ \t]+(?P<reason>[^\r\n]*)(?=[\r\n])",
)
_REPLY_START = re.compile(r"[Ss][Ii][Pp]/2\.0 ")
# Names: RFC 3261 tokens and what Kamailio takes beyond them.
_ROW = re.compile(
    r"(?P<name>[A-Za-z0-9.!%*_+`'~-]+)[ \t]*:(?P<value>[^\n]*\n(?:[ \t][^\n]*\n)*)", re.ASCII
)
_LEADING = re.compile(r"(?:[ \t]|\r?\n[ \t])*")
_NUMBER = re.compile(r"[ \t]*[0-9]+[ \t]*\Z")
_RETRY_AFTER = re.compile(r"[ \t]*[0-9]{1,10}(?=[ \t;(\r\n]|\Z)")

#: Kamailio's counter of the body's length holds no more.
_LENGTH_LIMIT = 2147483639
#: Headers that may stand once only.
SINGLE = frozenset({"From", "To", "Call-ID", "CSeq", "Content-Length", "Max-Forwards"})

#: A request cannot be routed nor answered without these.
MANDATORY = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})


class Header(NamedTuple):
    """One header row: `head[start:end]` is all its text with the line end.

    `id` is the full name in lower case, `name` as it was spelled, `value` without leading blanks
    and line end but with trailing blanks and folding; it begins at `head[value_at]`.
    """

    id: str
    name: str
    value: str
    start: int
    end: int
    value_at: int


class StartLine(NamedTuple):
    """First line taken apart; `status` is 0 for a request, `uri` is empty for a reply."""

    is_request: bool
    method: str
    uri: str
    version: str
    status: int
    reason: str
    end: int


class Rows(NamedTuple):
    """Header rows in order, first value by spelling, and what stopped the reading, if anything."""

    rows: list[Header]
    table: dict[str, str]
    malformed: str
    end: int


def start_line(head: str, at: int = 0) -> StartLine:
    """Read the first line of `head` from `at`. Raises MessageError with status 0."""
    if _REPLY_START.match(head, at):
        found = _STATUS_LINE.match(head, at)
        if found is None:
            raise MessageError("bad status line", 0)
        version, status, reason = found.groups()
        return StartLine(False, "", "", version, int(status), reason, _line_end(head, found.end()))
    found = _REQUEST_LINE.match(head, at)
    if found is None:
        raise MessageError("bad request line", 0)
    method, uri, version = found.groups()
    if not wire.lower(version).startswith("sip/2.0"):
        raise MessageError(f"not SIP/2.0: {version!r}", 0)
    return StartLine(True, method, uri, version, 0, "", _line_end(head, found.end()))


def _line_end(head: str, at: int) -> int:
    end = head.find("\n", at)
    if end < 0 or end + 1 >= len(head):
        raise MessageError("only one line", 0)
    return end + 1


def rows(head: str, at: int) -> Rows:
    """Read the header rows of `head` from `at`.

    A malformed row ends the reading; Kamailio meets it only if a header is asked for that it has
    not seen yet, so it matters at once (MessageError, status 0) only before the mandatory ones.
    """
    found = read_rows(head, at)
    if not MANDATORY.issubset(found.table):
        missing = ", ".join(sorted(MANDATORY.difference(found.table)))
        raise HeaderError(found.malformed or f"no {missing}", missing=not found.malformed)
    return found


def read_rows(head: str, at: int) -> Rows:
    """Read the header rows of `head` from `at`, whichever there are."""
    found_rows: list[Header] = []
    table: dict[str, str] = {}
    malformed = ""
    while at < len(head) and head[at] not in "\r\n":
        found = _ROW.match(head, at)
        if found is None:
            malformed = "bad header line"
            break
        name, value = found["name"], found["value"]
        blanks = _LEADING.match(value)
        value_at = found.start("value") + (blanks.end() if blanks else 0)
        value = head[value_at : found.end()].rstrip("\r\n\0")
        full = spelling(name)
        malformed = _complaint(full, head[value_at : found.end()].rstrip("\r\n"), table)
        if malformed:
            break
        found_rows.append(Header(wire.lower(full), name, value, at, found.end(), value_at))
        table.setdefault(full, value)
        at = found.end()
    return Rows(found_rows, table, malformed, at)


def _complaint(name: str, value: str, table: dict[str, str]) -> str:
    """Why Kamailio's header parser refuses this row; "" where it does not."""
    if name in SINGLE and name in table:
        return f"{name} twice"
    try:
        if name == "Via":
            via.PLAIN.match(value) or via.places(value)
        elif name == "To":
            nameaddr.PLAIN.match(value) or nameaddr.NameAddr.parse(value)
        elif name == "CSeq":
            CSeq.parse(value)
        elif name == "Content-Length" and not (
            _NUMBER.match(value) and int(value) <= _LENGTH_LIMIT
        ):
            return f"bad Content-Length {value!r}"
        elif name == "Retry-After" and not _RETRY_AFTER.match(value):
            return f"bad Retry-After {value!r}"
    except MessageError as error:
        return error.reason
    return ""
