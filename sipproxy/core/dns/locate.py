"""Where a request goes whose target is a name: NAPTR, SRV, A and AAAA (RFC 3263).

The order is Kamailio's (core/dns_cache.c dns_sip_resolve). A URI without transport goes by UDP; but
where the cfg wants NAPTR (`dns_try_naptr`) the DNS chooses, by NAPTR, else by the SRV records that
there are, in the order of the cfg's preferences, and by these with `use_dns_failover` too. With a
port no SRV record counts.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from sipproxy.clock import Chance
from sipproxy.core.dns.names import Names
from sipproxy.core.dns.records import Naptr, Record, Srv
from sipproxy.core.sockets import DEFAULT_PORT

MOST_PLACES = 16
"""Places that one request is sent to at the most, one after the other."""
_PREFIX = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp.", "sctp": "_sip._sctp."}
_SERVICES = {"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls", "sip+d2s": "sctp"}


class Place(NamedTuple):
    """A numeric address, a port and a transport."""

    address: str
    port: int
    proto: str


@dataclass(frozen=True, slots=True)
class Choices:
    """How the cfg wants names looked up; `protos` maps each transport served to its rank."""

    kinds: tuple[str, ...] = ("A", "AAAA")
    """Types of addresses in the order in which they are asked for."""
    naptr: bool = False
    balance: bool = False
    """Whether SRV records of one priority are drawn by weight."""
    failover: bool = False
    by_order: bool = False
    """Whether NAPTR's order counts before our preferences."""
    protos: tuple[tuple[str, int], ...] = (("udp", 30), ("tcp", 20))

    @classmethod
    def of(cls, settings: Any, *, ipv6: bool) -> "Choices":
        """Those of a cfg; IPv6 addresses count if there is a socket for them."""
        flags = settings.dns_cache_flags
        if flags & 1 or not settings.dns_try_ipv6 or not ipv6:
            kinds: tuple[str, ...] = ("A",)
        elif flags & 2:
            kinds = ("AAAA",)
        else:
            kinds = ("AAAA", "A") if flags & 4 else ("A", "AAAA")
        ranks = {"udp": settings.dns_udp_pref, "tcp": settings.dns_tcp_pref}
        if settings.disable_tcp:
            del ranks["tcp"]
        served = sorted(ranks.items(), key=lambda row: -row[1])
        return cls(
            kinds,
            bool(settings.dns_try_naptr),
            bool(settings.dns_srv_lb),
            bool(settings.use_dns_failover),
            not settings.dns_naptr_ignore_rfc,
            tuple(row for row in served if row[1] >= 0),
        )


class Locator:
    """Finds the places of a host, the best first; no more than one without `failover`."""

    def __init__(self, names: Names, chance: Chance, choices: Choices) -> None:
        self.choices = choices
        self._names = names
        self._chance = chance
        self._most = MOST_PLACES if choices.failover else 1

    async def places(self, host: str, port: int, proto: str) -> list[Place]:
        """Where to send; port 0 and an empty transport leave the choice to the DNS."""
        if not port:
            found: list[Place] = []
            if self.choices.naptr and not proto:
                found = await self._by_naptr(host)
            wanted: tuple[str, ...] = (proto or "udp",)
            if (self.choices.naptr or self.choices.failover) and not proto:
                wanted = tuple(name for name, _ in self.choices.protos)
            for one in wanted:
                found = found or await self._by_srv(_PREFIX.get(one, "") + host, one)
            if found:
                return found
        proto = proto or "udp"
        number = port or DEFAULT_PORT.get(proto, 5060)
        return [Place(a, number, proto) for a in await self._addresses(host)][: self._most]

    async def _by_naptr(self, host: str) -> list[Place]:
        rows = [r for r in await self._names.lookup(host, "NAPTR") if isinstance(r, Naptr)]
        found: list[Place] = []
        for proto, replacement in self._usable(rows):
            found += await self._by_srv(replacement, proto)
            if len(found) >= self._most:
                break
        return found[: self._most]

    def _usable(self, rows: list[Naptr]) -> list[tuple[str, str]]:
        """(transport, SRV name) of the rows that we can follow, the best first."""
        ranks = dict(self.choices.protos)
        usable = []
        for row in rows:
            proto = _SERVICES.get(row.service.lower(), "")
            if proto in ranks and row.flags.lower() == "s" and row.replacement:
                order = row.order, row.preference
                rank = (-ranks[proto],)
                key = order + rank if self.choices.by_order else rank + order
                usable.append((key, proto, row.replacement))
        return [(proto, name) for _, proto, name in sorted(usable)]

    async def _by_srv(self, name: str, proto: str) -> list[Place]:
        places: list[Place] = []
        records = await self._names.lookup(name, "SRV")
        for one in self._in_turn([r for r in records if isinstance(r, Srv)]):
            if one.target in ("", "."):
                continue
            addresses = await self._addresses(one.target)
            places += [Place(a, one.port, proto) for a in addresses]
            if len(places) >= self._most:
                break
        return places[: self._most]

    def _in_turn(self, rows: list[Srv]) -> list[Srv]:
        """SRV rows in the order in which they are tried."""
        return self.drawn(rows) if self.choices.balance else rows

    def drawn(self, rows: list[Srv]) -> list[Srv]:
        """SRV rows by priority, those of one priority drawn by weight (RFC 2782 page 3)."""
        order: list[Srv] = []
        for priority in sorted({row.priority for row in rows}):
            left = [row for row in rows if row.priority == priority]
            while left:
                order.append(left.pop(self._draw([row.weight for row in left])))
        return order

    def _draw(self, weights: list[int]) -> int:
        """An index, drawn by weight; rows of weight 0 have a small chance among others."""
        point = self._chance.below(sum(weights) + 1)
        order = sorted(range(len(weights)), key=weights.__getitem__)
        totals = list(accumulate(weights[index] for index in order))
        return order[bisect_left(totals, point)]

    async def _addresses(self, host: str) -> list[str]:
        """Addresses of the first type that has any, or of all types where we may fail over."""
        found: list[Record] = []
        for kind in self.choices.kinds:
            found += await self._names.lookup(host, kind)
            if found and not self.choices.failover:
                break
        return [one for one in found if isinstance(one, str)]
