"""The servers behind the proxy: their captured replies, as answers to what our proxy sent them."""

import re

from sipproxy.core.flow import Address
from sipproxy.replay.glance import Exchange
from sipproxy.replay.survey import Recent

_VIA = re.compile(rb"\n(?:Via|v)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE)


class Downstream:
    """Requests that our proxy relayed, each with the Vias it left with."""

    def __init__(self) -> None:
        self._sent: Recent[tuple[Address | None, Exchange], bytes] = Recent()

    def sent(self, now: float, dest: Address | None, found: Exchange, data: bytes) -> None:
        """Our proxy sent this request; `dest` is None where nobody knows whose reply it awaits."""
        self._sent.put(now, (dest, found), vias_of(data))

    def answer(self, source: Address, found: Exchange, data: bytes) -> bytes | None:
        """A captured reply as the answer to our request; None when we sent none there."""
        vias = self._sent.get((source, found)) or self._sent.get((None, found))
        return None if vias is None else with_vias(data, vias)


def vias_of(data: bytes) -> bytes:
    """The Via rows of a message's head, each with a line feed before it."""
    return b"".join(_VIA.findall(_head(data)))


def with_vias(data: bytes, vias: bytes) -> bytes:
    """A message with other Via rows, at the place of its first header."""
    head = _head(data)
    first, feed, rest = _VIA.sub(b"", head).partition(b"\n")
    return b"%b%b%b%b%b" % (first, vias, feed, rest, data[len(head) :])


def _head(data: bytes) -> bytes:
    """All before the empty line."""
    end = data.find(b"\r\n\r\n")
    return data if end < 0 else data[:end]
