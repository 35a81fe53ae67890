"""Names looked up once, however many routes want them, and remembered."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sipproxy.clock import Clock
from sipproxy.core.dns.cache import Cache, in_order
from sipproxy.core.dns.records import Ask, Done, Found, Record
from sipproxy.core.waiting import Wait
from sipproxy.text import byte_length, lower

_MOST_PENDING = 4096
"""Questions on their way; beyond it a name counts as unknown at once."""
_LONGEST_NAME = 255


class Names:
    """What a proxy knows of the DNS. `ask` is given by a shell; without one all is unknown.

    `hosts` are the addresses of the hosts file, by lower-case name.
    """

    def __init__(self, clock: Clock) -> None:
        self.ask: Ask = _unanswered
        self.hosts: Mapping[str, tuple[str, ...]] = MappingProxyType({})
        self.asked = 0
        """Questions put to servers."""
        self.cache = Cache(500 << 10)
        self._clock = clock
        self._uses_cache = True
        self._negative_ttl = 60.0
        self._ttl_bounds = 0.0, float("inf")
        self._pending: dict[tuple[str, str], list[Wait]] = {}

    def configure(self, settings: Any) -> None:
        """Take the `dns_cache_*` parameters of a cfg."""
        self._uses_cache = bool(settings.use_dns_cache and settings.dns_cache_init)
        self._negative_ttl = float(settings.dns_cache_negative_ttl)
        longest = float(settings.dns_cache_max_ttl or "inf")
        self._ttl_bounds = float(settings.dns_cache_min_ttl), longest
        self.cache = Cache(
            settings.dns_cache_mem << 10, forgets=bool(settings.dns_cache_del_nonexp)
        )

    @property
    def caches(self) -> bool:
        """Whether answers are kept."""
        return self._uses_cache

    async def lookup(self, name: str, kind: str) -> tuple[Record, ...]:
        """The records of a name, none if there are none; it waits only for what is not known."""
        name = lower(name.rstrip("."))
        if kind in ("A", "AAAA") and name in self.hosts:
            return tuple(a for a in self.hosts[name] if (":" in a) == (kind == "AAAA"))
        if not name or byte_length(name) > _LONGEST_NAME:
            return ()
        known = self.cache.get(name, kind, self._clock.now()) if self._uses_cache else None
        if known is not None:
            return known.records
        wait = self._begin(name, kind)
        if wait is None:
            return ()
        found = await wait
        assert isinstance(found, tuple)
        return found

    def _begin(self, name: str, kind: str) -> Wait | None:
        key = name, kind
        wait = Wait()
        waiting = self._pending.get(key)
        if waiting is not None:
            waiting.append(wait)
        elif len(self._pending) >= _MOST_PENDING:
            return None
        else:
            self._pending[key] = [wait]
            self.asked += 1
            self.ask(name, kind, partial(self._answered, key))
        return wait

    def _answered(self, key: tuple[str, str], found: Found | None) -> None:
        records = in_order(found.records) if found is not None else ()
        if self._uses_cache:
            self._keep(*key, records, found.ttl if found is not None else 0.0)
        for wait in self._pending.pop(key, ()):
            wait.finish(records)

    def _keep(self, name: str, kind: str, records: tuple[Record, ...], ttl: float) -> None:
        least, most = self._ttl_bounds
        ttl = min(max(ttl, least), most) if records else self._negative_ttl
        if ttl > 0:
            self.cache.put(name, kind, records, ttl, self._clock.now())


def _unanswered(name: str, kind: str, done: Done) -> None:
    """Nobody is there to be asked."""
    done(None)
