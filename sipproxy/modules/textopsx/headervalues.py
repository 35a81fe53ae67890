"""append_hf_value and its like: single values of headers added, changed and removed."""

from collections.abc import Iterator

from sipproxy.core.context import Context
from sipproxy.core.module import Module, function
from sipproxy.modules.textopsx.spec import DEEPEST, Assigned, LastPlace, Listed, Place, Spec
from sipproxy.modules.textopsx.values import (
    Found,
    Span,
    parameter,
    parameter_in_list,
    params_start,
    values,
)
from sipproxy.sip.scan import Header
from sipproxy.text import lower

_ROUTES = ("REQUEST", "ONREPLY", "FAILURE", "BRANCH")
_BLANKS = " \t\r\n"


class HeaderValueFunctions(Module):
    """Functions on values. They see the headers as received."""

    @function(*_ROUTES)
    def append_hf_value(self, ctx: Context, place: LastPlace, value: str) -> bool:
        """Add a header behind all others, or with an index a value behind the one there."""
        found = found_at(ctx, place) if place.indexed else None
        if found is None:
            return _add_header(ctx, place, value)
        row, span = found
        return _insert_value(ctx, row, span.whole_end, value)

    @function(*_ROUTES)
    def insert_hf_value(self, ctx: Context, place: Place, value: str) -> bool:
        """Add a header before the first of that name, or with an index a value before the one
        there.
        """
        found = found_at(ctx, place)
        if found is None:
            return place.index == 1 and _add_header(ctx, place, value)
        row, span = found
        if place.indexed:
            return _insert_value(ctx, row, span.whole_start, value)
        ctx.lumps.insert_before(row, f"{place.name}: {value}\r\n")
        return True

    @function(*_ROUTES)
    def remove_hf_value(self, ctx: Context, what: Spec) -> bool:
        """Remove a value, or a parameter of it; with `[*]` all headers, or it from all values."""
        return self._change(ctx, what, None)

    @function(*_ROUTES)
    def assign_hf_value(self, ctx: Context, what: Assigned, value: str) -> bool:
        """Replace a value, or give it a parameter."""
        return self._change(ctx, what, value)

    def _change(self, ctx: Context, what: Spec, value: str | None) -> bool:
        if what.every:
            return self._change_all(ctx, what, value)
        found = found_at(ctx, what)
        if found is None:
            return False
        row, span = found
        if what.param:
            return _change_param(ctx, row, span, what.param, value)
        if value is None:
            return _remove_value(ctx, row, span)
        return _assign(ctx, row, span.start, span.end, value)

    def _change_all(self, ctx: Context, what: Spec, value: str | None) -> bool:
        done = False
        for row in rows_of(ctx, what):
            if not what.param:
                ctx.lumps.remove(row)
                done = True
                continue
            for span in values(text_of(row)):
                done |= _change_param(ctx, row, span, what.param, value)
        return done

    @function(*_ROUTES)
    def remove_hf_value2(self, ctx: Context, what: Spec) -> bool:
        """As remove_hf_value, for headers like Authorization: an index counts headers, and
        parameters stand between commas.
        """
        return self._change_lists(ctx, what, None)

    @function(*_ROUTES)
    def assign_hf_value2(self, ctx: Context, what: Assigned, value: str) -> bool:
        """As assign_hf_value, for headers like Authorization."""
        return self._change_lists(ctx, what, value)

    def _change_lists(self, ctx: Context, what: Spec, value: str | None) -> bool:
        rows = list(rows_of(ctx, what))
        if not what.every:
            place = what.index - 1 if what.index > 0 else len(rows) + what.index
            rows = rows[place : place + 1] if place >= 0 else []
        done = False
        for row in rows:
            if what.param:
                done |= _change_in_list(ctx, row, what.param, value)
            elif value is None or what.every:
                ctx.lumps.remove(row)
                done = True
            else:
                done |= _assign(ctx, row, 0, len(text_of(row)), value)
        return done

    # -- sets

    @function(*_ROUTES)
    def hf_value_exists(self, ctx: Context, header: Listed, value: str) -> bool:
        """Whether a header has a value, in any case."""
        return bool(value) and any(True for _ in _same(ctx, header, value))

    @function(*_ROUTES)
    def include_hf_value(self, ctx: Context, header: Listed, value: str) -> bool:
        """Add a value unless it is there."""
        if not value:
            return False
        if self.hf_value_exists(ctx, header, value):
            return True
        first = next(rows_of(ctx, header), None)
        if first is None:
            return _add_header(ctx, header, value)
        return _insert_value(ctx, first, len(text_of(first)), value)

    @function(*_ROUTES)
    def exclude_hf_value(self, ctx: Context, header: Listed, value: str) -> bool:
        """Remove a value wherever it is."""
        if not value:
            return False
        for row, span in _same(ctx, header, value):
            _remove_value(ctx, row, span)
        return True


