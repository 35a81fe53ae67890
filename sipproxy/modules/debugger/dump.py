"""What dbg_pv_dump and dbg_sip_msg write to the log (Kamailio modules/debugger)."""

import json
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.pvspec import PvSpec, parse_pv
from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Lumps

NULL, AVP, VAR, XAVP, OTHER = 1, 2, 4, 8, 16
"""Bits of a mask: values that are undefined, and the kinds of variables."""
ALL = 31

_NEITHER = frozenset(
    (
        *("branch", "sbranch", "xavu", "xavi", "hdr", "hdrc", "hfl", "hflc", "vz", "vn"),
        *("bf", "bF", "Bf", "br", "bR", "ds", "du", "duri", "fu", "from", "ou", "ouri", "rb"),
        *("rd", "ruri.domain", "ru", "ruri", "rU", "ruri.user", "rUl", "tu", "to", "Tf", "Ts"),
        *("time", "timef", "utime", "utimef"),
    )
)
"""Variables that have a type of their own in Kamailio, and are never in a dump."""

_START = "------------------------- START OF SIP message debug --------------------------\n"
_HEADERS = "------------------------------ SIP header diffs -------------------------------\n"
_BODY = "------------------------------- SIP body diffs --------------------------------\n"
_END = "-------------------------- END OF SIP message debug ---------------------------\n\n"


def variables(ctx: Context, known: Iterable[tuple[str, PvAccess]], mask: int) -> str:
    """The variables of the cfg with their values as one line of JSON."""
    found: dict[str, object] = {}
    for text, access in known:
        if access.transforms:
            continue
        spec = parse_pv(text)
        if spec.name == "avp":
            _add_list(found, f"$avp({spec.inner})", _avps(ctx, spec, access), mask & AVP, mask)
        elif spec.name == "xavp":
            root = (spec.inner or "").partition("=>")[0].partition("[")[0]
            _add_list(found, f"$xavp({root})", _xavps(ctx, root), mask & XAVP, mask)
        elif mask & (VAR if spec.name == "var" else OTHER) and spec.name not in _NEITHER:
            value = access.read(ctx)
            if value is not None or mask & NULL:
                found[text] = value
    shown = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return wire.presentable(shown)


def _add_list(
    found: dict[str, object], name: str, values: list[Any] | None, wanted: int, mask: int
) -> None:
    if wanted and values is not None and (values or mask & NULL):
        found[name] = values


def _avps(ctx: Context, spec: PvSpec, access: PvAccess) -> list[Any] | None:
    """All values of an AVP, newest first; None where one with an index is meant."""
    if spec.index not in (None, "0"):
        return None
    if access.avp_name is None or not ctx.touched("avps"):
        return []
    return list(ctx.avps.get(access.avp_name(ctx), ()))


def _xavps(ctx: Context, root: str) -> list[Any]:
    """The values of an XAVP that have members, each as an object of lists."""
    out: list[Any] = []
    for value in ctx.xavps.get(root, ()) if ctx.touched("xavps") else ():
        if isinstance(value, list):
            members: dict[str, list[Any]] = {}
            for name, member in value:
                members.setdefault(name, []).append(member)
            out.append(members)
    return out


def message(ctx: Context, line: int) -> str:
    """The message with all edits in it, and the edits themselves."""
    lumps = ctx.lumps if ctx.touched("lumps") else Lumps(ctx.msg)
    whole = wire.decode(rebuild(ctx.msg, lumps, new_ruri=ctx.new_ruri))
    where = f"CONFIG LINE {line}\n"
    return f"{where}{_START}{whole}{_HEADERS}{_heads(lumps)}{_BODY}{_bodies(ctx, lumps)}{_END}"


def _heads(lumps: Lumps) -> str:
    head = lumps.message.head
    out = ""
    for edit in sorted(lumps.edits, key=attrgetter("start")):
        removed = head[edit.start : edit.end]
        out += f"- {removed}" if removed else ""
        out += edit.text
    return out


def _bodies(ctx: Context, lumps: Lumps) -> str:
    if lumps.body is None:
        return ""
    removed = wire.decode(ctx.msg.body)
    return f"- {removed}\n{wire.decode(lumps.body)}" if removed else wire.decode(lumps.body)
