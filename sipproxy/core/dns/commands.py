"""The RPC commands `dns.*` (Kamailio core/dns_cache.c)."""

from typing import Any

from sipproxy.core.addresses import packed
from sipproxy.core.dns.cache import Entry
from sipproxy.core.dns.names import Names
from sipproxy.core.dns.records import KINDS, Naptr, Record, Srv
from sipproxy.core.module import Module, rpc
from sipproxy.errors import RpcError

Row = dict[str, Any]

_NEGATIVE, _PERMANENT = 1, 2
"""Bits of the flags that dns.add_* take."""
_OFF = "dns cache support disabled (see use_dns_cache)"


class DnsCommands(Module):
    """What is kept of the DNS: shown, added to, deleted."""

    @rpc("dns.mem_info")
    def _mem_info(self) -> list[int]:
        """Bytes that the cache uses, and those that it may use."""
        cache = self._names().cache
        return [cache.used, cache.most]

    @rpc("dns.view", array=True)
    def _view(self) -> list[Row]:
        """Every entry of the cache."""
        now = self.host.now()
        return [_shown(entry, now) for entry in self._names().cache.entries(now)]

    @rpc("dns.lookup", missing=("too few parameters", "too few parameters"))
    def _lookup(self, kind: str, name: str) -> Row:
        """Look a name up; what is not known yet is asked for, and shown the next time."""
        names = self._names()
        wanted = kind.upper()
        if wanted not in KINDS:
            raise RpcError(400, "Invalid type")

        async def ask() -> None:
            await names.lookup(name, wanted)

        self.host.begin(ask(), lambda: None)
        now = self.host.now()
        entry = names.cache.get(name, wanted, now)
        if entry is None or not entry.records:
            raise RpcError(400, "Not found")
        return _shown(entry, now)

    @rpc("dns.delete_all")
    def _delete_all(self) -> Row:
        """Forget all but the permanent entries."""
        self._names().cache.clear(permanent=False)
        return {"status": "ok"}

    @rpc("dns.delete_all_force")
    def _delete_all_force(self) -> Row:
        """Forget all entries."""
        self._names().cache.clear(permanent=True)
        return {"status": "ok"}

    @rpc("dns.add_a")
    def _add_a(self, name: str, ttl: int, address: str, flags: int) -> None:
        """Add an IPv4 address to a name; flags: 1 there is none, 2 it never expires."""
        self._add(name, "A", _address(address, 4), ttl, flags)

    @rpc("dns.add_aaaa")
    def _add_aaaa(self, name: str, ttl: int, address: str, flags: int) -> None:
        """Add an IPv6 address to a name; flags: 1 there is none, 2 it never expires."""
        self._add(name, "AAAA", _address(address, 16), ttl, flags)

    @rpc("dns.add_srv")
    def _add_srv(
        self, name: str, ttl: int, priority: int, weight: int, port: int, target: str, flags: int
    ) -> None:
        """Add a place of a service; flags: 1 there is none, 2 it never expires."""
        self._add(name, "SRV", Srv(priority, weight, port, target), ttl, flags)

    @rpc("dns.delete_a")
    def _delete_a(self, name: str) -> None:
        """Forget the IPv4 addresses of a name."""
        self._delete(name, "A")

    @rpc("dns.delete_aaaa")
    def _delete_aaaa(self, name: str) -> None:
        """Forget the IPv6 addresses of a name."""
        self._delete(name, "AAAA")

    @rpc("dns.delete_srv")
    def _delete_srv(self, name: str) -> None:
        """Forget the places of a service."""
        self._delete(name, "SRV")

    @rpc("dns.delete_naptr")
    def _delete_naptr(self, name: str) -> None:
        """Forget the NAPTR records of a name."""
        self._delete(name, "NAPTR")

    @rpc("dns.delete_cname")
    def _delete_cname(self, name: str) -> None:
        """Forget the CNAME of a name."""
        self._delete(name, "CNAME")

    @rpc("dns.delete_txt")
    def _delete_txt(self, name: str) -> None:
        """Forget the texts of a name."""
        self._delete(name, "TXT")

    @rpc("dns.delete_ptr")
    def _delete_ptr(self, name: str) -> None:
        """Forget the name of an address."""
        self._delete(name, "PTR")

    def _names(self) -> Names:
        names: Names = self.host.names
        if not names.caches:
            raise RpcError(500, _OFF)
        return names

    def _add(self, name: str, kind: str, record: Record, ttl: int, flags: int) -> None:
        cache, now = self._names().cache, self.host.now()
        permanent = bool(flags & _PERMANENT)
        if flags & _NEGATIVE:
            cache.put(name, kind, (), ttl, now, permanent=permanent)
        else:
            cache.add(name, kind, record, ttl, now, permanent=permanent)

    def _delete(self, name: str, kind: str) -> None:
        if not self._names().cache.delete(name, kind):
            raise RpcError(400, "Not found")


def _address(text: str, length: int) -> str:
    try:
        good = len(packed(text)) == length
    except ValueError:
        good = False
    if not good:
        raise RpcError(400, "Failed to add the entry to the cache")
    return text


def _shown(entry: Entry, now: float) -> Row:
    left = 0 if entry.permanent else int(entry.expires - now)
    permanent = "yes" if entry.permanent else "no"
    row: Row = {
        "name": entry.name,
        "type": entry.kind,
        "size_bytes": entry.size,
        "reference_counter": 1,
        "permanent": permanent,
        "expires": left,
        "last_used": int(now - entry.used),
        "negative_entry": "no" if entry.records else "yes",
    }
    if entry.records:
        row["records"] = [
            {
                "rr_idx": number,
                **_record(entry.kind, record),
                "rr_permanent": permanent,
                "rr_expires": left,
            }
            for number, record in enumerate(entry.records)
        ]
    return row


def _record(kind: str, record: Record) -> Row:
    match record:
        case Srv():
            return {
                "rr_name": record.target,
                "rr_port": record.port,
                "rr_priority": record.priority,
                "rr_weight": record.weight,
            }
        case Naptr():
            return {
                "rr_order": record.order,
                "rr_preference": record.preference,
                "rr_flags": record.flags,
                "rr_service": record.service,
                "rr_regexp": record.regexp,
                "rr_replacement": record.replacement,
            }
    if kind == "TXT":
        return {"txt": [{"idx": 0, "rr_txt": record}]}
    return {"rr_ip" if kind in ("A", "AAAA") else "rr_name": record}
