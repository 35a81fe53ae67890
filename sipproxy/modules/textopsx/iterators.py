"""Iterators over headers and over lines of the body, by name; they see the message as received."""

from collections.abc import Callable
from typing import Any

from sipproxy.core import editing
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, pvar
from sipproxy.core.params import Plain
from sipproxy.core.values import Value
from sipproxy.sip.scan import Header
from sipproxy.text import byte_length, decode, encode

Stretch = Callable[["LineIterator"], tuple[int, int]]
"""Which bytes of the body an edit at an iterator changes."""

_MOST = 4
_LONGEST_NAME = 31
_HEADERS, _LINES = "textopsx.headers", "textopsx.lines"


class HeaderIterator:
    """Where an iterator over headers stands; `at` is -1 before the first one."""

    __slots__ = ("at", "before", "over", "rows")

    def __init__(self, rows: list[Header]) -> None:
        self.rows = rows
        self.rewind()

    def rewind(self) -> None:
        """Stand before the first header."""
        self.at = self.before = -1
        self.over = False

    @property
    def row(self) -> Header | None:
        """The header it stands at."""
        return self.rows[self.at] if self.at >= 0 else None

    def next(self) -> bool:
        """Go on; whether there is a header."""
        if self.over:
            return False
        self.before, self.at = self.at, self.at + 1
        if self.at >= len(self.rows):
            self.at, self.over = -1, True
        return not self.over

    def prev(self) -> bool:
        """Go back; the first header and the second one's predecessor lead to the start.

        Twice in turn Kamailio finds its way back only from the third header on.
        """
        if self.over:
            return False
        if self.before >= 0 and self.before != self.at:
            self.at = self.before
        elif self.before >= 0 and self.at >= 2:
            self.at, self.before = self.at - 1, self.at - 2
        elif self.before >= 0 and self.at == 1 and len(self.rows) == 2:
            self.at, self.before = 0, -1
        else:
            self.rewind()
        return True


class LineIterator:
    """Where an iterator over the body's lines stands: `body[start:end]`, nowhere at first."""

    __slots__ = ("body", "end", "over", "start")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.start = self.end = 0
        self.over = False

    @property
    def line(self) -> bytes:
        """The line it stands at, with its line end."""
        return self.body[self.start : self.end]

    def next(self) -> bool:
        """Go on; whether there is a line."""
        if self.over or self.end >= len(self.body):
            self.over = True
            self.start = self.end
            return False
        self.start = self.end
        newline = self.body.find(b"\n", self.start)
        self.end = len(self.body) if newline < 0 else newline + 1
        return True


