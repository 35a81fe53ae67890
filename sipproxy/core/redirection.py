"""The Contacts of a redirection: the destinations a script chose (Kamailio core/dset.c)."""

from sipproxy import text as wire
from sipproxy.core.context import Context

FLAGS, PATH = 1, 2
"""Bits of `rich_redirect`: whether branch flags, and paths, are shown."""

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/?:+$"


def add_contacts(ctx: Context, rich: int = 0) -> bool:
    """Put the changed request URI and the branches into the reply's Contact; whether any is."""
    entries = []
    if ctx.new_ruri is not None:
        entries.append(_contact(ctx.new_ruri, ctx.path, ctx.ruri_q, ctx.bflags, rich))
    if ctx.touched("branches"):
        entries += [_contact(b.uri, b.path, b.q, b.bflags, rich) for b in ctx.branches]
    if entries:
        ctx.lumps.append_to_reply(f"Contact: {', '.join(entries)}\r\n")
    return bool(entries)


def q_text(q: int) -> str:
    """A priority of 0 to 1000 as a q value: `1`, `0`, `0.5`."""
    return "1" if q >= 1000 else f"0.{q:03d}".rstrip("0").rstrip(".")


def _contact(uri: str, path: str, q: int, bflags: int, rich: int) -> str:
    entry = f"<{uri}?Route={_escaped(path)}>" if path and rich & PATH else f"<{uri}>"
    if q >= 0:
        entry += f";q={q_text(q)}"
    return f"{entry};flags={bflags}" if rich & FLAGS else entry


def _escaped(path: str) -> str:
    """A path as a URI header: what may not stand there is written %xx."""
    return "".join(c if c in _PLAIN else "".join(f"%{b:02x}" for b in wire.encode(c)) for c in path)
