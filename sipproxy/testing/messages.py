"""Builders of SIP messages as bytes, complete unless told otherwise, the same at every run."""

from itertools import count
from typing import Any

from sipproxy.text import decode, encode

_COPIED = {"v": "via", "f": "from", "t": "to", "i": "call-id"}
"""Compact forms of the headers that one message takes over from another."""


class Datagram(bytes):
    """A message that knows where it comes from (`host:port`)."""

    source: str = "127.0.0.1:5080"


def request(
    method: str = "OPTIONS",
    uri: str = "sip:bob@example.com",
    *,
    user: str = "alice",
    domain: str = "example.com",
    source: str = "127.0.0.1:5080",
    to_uri: str = "",
    to_tag: str = "",
    call_id: str = "",
    cseq: int = 1,
    headers: str = "",
    body: str = "",
    number: int = 1,
) -> Datagram:
    """A request of `user` at `domain`, sent from `source`, `host:port` by UDP or `tcp:host:port`.

    `headers` are whole lines to add.

    `number` makes the branch, the From tag and the Call-ID: the same number is the same
    transaction. `to_uri` is the URI of To, which is `uri` if empty.
    """
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{_sent_by(source)};branch=z9hG4bK-{number}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{domain}>;tag=t{number}",
        f"To: <{to_uri or uri}>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id or f'call-{number}'}",
        f"CSeq: {cseq} {method}",
        *_lines(headers),
        f"Content-Length: {len(encode(body))}",
    ]
    return _datagram("\r\n".join(lines) + "\r\n\r\n" + body, source)


def response(
    to: bytes,
    status: int = 200,
    reason: str = "OK",
    *,
    tag: str = "uas",
    headers: str = "",
    body: str = "",
    source: str = "127.0.0.1:5090",
) -> Datagram:
    """An answer to a request the proxy sent, as a user agent would send it."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for name, line in _headers(to):
        if name in ("via", "from", "call-id", "cseq", "record-route"):
            lines.append(line)
        elif name == "to":
            lines.append(line if ";tag=" in line else f"{line};tag={tag}")
    lines += [*_lines(headers), f"Content-Length: {len(encode(body))}", "", body]
    return _datagram("\r\n".join(lines), source)


class Messages:
    """Builders that number their messages 1, 2, 3...: each is a transaction of its own.

    A user is named by the user part alone (`"bob"` is `sip:bob@example.com`) or by a whole URI.
    Every builder takes what :func:`request` takes.
    """

    def __init__(self, domain: str = "example.com") -> None:
        self.domain = domain
        self._numbers = count(1)

    def request(self, method: str, to: str = "bob", **more: Any) -> Datagram:
        """Any request to a user."""
        more = {"domain": self.domain, "number": next(self._numbers), **more}
        return request(method, self._uri(to), **more)

    def options(self, to: str = "bob", **more: Any) -> Datagram:
        """OPTIONS."""
        return self.request("OPTIONS", to, **more)

    def invite(self, to: str = "bob", **more: Any) -> Datagram:
        """INVITE, with a Contact at its source."""
        user, source = more.get("user", "alice"), more.get("source", Datagram.source)
        more["headers"] = f"Contact: <sip:{user}@{source}>\n{more.get('headers', '')}"
        return self.request("INVITE", to, **more)

    def register(self, user: str = "alice", *, expires: int = 3600, **more: Any) -> Datagram:
        """REGISTER of a user's address at its source; `expires` 0 takes it back."""
        contact = more.pop("contact", f"sip:{user}@{more.get('source', Datagram.source)}")
        given = more.get("headers", "")
        more["headers"] = f"Contact: <{contact}>\nExpires: {expires}\n{given}"
        own = {"user": user, "to_uri": self._uri(user)}
        return self.request("REGISTER", f"sip:{self.domain}", **own, **more)

    def response(self, to: bytes, status: int = 200, reason: str = "OK", **more: Any) -> Datagram:
        """An answer to a request the proxy sent."""
        return response(to, status, reason, **more)

    def ack(self, invite: bytes, answer: bytes) -> Datagram:
        """The ACK of an INVITE's answer: of its transaction, or of its own after a 2xx."""
        return self._follow("ACK", invite, answer, anew=answer.startswith(b"SIP/2.0 2"))

    def bye(self, invite: bytes, answer: bytes) -> Datagram:
        """The BYE of the caller in the dialog that an answer made."""
        return self._follow("BYE", invite, answer, anew=True, step=1)

    def cancel(self, invite: bytes) -> Datagram:
        """The CANCEL of an INVITE."""
        return self._follow("CANCEL", invite, invite)

    def _follow(
        self, method: str, invite: bytes, answer: bytes, *, anew: bool = False, step: int = 0
    ) -> Datagram:
        """A later request of an INVITE's dialog or transaction; To as the answer has it."""
        uri = decode(invite).split(" ", 2)[1]
        old, new = dict(reversed(_headers(invite))), dict(reversed(_headers(answer)))
        via = old["via"]
        if anew:
            via = f"{via.partition(';branch=')[0]};branch=z9hG4bK-{next(self._numbers)}"
        number = int(old["cseq"].partition(":")[2].split()[0]) + step
        lines = [f"{method} {uri} SIP/2.0", via, "Max-Forwards: 70", old["from"], new["to"]]
        lines += [old["call-id"], f"CSeq: {number} {method}", "Content-Length: 0", "", ""]
        return _datagram("\r\n".join(lines), getattr(invite, "source", Datagram.source))

    def _uri(self, user: str) -> str:
        return user if ":" in user else f"sip:{user}@{self.domain}"


def _datagram(text: str, source: str) -> Datagram:
    made = Datagram(encode(text))
    made.source = source
    return made


def _sent_by(source: str) -> str:
    """Transport and sent-by of a Via."""
    return f"TCP {source[4:]}" if source.startswith("tcp:") else f"UDP {source}"


def _lines(headers: str) -> list[str]:
    return [line for line in headers.replace("\r\n", "\n").split("\n") if line]


def _headers(message: bytes) -> list[tuple[str, str]]:
    """(long lower-case name, line) of each header."""
    head = decode(message).split("\r\n\r\n", 1)[0]
    named = [(line.partition(":")[0].strip().lower(), line) for line in head.split("\r\n")[1:]]
    return [(_COPIED.get(name, name), line) for name, line in named]
