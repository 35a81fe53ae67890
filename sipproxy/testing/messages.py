"""Builders of SIP messages as bytes, complete unless told otherwise."""

from itertools import count

from sipproxy.text import encode

_NUMBERS = count(1)


def request(
    method: str = "OPTIONS",
    uri: str = "sip:bob@example.com",
    *,
    user: str = "alice",
    source: str = "127.0.0.1:5080",
    call_id: str = "",
    cseq: int = 1,
    headers: str = "",
    body: str = "",
    number: int | None = None,
) -> bytes:
    """A request of `user`, sent from `source`; `headers` are whole lines to add.

    `number` makes branch, tag and Call-ID; give it where they must be the same at every run.
    """
    n = next(_NUMBERS) if number is None else number
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {source};branch=z9hG4bK-{n}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@example.com>;tag=t{n}",
        f"To: <{uri}>",
        f"Call-ID: {call_id or f'call-{n}'}",
        f"CSeq: {cseq} {method}",
        *filter(None, headers.replace("\r\n", "\n").split("\n")),
        f"Content-Length: {len(encode(body))}",
    ]
    return encode("\r\n".join(lines) + "\r\n\r\n" + body)


def response(
    to: bytes, status: int = 200, reason: str = "OK", *, tag: str = "uas", headers: str = ""
) -> bytes:
    """An answer to a request we received, as a user agent would send it."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for line in to.decode("latin-1").split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
        name = line.partition(":")[0].strip().lower()
        if name in ("via", "v", "from", "f", "call-id", "i", "cseq", "record-route"):
            lines.append(line)
        elif name in ("to", "t"):
            lines.append(line if ";tag=" in line else f"{line};tag={tag}")
    lines += [*filter(None, headers.split("\n")), "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode("latin-1")
