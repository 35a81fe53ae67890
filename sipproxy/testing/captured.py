"""Messages of a capture in a test: when, from where, and what their credentials are worth.

Such tests are written by `sipproxy explain --save-test`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.flow import Address
from sipproxy.sip.credentials import Credentials
from sipproxy.standins import StandIns
from sipproxy.text import decode, encode

RIGHT, WRONG, UNKNOWN_USER, STALE = 1, -2, -3, -4
"""What credentials are worth: codes of the module auth."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A message: its Unix time, its source (`host:port`, `tcp:host:port`), its text or bytes.

    A text may be set in, and has line feeds for CRLF. `credentials` is what they are worth each
    time they are looked at, `to` the address of ours that it was sent to, if there are several.
    """

    time: float
    source: str
    message: str | bytes
    credentials: int | Sequence[int] = WRONG
    to: str = ""

    @property
    def data(self) -> bytes:
        """The bytes."""
        return as_bytes(self.message) if isinstance(self.message, str) else self.message


class Answers:
    """Judges credentials as the message in hand says: a Judge of the module auth."""

    reads_nonces = False

    def __init__(self) -> None:
        self._codes: list[int] = []

    def turn_to(self, message: Captured) -> None:
        """This one comes next."""
        codes = message.credentials
        self._codes = [codes] if isinstance(codes, int) else list(codes)

    def judge(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int:
        """The code that is due; the last one again when there are no more."""
        return self._codes.pop(0) if len(self._codes) > 1 else (self._codes or [WRONG])[0]


def as_bytes(text: str) -> bytes:
    """The message that a text in a test means."""
    return encode(dedent(text).lstrip("\n").replace("\n", "\r\n"))


def as_text(data: bytes, indent: str) -> str | None:
    """A message as such a text, set in; None when its bytes cannot be written so."""
    text = decode(data).replace("\r\n", "\n")
    plain = all(char.isprintable() or char == "\n" for char in text)
    if not plain or '"""' in text or "\\" in text or text.endswith('"'):
        return None
    shown = "\n" + "".join(f"{indent}{line}" if line.strip() else line for line in _lines(text))
    return shown if as_bytes(shown) == data else None


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def address_of(text: str) -> Address:
    """`host:port`, an IPv6 host in brackets."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def both(address: Address) -> set[str]:
    """The transports of an address of ours."""
    return {"udp", "tcp"}


def stand_ins(stubs: Mapping[str, Any]) -> StandIns:
    """What stands in for what is not there, with the answers that are given."""
    return StandIns({name: stub for name, stub in stubs.items() if not callable(stub)})
