"""dns_query and $dns, dns_sys_match_ip, $HN: names of hosts (Kamailio ipops_pv.c)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sipproxy.core import names
from sipproxy.core.access import PvAccess
from sipproxy.core.addresses import packed, packed_ipv4
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function, pvar
from sipproxy.core.offload import Workers
from sipproxy.core.values import Value
from sipproxy.modules.ipops.queries import Queries
from sipproxy.text import byte_length

Addresses = Sequence[tuple[int, str]]
"""(4 or 6, address) of each."""

_LONGEST_NAME = 255
_MOST = 32
_THREADS, _BACKLOG, _SECONDS = 4, 256, 10.0
_BAD_NAME, _BAD_ADDRESS, _UNKNOWN = -2, -3, -4
_BLANKS = " \t\r\n"


class Lookups(Queries):
    """Functions that ask the system for addresses; a route waits for them."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.resolve: Callable[[str], Addresses] = names.addresses_of
        """Looks a name up; raises OSError. Called in a thread."""
        self._workers = Workers(host.offload, "names", threads=_THREADS, backlog=_BACKLOG)
        self._found: dict[str, Addresses] = {}
        self._wants_own_address = False
        self._own_address: str | None = None

    def open(self) -> None:
        """Look our own name up, if `$HN(i)` is used."""
        if self._wants_own_address:
            try:
                self._own_address = self.resolve(names.own_name())[0][1]
            except (OSError, IndexError):
                report(self.host.log, ERROR, "ipops", "the name of this host has no address")

    def close(self) -> None:
        """Let the threads end."""
        self._workers.close()

    async def _resolved(self, name: str) -> Addresses | None:
        """The addresses of a name; None, with a line in the log, when there are none in time."""
        try:
            found = await self._workers.submit(partial(self.resolve, name), _SECONDS)
        except (OSError, TimeoutError) as error:
            self.host.report_limited(ERROR, "ipops", f"unable to resolve {name}: {error}", "dns")
            return None
        assert isinstance(found, list)
        return found

    @function(outside=True)
    async def dns_query(self, ctx: Context, name: str, key: str) -> int:
        """Look a host up for `$dns(key=>...)`: 1, -2 for too long a name, -4 for an unknown one."""
        if byte_length(name) > _LONGEST_NAME:
            return _BAD_NAME
        self._found[key] = ()
        found = await self._resolved(name)
        if found is None:
            return _UNKNOWN
        self._found[key] = found[:_MOST]
        return 1

    @function(outside=True)
    async def dns_sys_match_ip(self, ctx: Context, name: str, address: str) -> int:
        """1 when a host has an address, -1 when not, -3 for no address, -4 for an unknown host."""
        return await self._matched(name, address, lambda found: found)

    @function(outside=True)
    async def dns_int_match_ip(self, ctx: Context, name: str, address: str) -> int:
        """As dns_sys_match_ip; IPv6 addresses count where there are no others and we listen on one.

        -4 where none counts.
        """
        return await self._matched(name, address, self._usual)

    def _usual(self, found: Addresses) -> Addresses:
        """Those that Kamailio's own resolver gives."""
        listens = any(":" in socket.address for socket in self.host.own.sockets)
        return [one for one in found if one[0] == 4] or (found if listens else ())

    async def _matched(
        self, name: str, address: str, which: Callable[[Addresses], Addresses]
    ) -> int:
        try:
            wanted = packed(address) if _is_ipv6(address) else packed_ipv4(address)
        except ValueError:
            report(self.host.log, ERROR, "ipops", f"invalid ip address: {address}")
            return _BAD_ADDRESS
        found = which(await self._resolved(name) or ())
        if not found:
            return _UNKNOWN
        return 1 if any(packed(one) == wanted for _, one in found) else -1

    @function()
    def dns_set_local_ttl(self, ctx: Context, seconds: int) -> None:
        """Accepted: addresses are not cached here, the system does that."""

    @pvar("dns", bind=True)
    def dns(self, inner: str | None, index: str | None) -> PvAccess:
        """`$dns(key=>addr[n])`, `type` (4 or 6), `ipv4`, `ipv6` (whether there is one), `count`.

        All of them are undefined when dns_query found nothing.
        """
        key, arrow, rest = (inner or "").strip(_BLANKS).partition("=>")
        what, bracket, place = rest.partition("[")
        read = _READERS.get(what)
        if index is not None or not key or not arrow or read is None:
            raise ValueError("it is written $dns(key=>addr[0]), type, ipv4, ipv6 or count")
        at = self._index(place.removesuffix("]") if bracket else "0")
        key = key.rstrip(_BLANKS)

        def get(ctx: Context) -> Value:
            found = self._found.get(key, ())
            position = at(ctx)
            if not isinstance(position, int):
                report(self.host.log, ERROR, "ipops", "failed to evaluate index variable")
                return None
            position = position + len(found) if position < 0 else position
            return read(found, position) if 0 <= position < len(found) else None

        return PvAccess(get)

    @pvar("HN", bind=True)
    def own_name(self, inner: str | None, index: str | None) -> PvAccess:
        """The name of this host: `n` its first part, `d` the rest, `f` all, `i` its address."""
        full = names.own_name()
        first, _, domain = full.partition(".")
        known = {"n": first, "f": full, "d": domain}
        if inner == "i":
            self._wants_own_address = True
            return PvAccess(lambda ctx: self._own_address)
        if inner not in known or index is not None:
            raise ValueError("it is written $HN(n), $HN(f), $HN(d) or $HN(i)")
        value = known[inner] or None
        return PvAccess(lambda ctx: value)


_READERS: dict[str, Callable[[Addresses, int], int | str]] = {
    "addr": lambda found, at: found[at][1],
    "type": lambda found, at: found[at][0],
    "ipv4": lambda found, at: int(any(kind == 4 for kind, _ in found)),
    "ipv6": lambda found, at: int(any(kind == 6 for kind, _ in found)),
    "count": lambda found, at: len(found),
}


def _is_ipv6(address: str) -> bool:
    return address.startswith("[") or ":" in address
