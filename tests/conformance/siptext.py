"""SIP text as the harness needs it, independent of the code under test."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
    "s": "subject",
    "e": "content-encoding",
}


def decode(data: bytes) -> str:
    """Text of a datagram; bytes that are not UTF-8 survive as surrogates."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text made by :func:`decode`."""
    return text.encode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    r"""The text with each byte that is not UTF-8 written as \xNN, as goldens hold it."""
    return encode(text).decode("utf-8", "backslashreplace")


def header_name(line: str) -> str:
    """The long name, in lower case, of a header line."""
    name = line.split(":", 1)[0].strip().lower()
    return COMPACT.get(name, name)


def split_message(text: str) -> tuple[str, list[str], str]:
    """Start line, header lines (folded ones kept whole) and body."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    start, *lines = head.split("\n")
    headers: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:
            headers[-1] += "\n" + line
        elif line:
            headers.append(line)
    return start, headers, body


def header_values(text: str, name: str) -> list[str]:
    """The values of every line of the header `name`, in order."""
    return [
        line.split(":", 1)[1].strip()
        for line in split_message(text)[1]
        if header_name(line) == name.lower()
    ]


def wire_length(body: str) -> int:
    """Length in bytes of a body that is sent with CRLF."""
    return len(encode(body.replace("\n", "\r\n")))


def host_port(address: tuple[str, int]) -> str:
    """An address as a Via sent-by: `127.0.0.1:5060`, `[::1]:5060`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def digest_header(
    challenge: tuple[str, str], method: str, uri: str, auth: Mapping[str, Any], count: int
) -> str:
    """The credentials line that answers a challenge (RFC 2617 section 3.2.2).

    `challenge` is the lower-case header name and its value; keys of `auth` override each field
    and `auth["omit"]` leaves fields out; `count` is the nonce count. `auth["algorithm"]` hashes
    with that algorithm and is sent.
    """
    kind, text = challenge
    found: Sequence[tuple[str, str]] = re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', text)
    got = {key.lower(): value.strip('"') for key, value in found}
    field: dict[str, str] = {
        "username": auth["user"],
        "realm": auth.get("realm", got.get("realm", "")),
        "nonce": auth.get("nonce", got.get("nonce", "")),
        "uri": auth.get("uri", uri),
    }
    hashed = partial(_hashed, auth.get("algorithm", "MD5"))
    ha1 = hashed(field["username"], field["realm"], auth.get("password", ""))
    ha2 = hashed(auth.get("method", method), field["uri"])
    qop = auth.get("qop", got.get("qop", "").split(",")[0])
    if qop:
        field["qop"] = qop
        field["nc"] = auth.get("nc", f"{count:08x}")
        field["cnonce"] = auth.get("cnonce", "0a4f113b")
        response = hashed(ha1, field["nonce"], field["nc"], field["cnonce"], qop, ha2)
    else:
        response = hashed(ha1, field["nonce"], ha2)
    field["response"] = auth.get("response", response)
    if "algorithm" in auth:
        field["algorithm"] = auth["algorithm"]
    if "opaque" in got:
        field["opaque"] = got["opaque"]
    name = "Authorization" if kind == "www-authenticate" else "Proxy-Authorization"
    items = [
        f"{key}={value}" if key in ("qop", "nc", "algorithm") else f'{key}="{value}"'
        for key, value in field.items()
        if key not in auth.get("omit", ())
    ]
    return f"{auth.get('header', name)}: Digest {', '.join(items)}"


def _hashed(algorithm: str, *parts: str) -> str:
    name = {"MD5": "md5", "SHA-256": "sha256"}[algorithm]
    return hashlib.new(name, ":".join(parts).encode()).hexdigest()
