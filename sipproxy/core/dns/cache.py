"""What DNS servers said, for as long as it holds (Kamailio core/dns_cache.c)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sipproxy.core.dns.records import Naptr, Record, Srv
from sipproxy.text import lower

_ENTRY, _RECORD = 64, 32
"""Bytes that an entry and each of its records count beside their texts."""


@dataclass(slots=True)
class Entry:
    """The records of one type that a name has; none: it is known that there are none."""

    name: str
    kind: str
    records: tuple[Record, ...]
    expires: float
    """Unix time; nothing to a permanent one."""
    used: float
    permanent: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        texts = [str(p) for r in self.records for p in (r if isinstance(r, tuple) else (r,))]
        return _ENTRY + len(self.name) + sum(map(len, texts)) + _RECORD * len(self.records)


class Cache:
    """Entries by name and type, of `most` bytes in all.

    A full cache forgets what has expired; `forgets` lets it forget the rest too, the oldest first,
    else it takes nothing new.
    """

    def __init__(self, most: int, *, forgets: bool = False) -> None:
        self.most = most
        self.used = 0
        """Bytes of all entries."""
        self._forgets = forgets
        self._entries: dict[tuple[str, str], Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str, kind: str, now: float) -> Entry | None:
        """What is known and still holds."""
        entry = self._entries.get((lower(name), kind))
        if entry is None:
            return None
        if not entry.permanent and entry.expires <= now:
            self._remove(entry)
            return None
        entry.used = now
        return entry

    def put(
        self,
        name: str,
        kind: str,
        records: tuple[Record, ...],
        ttl: float,
        now: float,
        *,
        permanent: bool = False,
    ) -> None:
        """Keep records for `ttl` seconds; those known before are replaced."""
        entry = Entry(lower(name), kind, in_order(records), now + ttl, now, permanent)
        known = self._entries.get((entry.name, kind))
        if known is not None:
            self._remove(known)
        if self.used + entry.size > self.most and not self._make_room(entry.size, now):
            return
        self._entries[entry.name, kind] = entry
        self.used += entry.size

    def add(
        self, name: str, kind: str, record: Record, ttl: float, now: float, *, permanent: bool
    ) -> None:
        """Add one record to those that are known of a name."""
        known = self.get(name, kind, now)
        records = (*known.records, record) if known is not None else (record,)
        self.put(name, kind, records, ttl, now, permanent=permanent)

    def delete(self, name: str, kind: str) -> bool:
        """Forget an entry; False if there is none."""
        entry = self._entries.get((lower(name), kind))
        if entry is not None:
            self._remove(entry)
        return entry is not None

    def clear(self, *, permanent: bool) -> None:
        """Forget everything, the permanent entries too if so wanted."""
        for entry in list(self._entries.values()):
            if permanent or not entry.permanent:
                self._remove(entry)

    def entries(self, now: float) -> Iterator[Entry]:
        """All that holds."""
        for entry in self._entries.values():
            if entry.permanent or entry.expires > now:
                yield entry

    def _remove(self, entry: Entry) -> None:
        del self._entries[entry.name, entry.kind]
        self.used -= entry.size

    def _make_room(self, wanted: int, now: float) -> bool:
        for entry in list(self._entries.values()):
            if not entry.permanent and entry.expires <= now:
                self._remove(entry)
        if self._forgets:
            for entry in list(self._entries.values()):
                if self.used + wanted <= self.most:
                    break
                if not entry.permanent:
                    self._remove(entry)
        return self.used + wanted <= self.most


def in_order(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Records as they are tried: SRV by priority and falling weight, NAPTR by order."""
    if records and isinstance(records[0], Srv):
        return tuple(sorted(records, key=_srv_rank))
    if records and isinstance(records[0], Naptr):
        return tuple(sorted(records, key=_naptr_rank))
    return records


def _srv_rank(record: Record) -> tuple[int, int]:
    assert isinstance(record, Srv)
    return record.priority, -record.weight


def _naptr_rank(record: Record) -> tuple[int, int]:
    assert isinstance(record, Naptr)
    return record.order, record.preference
