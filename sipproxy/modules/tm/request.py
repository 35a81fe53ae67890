"""Requests of our own: given, checked, written (Kamailio modules/tm/rpc_uac.c, uac.c)."""

import re
from dataclasses import dataclass
from typing import Self

from sipproxy import text as wire
from sipproxy.errors import MessageError, SipproxyError
from sipproxy.sip.names import header_id
from sipproxy.sip.uri import Uri

_WRITTEN = frozenset(["via", "to", "from", "cseq", "call-id", "route", "max-forwards"])
_TAG = re.compile(r";\s*tag\s*=\s*[^;\s>]", re.IGNORECASE)
_CSEQ = re.compile(r"([0-9]+)\s+(\S+)\s*")


class BadRequest(SipproxyError):
    """A request of our own cannot be made of what was given."""


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request to be sent: `sender` and `receiver` are the values of From and To.

    `call_id` and a From tag are made up where empty; `headers` are whole lines, in which `!!`
    stands for the address and port it is sent from; `next_hop` is a URI, empty for the request's.
    """

    method: str
    uri: str
    sender: str
    receiver: str
    next_hop: str = ""
    call_id: str = ""
    cseq: int = 10
    routes: tuple[str, ...] = ()
    headers: str = ""
    body: bytes = b""

    @classmethod
    def of_text(cls, method: str, uri: str, next_hop: str, headers: str, body: str) -> Self:
        """Read what a command or a cfg gives; raises BadRequest with Kamailio's words."""
        if not method:
            raise BadRequest("Empty method")
        _require_uri(uri, "request")
        next_hop = "" if next_hop == "." else next_hop
        if next_hop:
            _require_uri(next_hop, "next-hop")
        rows = _rows(headers)
        known = {kind: value for kind, value, _ in reversed(rows)}
        if body and "content-type" not in known:
            raise BadRequest("Content-Type missing")
        if body and "content-length" in known:
            raise BadRequest("Content-Length disallowed")
        for kind, name in (("to", "To"), ("from", "From")):
            if not known.get(kind):
                raise BadRequest(f"{name} missing")
        return cls(
            method,
            uri,
            known["from"],
            known["to"],
            next_hop,
            known.get("call-id", ""),
            _number(known.get("cseq", f"10 {method}"), method),
            tuple(value for kind, value, _ in rows if kind == "route"),
            "".join(f"{line}\r\n" for kind, _, line in rows if kind not in _WRITTEN),
            wire.encode(body),
        )

    def written(self, via: str, call_id: str, tag: str, agent: str, sent_from: str) -> bytes:
        """The bytes; `call_id` and `tag` are used where the request has none."""
        sender = self.sender if _TAG.search(self.sender) else f"{self.sender};tag={tag}"
        lines = [
            f"{self.method} {self.uri} SIP/2.0",
            f"Via: {via}",
            f"To: {self.receiver}",
            f"From: {sender}",
            f"CSeq: {self.cseq} {self.method}",
            f"Call-ID: {self.call_id or call_id}",
            *(f"Route: {route}" for route in self.routes),
            "Max-Forwards: 70",
            f"Content-Length: {len(self.body)}",
        ]
        head = "\r\n".join(lines) + f"\r\n{agent}{self.headers.replace('!!', sent_from)}\r\n"
        return wire.encode(head) + self.body


def _require_uri(text: str, what: str) -> None:
    try:
        Uri.parse(text)
    except MessageError:
        raise BadRequest(f'Invalid {what} uri "{text}"') from None


def _rows(headers: str) -> list[tuple[str, str, str]]:
    """(kind, value, line) of each header line; a folded line stays with its header."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "\r\n", headers)
    rows = []
    for line in re.split(r"\r?\n(?![ \t])", unfolded):
        name, colon, value = line.partition(":")
        if line and not colon:
            raise BadRequest("Invalid headers")
        if line:
            rows.append((header_id(name.rstrip(" \t")), value.strip(), line))
    return rows


def _number(value: str, method: str) -> int:
    found = _CSEQ.fullmatch(value)
    if found is None:
        raise BadRequest("Non-numerical CSeq")
    if found[2] != method:
        raise BadRequest("CSeq method mismatch")
    return int(found[1])
