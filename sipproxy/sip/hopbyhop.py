"""ACK and CANCEL for a request we sent: they go one hop only (RFC 3261 sections 9.1, 17.1.1.3).

The lines are taken from the request as it was sent, in its order, as Kamailio's
t_msgbuilder.c does with reparse_invite.
"""

import re

from sipproxy import text as wire
from sipproxy.sip.names import header_id

_COPIED = frozenset(["from", "call-id", "route", "max-forwards"])
_LINE = re.compile(r"[^\n]*\n")
_CSEQ = re.compile(r"([^:]*:[ \t]*[0-9]*)[^\r\n]*")


def hop_by_hop(
    sent: bytes, method: str, to: str | None = None, extra: str = "", keep: str = ""
) -> bytes:
    """The ACK or CANCEL to a request that was sent as `sent`.

    `to` is the To row that takes the place of the sent one, `extra` are further header rows,
    `keep` the start (in any case) of names of headers that are copied too; empty for none.
    """
    head = wire.decode(sent.partition(b"\r\n\r\n")[0]) + "\r\n"
    rows = _rows(head)
    first = rows.pop(0)
    lines = [method, first[first.index(" ") :]]
    vias = 0
    for row in rows:
        name = row.partition(":")[0].rstrip(" \t")
        kind = header_id(name)
        if kind == "via":
            vias += 1
            if vias == 1:
                lines.append(row)
        elif kind == "to":
            lines.append(row if to is None else to)
        elif kind == "cseq":
            found = _CSEQ.match(row)
            lines.append(f"{found[1] if found else 'CSeq: 1'} {method}\r\n")
        elif kind == "content-length":
            lines.append(f"{name}: 0\r\n")
        elif kind in _COPIED or (keep and wire.lower(row).startswith(wire.lower(keep))):
            lines.append(row)
    lines.append(f"{extra}\r\n")
    return wire.encode("".join(lines))


def _rows(head: str) -> list[str]:
    """The first line and the header rows, each with its line end and its folded lines."""
    rows: list[str] = []
    for line in _LINE.findall(head):
        if rows and line[:1] in (" ", "\t"):
            rows[-1] += line
        else:
            rows.append(line)
    return rows
