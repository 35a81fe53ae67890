"""Edits against a message: said now, applied when the message is built.

A message is never changed. As in Kamailio (core/data_lump.c) each edit is anchored at an offset of
the received head; edits of one offset keep the order in which they were made.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from sipproxy.sip.message import Message
from sipproxy.sip.scan import Header
from sipproxy.sip.way import Way

LateText = Callable[[Way], str]
"""Text known only when it is known how the message leaves: a Record-Route names the socket."""


class Edit(NamedTuple):
    """Text that takes the place of `head[start:end]`; an insertion where start equals end."""

    start: int
    end: int
    text: str


_START = attrgetter("start")


class Lumps:
    """Ordered edits against one message.

    `edits` change the head, `body` replaces the body (None: it stays), `reply_headers` are whole
    header lines and `reply_body` the body of replies made by this proxy. `late` holds, by the index
    of its edit, each text that :meth:`settled` fills in.
    """

    __slots__ = ("body", "edits", "late", "message", "reply_body", "reply_headers")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.edits: list[Edit] = []
        self.late: dict[int, LateText] = {}
        self.body: bytes | None = None
        self.reply_headers = ""
        self.reply_body = b""

    def __bool__(self) -> bool:
        """Whether the forwarded message differs from the received one."""
        return bool(self.edits) or self.body is not None

    def copy(self) -> "Lumps":
        """An independent copy: what a branch adds stays its own."""
        twin = Lumps(self.message)
        twin.edits = self.edits[:]
        twin.late = self.late.copy()
        twin.body = self.body
        twin.reply_headers = self.reply_headers
        twin.reply_body = self.reply_body
        return twin

    def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of `head[start:end]`."""
        self.edits.append(Edit(start, end, text))

    def append(self, text: str) -> None:
        """Add whole header lines behind the last header (append_hf)."""
        at = self.message.headers_end
        self.edits.append(Edit(at, at, text))

    def prepend(self, text: str) -> None:
        """Add whole header lines before the first header (insert_hf)."""
        at = self.message.headers_start
        self.edits.append(Edit(at, at, text))

    def prepend_late(self, text: LateText) -> None:
        """Add header lines before the first header that depend on how the message leaves."""
        self.late[len(self.edits)] = text
        self.prepend("")

    def insert_late(self, row: Header | None, text: LateText) -> None:
        """The same before a row, or behind the last one."""
        self.late[len(self.edits)] = text
        if row is None:
            self.append("")
        else:
            self.insert_before(row, "")

    def settled(self, way: Way) -> "Lumps":
        """These edits with all late texts written out for one way; themselves if there are none."""
        if not self.late:
            return self
        twin = self.copy()
        for index, text in twin.late.items():
            twin.edits[index] = twin.edits[index]._replace(text=text(way))
        twin.late = {}
        return twin

    def insert_before(self, row: Header, text: str) -> None:
        """Add whole header lines before a row."""
        self.edits.append(Edit(row.start, row.start, text))

    def insert_after(self, row: Header, text: str) -> None:
        """Add whole header lines behind a row."""
        self.edits.append(Edit(row.end, row.end, text))

    def remove(self, row: Header) -> None:
        """Take a whole header row away."""
        self.edits.append(Edit(row.start, row.end, ""))

    def replace_value(self, row: Header, text: str) -> None:
        """Give a row another value; name, leading blanks and line end stay."""
        self.edits.append(Edit(row.value_at, row.value_at + len(row.value), text))

    def is_removed(self, row: Header) -> bool:
        """Whether the whole row has been taken away."""
        return any(edit.start <= row.start and edit.end >= row.end for edit in self.edits)

    def replace_body(self, body: bytes) -> None:
        """Send another body; Content-Length follows when the message is built."""
        self.body = body

    def append_to_reply(self, text: str) -> None:
        """Add whole header lines to every reply this proxy makes to the request."""
        self.reply_headers += text


def apply(head: str, edits: list[Edit]) -> str:
    """`head` with all edits applied; of two that overlap the earlier offset wins, texts stay."""
    parts = []
    at = 0
    for start, end, text in sorted(edits, key=_START):
        if start > at:
            parts.append(head[at:start])
            at = start
        if text:
            parts.append(text)
        at = max(at, end)
    parts.append(head[at:])
    return "".join(parts)
