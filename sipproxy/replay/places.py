"""Where names lie in a replay: where the capture shows them, else somewhere made up.

Nobody is asked, so that the same input gives the same output, today and in a year.
"""

import re
from collections import Counter

from sipproxy.core.dns.records import Done, Found, Record, Srv
from sipproxy.core.flow import Address
from sipproxy.standins import StandIns
from sipproxy.text import decode, lower

_MOST_NAMES = 10_000
_MOST_MADE = 1000
_MOST_PLACES = 8
_HOST = re.compile(rb"(?:sips?:)?([a-z][^:;?> ]*[a-z])(?:[:;?>].*)?", re.IGNORECASE | re.DOTALL)
_PREFIX = re.compile(r"_sips?\._(?:udp|tcp|sctp)\.")
_TTL = 0.0
"""Nothing is remembered: each request that asks is told of."""


class Sent:
    """Where requests for a name in their Request-URI went, in the capture; a bounded number."""

    def __init__(self) -> None:
        self._places: dict[str, Counter[Address]] = {}
        self._known: dict[bytes, Counter[Address] | None] = {}
        """By what stands behind the user in Request-URIs; None for an address."""

    def take(self, request: bytes, dest: Address) -> None:
        """Note where a request went."""
        uri = request[: request.find(b" SIP/2.0")]
        host = uri[max(uri.rfind(b"@"), uri.find(b" ")) + 1 :]
        try:
            places = self._known[host]
        except KeyError:
            places = self._know(host)
        if places is not None and (dest in places or len(places) < _MOST_PLACES):
            places[dest] += 1

    def _know(self, host: bytes) -> Counter[Address] | None:
        """Look at a part of a URI that was not seen lately."""
        found = _HOST.fullmatch(host)
        places = None
        if found is not None:
            name = lower(decode(found[1]))
            places = self._places.get(name)
            if places is None and len(self._places) < _MOST_NAMES:
                places = self._places[name] = Counter()
        if len(self._known) >= _MOST_NAMES:
            self._known.clear()
        self._known[host] = places
        return places

    def place(self, name: str, me: frozenset[Address]) -> Address | None:
        """Where most requests for a name went; to us only if they went nowhere else."""
        places = self._places.get(name)
        if not places:
            return None
        others = [place for place, _ in places.most_common() if place not in me]
        return others[0] if others else next(iter(places))


class Places:
    """Answers the questions that a proxy would put to the DNS."""

    def __init__(self, sent: Sent, me: frozenset[Address], stand_ins: StandIns) -> None:
        self._sent = sent
        self._me = me
        self._stand_ins = stand_ins
        self._made: dict[str, str] = {}

    def ask(self, name: str, kind: str, done: Done) -> None:
        """Answer at once, as :attr:`core.dns.names.Names.ask` wants it."""
        done(Found(self._records(name, kind), _TTL))

    def is_made(self, address: str) -> bool:
        """Whether an address was made up for a name."""
        return address.startswith("198.18.")

    def _records(self, name: str, kind: str) -> tuple[Record, ...]:
        host = _PREFIX.sub("", name, count=1)
        known = self._sent.place(host, self._me)
        if kind == "SRV":
            if known is None or known[1] == 5060 or host == name:
                return ()
            return (Srv(0, 0, known[1], host),)
        if kind not in ("A", "AAAA") or host != name:
            return ()
        if known is None:
            return (self._make(name),) if kind == "A" else ()
        if (":" in known[0]) != (kind == "AAAA"):
            return ()
        self._stand_ins.name(name, known[0], made_up=False)
        return (known[0],)

    def _make(self, name: str) -> str:
        """An address of RFC 2544's, which no capture has."""
        made = self._made.get(name)
        if made is None:
            number = min(len(self._made), _MOST_MADE) + 1
            made = f"198.18.{number >> 8}.{number & 255}"
            if number <= _MOST_MADE:
                self._made[name] = made
        self._stand_ins.name(name if name in self._made else "others", made, made_up=True)
        return made
