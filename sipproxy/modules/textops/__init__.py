"""textops: texts and headers searched, compared and changed (Kamailio modules/textops)."""

from sipproxy import text as wire
from sipproxy.core import regex
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.modules.textops.content import ContentFunctions
from sipproxy.modules.textops.headers import HeaderFunctions
from sipproxy.modules.textops.holding import audio_hold
from sipproxy.modules.textops.multipart import MultipartFunctions
from sipproxy.modules.textops.params import Methods, Separator

_BLANKS = " \t\r\n"


class Textops(HeaderFunctions, ContentFunctions, MultipartFunctions, name="textops"):
    """Functions on headers and content, and on plain texts."""

    @function()
    def is_method(self, ctx: Context, methods: Methods) -> bool:
        """Whether the request has one of these methods; of a reply, its CSeq."""
        return methods.match(ctx.msg.method)

    @function()
    def is_audio_on_hold(self, ctx: Context) -> int:
        """1 when the SDP holds the audio by an address of zeros, 2 by direction, else -1."""
        return audio_hold(wire.decode(ctx.msg.body))

    @function()
    def cmp_str(self, ctx: Context, one: str, other: str) -> int:
        """1 for equal texts, -1 when the first is greater, -2 when it is less."""
        return _compared(wire.encode(one), wire.encode(other))

    @function()
    def cmp_istr(self, ctx: Context, one: str, other: str) -> int:
        """The same without regard to case."""
        return _compared(wire.encode(wire.lower(one)), wire.encode(wire.lower(other)))

    @function()
    def starts_with(self, ctx: Context, text: str, start: str) -> int:
        """1 when a text starts so, -1 when its start is greater or it is short, -2 when less."""
        whole, part = wire.encode(text), wire.encode(start)
        return -1 if len(whole) < len(part) else _compared(whole[: len(part)], part)

    @function()
    def ends_with(self, ctx: Context, text: str, end: str) -> int:
        """1 when a text ends so, -1 when its end is greater or it is short, -2 when less."""
        whole, part = wire.encode(text), wire.encode(end)
        if len(whole) < len(part):
            return -1
        return _compared(whole[len(whole) - len(part) :], part)

    @function()
    def str_find(self, ctx: Context, text: str, part: str) -> int:
        """Where a text holds another, counted from 1 in bytes; -1 when it does not."""
        found = wire.encode(text).find(wire.encode(part))
        return found + 1 if found >= 0 else -1

    @function()
    def str_ifind(self, ctx: Context, text: str, part: str) -> int:
        """The same without regard to case."""
        found = wire.encode(wire.lower(text)).find(wire.encode(wire.lower(part)))
        return found + 1 if found >= 0 else -1

    @function()
    def search_str(self, ctx: Context, text: str, pattern: str) -> int:
        """1 when a text matches, -1 when not, 2 without pattern, -2 without text."""
        if not pattern:
            return 2
        if not text:
            return -2
        try:
            compiled = regex.compile(pattern, ignore_case=True, newline=True)
        except regex.RegexError as error:
            report(self.host.log, ERROR, "textops", str(error))
            return -2
        return 1 if compiled.search(text) else -1

    @function("REQUEST", "FAILURE", "BRANCH", "ONREPLY")
    def regex_substring(
        self, ctx: Context, text: str, pattern: str, group: int, count: int, target: PvAccess
    ) -> int:
        """Write a group of the first match to a variable; -2 when nothing matches."""
        if group > count - 1:
            report(self.host.log, ERROR, "textops", "matched_index exceeds match_count")
            return -1
        try:
            compiled = regex.compile(pattern, ignore_case=False)
        except regex.RegexError as error:
            report(self.host.log, ERROR, "textops", str(error))
            return -1
        data = wire.encode(text)
        spans = compiled.match_spans(data)
        if spans is None:
            return -2
        start, end = spans[group] if 0 <= group < len(spans) else (-1, -1)
        if start >= end:
            return -1
        target.write(ctx, wire.decode(data[start:end]))
        return 1

    @function()
    def in_list(self, ctx: Context, text: str, elements: str, separator: Separator) -> bool:
        """Whether a text is an element of a list; blanks around elements do not count."""
        return bool(text) and text in _elements(elements, separator)

    @function()
    def in_list_prefix(self, ctx: Context, text: str, elements: str, separator: Separator) -> bool:
        """Whether an element of a list is a prefix of a text."""
        return any(e and text.startswith(e) for e in _elements(elements, separator))


def _compared(one: bytes, other: bytes) -> int:
    return 1 if one == other else -1 if one > other else -2


def _elements(text: str, separator: str) -> list[str]:
    """Elements of a list; behind the last separator there is one only if there is text."""
    elements = [element.strip(_BLANKS) for element in text.split(separator)]
    return elements if elements[-1] else elements[:-1]
