"""Header rows asked for, added, removed and changed."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from sipproxy import text as wire
from sipproxy.core import regex
from sipproxy.core.context import Context
from sipproxy.core.editing import substitute
from sipproxy.core.log import ERROR, INFO, report
from sipproxy.core.module import Module, function
from sipproxy.core.params import Plain
from sipproxy.modules.textops.params import (
    HeaderName,
    Pattern,
    Privacy,
    Sed,
    id_of,
    privacy_values,
)
from sipproxy.sip.names import header_id
from sipproxy.sip.scan import Header


class HeaderFunctions(Module):
    """Functions on header rows; removed rows stay visible, new ones are not seen."""

    def _rows(self, ctx: Context, wanted: Callable[[Header], object]) -> list[Header]:
        """Rows that fit; none when the header part cannot be read to its end."""
        if ctx.msg.malformed:
            report(self.host.log, ERROR, "textops", "error while parsing message headers")
            return []
        return [row for row in ctx.msg.headers if wanted(row)]

    def _remove(self, ctx: Context, rows: Iterable[Header]) -> bool:
        found = False
        for row in rows:
            ctx.lumps.remove(row)
            found = True
        return found

    # -- adding

    @function()
    def append_hf(self, ctx: Context, text: str, anchor: HeaderName | None = None) -> bool:
        """Add header lines at the end, or behind the last header of a name."""
        return self._add(ctx, text, anchor, ctx.lumps.append)

    @function()
    def insert_hf(self, ctx: Context, text: str, anchor: HeaderName | None = None) -> bool:
        """Add header lines at the beginning, or before the first header of a name."""
        return self._add(ctx, text, anchor, ctx.lumps.prepend)

    def _add(
        self,
        ctx: Context,
        text: str,
        anchor: HeaderName | None,
        add: Callable[[str], None],
    ) -> bool:
        if ctx.msg.malformed:
            report(self.host.log, ERROR, "textops", "error while parsing message")
            return False
        if not text:
            report(self.host.log, INFO, "textops", "nothing to add")
            return False
        rows = [] if anchor is None else [r for r in ctx.msg.headers if r.id == anchor.id]
        if not rows:
            add(text)
        elif add == ctx.lumps.append:
            ctx.lumps.insert_after(rows[-1], text)
        else:
            ctx.lumps.insert_before(rows[0], text)
        return True

    @function("REQUEST", "FAILURE", "BRANCH")
    def append_urihf(self, ctx: Context, before: Plain, behind: Plain) -> bool:
        """Add a header line with the received R-URI in the middle."""
        return self._add(ctx, f"{before}{ctx.msg.ruri}{behind}", None, ctx.lumps.append)

    @function("REQUEST", "FAILURE", "BRANCH")
    def append_to_reply(self, ctx: Context, text: str) -> bool:
        """Add header lines to every reply of ours to this request."""
        if text:
            ctx.lumps.append_to_reply(text)
        return bool(text)

    @function("REQUEST", "FAILURE", "BRANCH")
    def append_time(self, ctx: Context) -> None:
        """Add a Date header to every reply of ours to this request."""
        ctx.lumps.append_to_reply(_date(ctx.now))

    @function()
    def append_time_to_request(self, ctx: Context) -> None:
        """Add a Date header behind the first header."""
        ctx.lumps.insert_after(ctx.msg.headers[0], _date(ctx.now))

    # -- removing

    @function()
    def remove_hf(self, ctx: Context, name: HeaderName) -> bool:
        """Remove all headers of a name."""
        return self._remove(ctx, self._rows(ctx, lambda row: row.id == name.id))

    @function()
    def remove_hf_pv(self, ctx: Context, name: str) -> int:
        """Remove all headers of a name that may hold pseudo-variables."""
        wanted = id_of(name)
        self._remove(ctx, self._rows(ctx, lambda row: row.id == wanted))
        return 1 if wanted else -1

    @function()
    def remove_hf_idx(self, ctx: Context, name: str, index: int) -> int:
        """Remove one header of a name by its number (-1: the last); 2 when there is none."""
        wanted = id_of(name)
        if not wanted:
            return -1
        rows = self._rows(ctx, lambda row: row.id == wanted)
        if -len(rows) <= index < len(rows):
            ctx.lumps.remove(rows[index])
            return 1
        return 2 if index >= 0 else 1

    @function()
    def remove_hf_re(self, ctx: Context, pattern: Pattern) -> bool:
        """Remove all headers whose name matches."""
        return self._remove(ctx, self._rows(ctx, lambda row: pattern.regex.search(row.name)))

    @function()
    def remove_hf_re_pv(self, ctx: Context, pattern: str) -> bool:
        """The same with a pattern that may hold pseudo-variables."""
        compiled = self._compiled(pattern)
        if compiled is None:
            return False
        return self._remove(ctx, self._rows(ctx, lambda row: compiled.search(row.name)))

    @function()
    def remove_hf_exp(self, ctx: Context, pattern: Pattern, kept: Pattern) -> bool:
        """Remove all headers whose name matches, but for those that match `kept`."""
        return self._remove_but(ctx, pattern.regex, kept.regex)

    @function()
    def remove_hf_exp_pv(self, ctx: Context, pattern: str, kept: str) -> bool:
        """The same with patterns that may hold pseudo-variables."""
        compiled, spared = self._compiled(pattern), self._compiled(kept)
        if compiled is None or spared is None:
            return False
        return self._remove_but(ctx, compiled, spared)

    def _remove_but(self, ctx: Context, pattern: regex.Regex, kept: regex.Regex) -> bool:
        return self._remove(
            ctx,
            self._rows(ctx, lambda row: pattern.search(row.name) and not kept.search(row.name)),
        )

    @function()
    def remove_hf_match(self, ctx: Context, name: str, operator: str, text: str) -> int:
        """Remove headers of a name by value: `eq`, `ne`, `in` (contained) or `re`; -2 for none."""
        wanted = id_of(name)
        compiled = self._compiled(text) if wire.lower(operator) == "re" else None
        tests: dict[str, Callable[[str], object]] = {
            "eq": lambda value: value == text,
            "ne": lambda value: value != text,
            "in": lambda value: text in value,
        }
        if compiled is not None:
            tests["re"] = compiled.search
        fits = tests.get(wire.lower(operator))
        if fits is None:
            report(self.host.log, ERROR, "textops", f"unknown operator [{operator}]")
            return -1
        if not wanted:
            return -1
        rows = self._rows(ctx, lambda row: row.id == wanted and fits(row.value))
        return 1 if self._remove(ctx, rows) else -2

    # -- asking

    @function()
    def is_present_hf(self, ctx: Context, name: HeaderName) -> bool:
        """Whether the received message has a header of that name."""
        return bool(self._rows(ctx, lambda row: row.id == name.id))

    @function()
    def is_present_hf_pv(self, ctx: Context, name: str) -> bool:
        """The same for a name that may hold pseudo-variables."""
        wanted = header_id(name)
        return bool(self._rows(ctx, lambda row: row.id == wanted))

    @function()
    def is_present_hf_re(self, ctx: Context, pattern: Pattern) -> bool:
        """Whether the name of a received header matches."""
        return bool(self._rows(ctx, lambda row: pattern.regex.search(row.name)))

    @function()
    def is_present_hf_re_pv(self, ctx: Context, pattern: str) -> bool:
        """The same with a pattern that may hold pseudo-variables."""
        compiled = self._compiled(pattern)
        return compiled is not None and bool(self._rows(ctx, lambda row: compiled.search(row.name)))

    @function()
    def search_hf(self, ctx: Context, name: HeaderName, pattern: Pattern, which: Plain) -> bool:
        """Whether the value of a header matches: of `a`ll, of the `f`irst or the `l`ast one."""
        rows = self._rows(ctx, lambda row: row.id == name.id)
        return any(pattern.regex.search(row.value) for row in _chosen(rows, which))

    @function()
    def subst_hf(self, ctx: Context, name: HeaderName, sed: Sed, which: Plain) -> bool:
        """Apply a substitution to values of a header: of `a`ll, the `f`irst or the `l`ast one."""
        found = False
        for row in _chosen(self._rows(ctx, lambda row: row.id == name.id), which):
            start = len(wire.encode(ctx.msg.head[: row.value_at]))
            end = start + len(wire.encode(row.value))
            found |= substitute(ctx, sed.substitution, start, end)
        return found

    @function()
    def is_privacy(self, ctx: Context, wanted: Privacy) -> bool:
        """Whether Privacy asks for this."""
        values = privacy_values(ctx.msg.header("Privacy") or "")
        return values is not None and wanted.value in values

    def _compiled(self, pattern: str) -> regex.Regex | None:
        try:
            return regex.compile(pattern, ignore_case=True, newline=True)
        except regex.RegexError as error:
            report(self.host.log, ERROR, "textops", str(error))
            return None


def _chosen(rows: list[Header], which: str) -> list[Header]:
    if which.startswith("f"):
        return rows[:1]
    return rows[-1:] if which.startswith("l") else rows


def _date(now: float) -> str:
    moment = datetime.fromtimestamp(int(now), UTC)
    return moment.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n")