class IteratorFunctions(Module):
    """hf_iterator_* and bl_iterator_*. An iterator lives as long as the message."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._names: dict[str, set[str]] = {_HEADERS: set(), _LINES: set()}

    def _claim(self, kind: str, name: str) -> bool:
        """Whether the name is one of the four that there may be."""
        known = self._names[kind]
        if name not in known and (len(known) == _MOST or byte_length(name) > _LONGEST_NAME):
            self._no(f"no iterator available [{name}] - max number is {_MOST}")
            return False
        known.add(name)
        return True

    def _no(self, text: str) -> None:
        report(self.host.log, ERROR, "textopsx", text)

    def _headers(self, ctx: Context, name: str) -> HeaderIterator | None:
        found = ctx.scratch.get(f"{_HEADERS}.{name}") if ctx.touched("scratch") else None
        if isinstance(found, HeaderIterator):
            return found
        self._no(f"iterator not available [{name}]")
        return None

    def _lines(self, ctx: Context, name: str) -> LineIterator | None:
        found = ctx.scratch.get(f"{_LINES}.{name}") if ctx.touched("scratch") else None
        if isinstance(found, LineIterator):
            return found
        self._no(f"iterator not available [{name}]")
        return None

    # -- headers

    @function()
    def hf_iterator_start(self, ctx: Context, name: str) -> bool:
        """Begin anew before the first header."""
        if not self._claim(_HEADERS, name):
            return False
        if ctx.msg.malformed:
            self._no("failed parsing message")
            return False
        ctx.scratch[f"{_HEADERS}.{name}"] = HeaderIterator(ctx.msg.headers)
        return True

    @function()
    def hf_iterator_next(self, ctx: Context, name: str) -> bool:
        """Go to the next header; -1 behind the last one."""
        found = self._headers(ctx, name)
        return found is not None and found.next()

    @function()
    def hf_iterator_prev(self, ctx: Context, name: str) -> bool:
        """Go back to the header before; -1 behind the last one."""
        found = self._headers(ctx, name)
        return found is not None and found.prev()

    @function()
    def hf_iterator_end(self, ctx: Context, name: str) -> bool:
        """Stand nowhere; the next step leads to the first header."""
        found = self._headers(ctx, name)
        if found is None:
            return False
        found.at, found.over = -1, False
        return True

    @function()
    def hf_iterator_rm(self, ctx: Context, name: str) -> bool:
        """Remove the header."""
        row = self._row(ctx, name)
        if row is None:
            return False
        ctx.lumps.remove(row)
        return True

    @function()
    def hf_iterator_append(self, ctx: Context, name: str, text: str) -> bool:
        """Put a text behind the header, as it is."""
        row = self._row(ctx, name)
        if row is None:
            return False
        ctx.lumps.insert_after(row, text)
        return True

    @function()
    def hf_iterator_insert(self, ctx: Context, name: str, text: str) -> bool:
        """Put a text before the header, as it is."""
        row = self._row(ctx, name)
        if row is None:
            return False
        ctx.lumps.insert_before(row, text)
        return True

    def _row(self, ctx: Context, name: str) -> Header | None:
        found = self._headers(ctx, name)
        return None if found is None else found.row

    @pvar("hfitname")
    def hfitname(self, ctx: Context, inner: Plain) -> Value:
        """Name of the header that an iterator stands at."""
        row = self._row(ctx, inner)
        return None if row is None else row.name

    @pvar("hfitbody")
    def hfitbody(self, ctx: Context, inner: Plain) -> Value:
        """Value of the header that an iterator stands at."""
        row = self._row(ctx, inner)
        return None if row is None else row.value.rstrip(" \t\r\n")

    # -- lines

    @function()
    def bl_iterator_start(self, ctx: Context, name: str) -> bool:
        """Begin anew before the first line of the body."""
        if not self._claim(_LINES, name):
            return False
        ctx.scratch[f"{_LINES}.{name}"] = LineIterator(ctx.msg.body)
        return True

    @function()
    def bl_iterator_next(self, ctx: Context, name: str) -> bool:
        """Go to the next line; -1 behind the last one."""
        found = self._lines(ctx, name)
        return found is not None and found.next()

    @function()
    def bl_iterator_end(self, ctx: Context, name: str) -> bool:
        """End the iteration."""
        found = self._lines(ctx, name)
        if found is None:
            return False
        ctx.scratch[f"{_LINES}.{name}"] = LineIterator(b"")
        return True

    @function()
    def bl_iterator_rm(self, ctx: Context, name: str) -> bool:
        """Remove the line."""
        return self._edit(ctx, name, b"", lambda found: (found.start, found.end))

    @function()
    def bl_iterator_append(self, ctx: Context, name: str, text: str) -> bool:
        """Put a text behind the line, as it is."""
        return self._edit(ctx, name, encode(text), lambda found: (found.end, found.end))

    @function()
    def bl_iterator_insert(self, ctx: Context, name: str, text: str) -> bool:
        """Put a text before the line, as it is."""
        return self._edit(ctx, name, encode(text), lambda found: (found.start, found.start))

    def _edit(self, ctx: Context, name: str, text: bytes, where: Stretch) -> bool:
        found = self._lines(ctx, name)
        if found is None or not found.line:
            return False
        border = editing.head_length(ctx)
        start, end = where(found)
        if start == end:
            editing.insert(ctx, border + start, text)
        else:
            editing.replace(ctx, border + start, border + end, text)
        return True

    @pvar("blitval")
    def blitval(self, ctx: Context, inner: Plain) -> Value:
        """The line that an iterator stands at, with its line end."""
        found = self._lines(ctx, inner)
        return decode(found.line) if found is not None and found.line else None