def text_of(row: Header) -> str:
    """A header's value without the blanks at its end."""
    return row.value.rstrip(_BLANKS)


def rows_of(ctx: Context, spec: Spec) -> Iterator[Header]:
    """The headers of a name."""
    return (row for row in ctx.msg.headers if row.id == spec.id)


def found_at(ctx: Context, spec: Spec) -> tuple[Header, Span] | None:
    """The value with the index of a spec, None when there is none."""
    found = [(row, span) for row in rows_of(ctx, spec) for span in values(text_of(row))]
    if spec.index < 0:
        found = found[-DEEPEST:]
    place = spec.index - 1 if spec.index > 0 else len(found) + spec.index
    return found[place] if 0 <= place < len(found) else None


def _same(ctx: Context, spec: Spec, value: str) -> Iterator[tuple[Header, Span]]:
    """The values that equal one, in any case."""
    wanted = lower(value)
    for row in rows_of(ctx, spec):
        text = text_of(row)
        for span in values(text):
            if lower(text[span.start : span.end]) == wanted:
                yield row, span


def _add_header(ctx: Context, spec: Spec, value: str) -> bool:
    ctx.lumps.append(f"{spec.name}: {value}\r\n")
    return True


def _insert_value(ctx: Context, row: Header, at: int, value: str) -> bool:
    added = f",{value}" if at == len(text_of(row)) else f"{value},"
    _replace(ctx, row, at, at, added)
    return True


def _remove_value(ctx: Context, row: Header, span: Span) -> bool:
    """Take a value away, with its comma; with the last value the header goes."""
    start, end = span.whole_start, span.whole_end
    if end == len(text_of(row)):
        if start == 0:
            ctx.lumps.remove(row)
            return True
        start -= 1
    _replace(ctx, row, start, end, "")
    return True


def _assign(ctx: Context, row: Header, start: int, end: int, value: str) -> bool:
    _replace(ctx, row, start, end, value)
    return True


def _replace(ctx: Context, row: Header, start: int, end: int, text: str) -> None:
    ctx.lumps.replace(row.value_at + start, row.value_at + end, text)


def _change_param(ctx: Context, row: Header, span: Span, name: str, value: str | None) -> bool:
    """Give a value's parameter another value, or remove it wherever the value has it."""
    text = text_of(row)
    start = params_start(text, span.start, span.end)
    found = parameter(text, name, start, span.end)
    done = _write_param(ctx, row, found, name, value)
    while value is None and found.there:
        found = parameter(text, name, found.delete_end, span.end)
        if found.there:
            _write_param(ctx, row, found, name, None)
    return done


def _change_in_list(ctx: Context, row: Header, name: str, value: str | None) -> bool:
    text = text_of(row)
    found = parameter_in_list(text, name, 0)
    done = _write_param(ctx, row, found, name, value)
    while value is None and found.there:
        found = parameter_in_list(text, name, found.delete_end)
        if found.there:
            _write_param(ctx, row, found, name, None)
    return done


def _write_param(ctx: Context, row: Header, found: Found, name: str, value: str | None) -> bool:
    """Write, add or (for None) remove a parameter."""
    if not found.there:
        if value is None:
            return False
        added = f"{found.delimiter}{name}{f'={value}' if value else ''}"
        _replace(ctx, row, found.delete_at, found.delete_at, added)
        return True
    if value is None:
        _replace(ctx, row, found.delete_at, found.delete_end, "")
        return True
    _replace(ctx, row, found.update_at, found.update_end, f"={value}" if value else "")
    return True
