"""Asking DNS servers, in the server's event loop: dnspython writes and reads the packets.

dnspython is imported with the first question. Each question has a socket and a number of its own,
and a truncated answer is asked for again by TCP.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sipproxy.core.dns.names import Names
from sipproxy.core.dns.records import Done, Found, Naptr, Record, Srv
from sipproxy.text import lower

if TYPE_CHECKING:
    from dns.message import QueryMessage

_SECONDS, _TRIES = 5.0, 2
"""What resolv.conf means where neither it nor the cfg says something else."""
_MOST_TTL = 7 * 86400.0


class NameServer(NamedTuple):
    """A name server."""

    address: str
    port: int = 53


class Plan(NamedTuple):
    """How to ask: which servers, for how long each time, how often; domains to try behind names."""

    servers: tuple[NameServer, ...]
    seconds: float = _SECONDS
    tries: int = _TRIES
    search: tuple[str, ...] = ()
    ndots: int = 1


def plan_of(settings: Any, file: str = "/etc/resolv.conf") -> Plan:
    """What resolv.conf says, and the `dns_*` parameters of a cfg where they say more."""
    from dns.exception import DNSException
    from dns.resolver import Resolver

    system = Resolver(configure=False)
    try:
        system.read_resolv_conf(file)
    except DNSException:
        servers: tuple[NameServer, ...] = (NameServer("127.0.0.1"),)
    else:
        servers = tuple(NameServer(str(one)) for one in system.nameservers)
    most = settings.dns_servers_no or len(servers)
    search = system.search or ([system.domain] if len(system.domain) > 1 else [])
    return Plan(
        servers[:most],
        float(settings.dns_retr_time or _SECONDS),
        settings.dns_retr_no or _TRIES,
        tuple(str(one).rstrip(".") for one in search) if settings.dns_use_search_list else (),
        system.ndots or 1,
    )


class DnsClient:
    """Asks for (name, kind); an answer comes within tries x servers x seconds for each domain.

    `after` is called when an answer was handed over: routes went on.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        plan: Callable[[], Plan],
        after: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._make_plan = plan
        self._plan: Plan | None = None
        self._after = after
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, name: str, kind: str, done: Done) -> None:
        """Begin to ask; `done` is called later, with None when no server answers."""
        task = self._loop.create_task(self._answer(name, kind, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def plan_anew(self) -> None:
        """Settings have changed: look at them before the next question."""
        self._plan = None

    def close(self) -> None:
        """Give up what is on its way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))

    async def _answer(self, name: str, kind: str, done: Done) -> None:
        from dns.exception import DNSException

        if self._plan is None:
            self._plan = self._make_plan()
        try:
            found = await self._found(name, kind, self._plan)
        except (DNSException, ValueError):  # no DNS name at all: too long a label, an empty one
            found = None
        done(found)
        self._after()

    async def _found(self, name: str, kind: str, plan: Plan) -> Found | None:
        """The records of the first of the possible names that has any."""
        best: Found | None = None
        for one in candidates(name, plan):
            found = await self._asked(one, kind, plan)
            if found is not None and found.records:
                return found
            best = best or found
        return best

    async def _asked(self, name: str, kind: str, plan: Plan) -> Found | None:
        """What the first server says that answers."""
        from dns.asyncquery import udp_with_fallback
        from dns.exception import DNSException
        from dns.message import QueryMessage, make_query
        from dns.rcode import NOERROR, NXDOMAIN

        query = make_query(name, kind)
        for _ in range(plan.tries):
            for server in plan.servers:
                try:
                    answer, _ = await asyncio.wait_for(
                        udp_with_fallback(
                            query, server.address, plan.seconds, server.port, ignore_unexpected=True
                        ),
                        plan.seconds,
                    )
                except (DNSException, OSError, EOFError, TimeoutError):
                    continue
                known = answer.rcode() in (NOERROR, NXDOMAIN)
                if known and isinstance(answer, QueryMessage):
                    return read(answer, kind)
        return None


def attach(
    loop: asyncio.AbstractEventLoop,
    names: Names,
    settings: Callable[[], Any],
    servers: tuple[NameServer, ...],
    after: Callable[[], None],
) -> DnsClient:
    """Let a proxy ask these servers, else those of resolv.conf, and know the hosts file.

    `settings` gives those of the cfg that serves.
    """

    def plan() -> Plan:
        found = plan_of(settings())
        return found._replace(servers=servers or found.servers)

    client = DnsClient(loop, plan, after)
    names.ask = client.ask
    names.hosts = hosts_file()
    return client


def candidates(name: str, plan: Plan) -> list[str]:
    """The names to ask for: as it stands, and within the search domains (resolv.conf(5))."""
    inside = [f"{name}.{domain}" for domain in plan.search]
    return [name, *inside] if name.count(".") >= plan.ndots else [*inside, name]


def read(answer: QueryMessage, kind: str) -> Found:
    """The records of an answer, at the end of its chain of CNAMEs; none is an answer too.

    Raises DNSException for a chain without end.
    """
    chain = answer.resolve_chaining()
    if chain.answer is None:
        return Found((), min(chain.minimum_ttl, _MOST_TTL))
    records = tuple(_record(one, kind) for one in chain.answer)
    return Found(records, min(chain.minimum_ttl, _MOST_TTL))


def _record(data: Any, kind: str) -> Record:
    match kind:
        case "SRV":
            return Srv(data.priority, data.weight, data.port, _name(data.target))
        case "NAPTR":
            texts = (data.flags, data.service, data.regexp)
            flags, service, regexp = (text.decode("utf-8", "replace") for text in texts)
            replacement = _name(data.replacement)
            return Naptr(data.order, data.preference, flags, service, regexp, replacement)
        case "TXT":
            return b"".join(data.strings).decode("utf-8", "replace")
        case "CNAME" | "PTR":
            return _name(data.target)
    return str(data.address)


def _name(name: Any) -> str:
    return name.to_text(omit_final_dot=True) if len(name) > 1 else ""


def hosts_file(file: str = "/etc/hosts") -> Mapping[str, tuple[str, ...]]:
    """The addresses of each name of the hosts file, names in lower case."""
    try:
        lines = Path(file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if _is_address(address):
            for name in map(lower, names):
                found[name] = (*found.get(name, ()), address)
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
