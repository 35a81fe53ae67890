"""Bodies of several parts: made, added to, taken apart (RFC 2046 section 5.1)."""

import re
from functools import partial

from sipproxy import text as wire
from sipproxy.core import editing
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, function
from sipproxy.core.params import Plain
from sipproxy.modules.textops import parts

_ROUTES = ("REQUEST", "FAILURE", "BRANCH")
_DEFAULT_TYPE, _DEFAULT_BOUNDARY = "text/plain", "unique-boundary-1"
_HEX = re.compile(r"(?:[ \t]*[0-9A-Fa-f]{2})+[ \t]*\Z")


class MultipartFunctions(Module):
    """Functions on the parts of a body; they see it as it was received."""

    def _refuse(self, text: str, level: int = ERROR) -> bool:
        report(self.host.log, level, "textops", text)
        return False

    @function(*_ROUTES, name="set_body_multipart")
    def set_body_multipart(self, ctx: Context) -> bool:
        """Make the body a part of a multipart/mixed body."""
        return self._set(ctx, "", "", "")

    @function(*_ROUTES, name="set_body_multipart")
    def set_body_multipart_boundary(self, ctx: Context, boundary: str) -> bool:
        """The same with this boundary."""
        return self._set(ctx, "", "", boundary)

    @function(*_ROUTES, name="set_body_multipart")
    def set_body_multipart_content(
        self, ctx: Context, body: str, type: str, boundary: str = ""
    ) -> bool:
        """Send a multipart/mixed body with one part: this one."""
        return self._set(ctx, body, type, boundary)

    def _set(self, ctx: Context, body: str, kind: str, boundary: str) -> bool:
        type_rows = ctx.msg.rows("content-type")
        received = type_rows[0].value.strip() if type_rows else ""
        is_mixed = parts.is_mixed(received)
        if is_mixed and not body:
            return True
        content = wire.encode(body) or ctx.msg.body
        if not content:
            return self._refuse("no body to be set in the message", WARN)
        kind = kind or _DEFAULT_TYPE if body else received or kind or _DEFAULT_TYPE
        boundary = boundary or _DEFAULT_BOUNDARY
        made = parts.written(content, kind, "", boundary, first=True)
        editing.set_body(ctx, made, len(ctx.msg.body))
        if not is_mixed:
            if type_rows:
                ctx.lumps.remove(type_rows[0])
            ctx.lumps.append(f'Content-Type: multipart/mixed;boundary="{boundary}"\r\n')
            ctx.lumps.append("Mime-Version: 1.0\r\n")
        self._close_later(ctx, received)
        return True

    def _close_later(self, ctx: Context, content_type: str) -> None:
        """Have the boundaries put right when the message is sent, by the received Content-Type."""
        boundary = parts.boundary_of(content_type)
        if boundary is not None:
            editing.finish_with(ctx, partial(parts.closed, boundary=boundary))

    @function(*_ROUTES)
    def append_body_part(self, ctx: Context, body: str, type: str, disposition: str = "") -> bool:
        """Add a part to a body of several parts."""
        return self._append_part(ctx, wire.encode(body), type, disposition)

    @function(*_ROUTES)
    def append_body_part_hex(
        self, ctx: Context, body: str, type: str, disposition: str = ""
    ) -> bool:
        """Add a part whose bytes are given in hexadecimal."""
        if not _HEX.match(body):
            return self._refuse(f"invalid input hex data [{body}]")
        data = bytes.fromhex(body.replace(" ", "").replace("\t", ""))
        return self._append_part(ctx, data, type, disposition)

    def _append_part(self, ctx: Context, body: bytes, kind: str, disposition: str) -> bool:
        if not body or not kind:
            return self._refuse("invalid body or content-type parameter")
        if not ctx.msg.body:
            return False
        received = (ctx.msg.header("Content-Type") or "").strip()
        boundary = parts.boundary_of(received)
        if not boundary:
            return self._refuse("Cannot get boundary. Is body multipart?")
        made = parts.written(body, kind, disposition, wire.decode(boundary[2:]), first=False)
        editing.insert(ctx, len(ctx.msg.raw), made)
        self._close_later(ctx, received)
        return True

    @function(*_ROUTES)
    def remove_body_part(self, ctx: Context, type: str) -> bool:
        """Remove the first part of a type."""
        received = (ctx.msg.header("Content-Type") or "").strip()
        stretch = self._stretch(ctx, type, parts.boundary_of(received))
        if stretch is None:
            return False
        part, _, end = stretch
        border = editing.head_length(ctx)
        editing.replace(ctx, border + part.start, border + end, b"")
        self._close_later(ctx, received)
        return True

    def _stretch(
        self, ctx: Context, kind: str, boundary: bytes | None
    ) -> tuple[parts.Part, int, int] | None:
        """The first part of a type, where the next boundary begins and where its line ends."""
        body = ctx.msg.body
        part = None if boundary is None else parts.find(body, wire.encode(kind))
        if part is None or boundary is None:
            return None
        at = parts.line_with(body, boundary, part.type_end + 2)
        end = -1 if at < 0 else parts.behind_boundary(body, boundary, at)
        if end < 0:
            self._refuse("boundary not found after content")
            return None
        return part, at, end

    @function(*_ROUTES, "ONREPLY")
    def get_body_part(self, ctx: Context, type: str, target: PvAccess) -> bool:
        """Write what follows the Content-Type line of the first part of a type to a variable; the
        whole body where it has no parts.
        """
        return self._get(ctx, type, target, whole=False)

    @function(*_ROUTES, "ONREPLY")
    def get_body_part_raw(self, ctx: Context, type: str, target: PvAccess) -> bool:
        """The same from the Content-Type line on, with the boundary that ends the part."""
        return self._get(ctx, type, target, whole=True)

    def _get(self, ctx: Context, kind: str, target: PvAccess, *, whole: bool) -> bool:
        body = ctx.msg.body
        if not body:
            return False
        boundary = parts.boundary_of((ctx.msg.header("Content-Type") or "").strip())
        if boundary is None:
            target.write(ctx, wire.decode(body))
            return True
        stretch = self._stretch(ctx, kind, boundary)
        if stretch is None:
            return False
        part, at, end = stretch
        found = body[part.start : end] if whole else body[part.type_end + 2 : at]
        target.write(ctx, wire.decode(found))
        return True

    @function()
    def filter_body(self, ctx: Context, type: Plain) -> bool:
        """Send the first part of a type only, for the body."""
        body = ctx.msg.body
        received = (ctx.msg.header("Content-Type") or "").strip()
        if not body or not parts.is_mixed(received):
            return bool(body) and self._refuse("body not multipart", WARN)
        boundary = parts.boundary_of(received)
        part = None if boundary is None else parts.find(body, wire.encode(type))
        if part is None or boundary is None:
            return False
        start = part.type_end + 2
        start += len(body[start:]) - len(body[start:].lstrip(b"\r\n"))
        border = editing.head_length(ctx)
        editing.replace(ctx, border, border + start, b"")
        at = parts.line_with(body, boundary, start)
        if at < 0:
            return self._refuse("boundary not found after content")
        editing.replace(ctx, border + at - 2, border + len(body), b"")
        return True
