"""DNS records as values."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Srv(NamedTuple):
    """Where a service of a domain is (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Naptr(NamedTuple):
    """Which transports a domain wants, or how a number becomes a URI (RFC 3403)."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


Record: TypeAlias = str | Srv | Naptr
"""A record's data; of A and AAAA the address, of PTR and CNAME a name, of TXT its text."""

KINDS = frozenset({"A", "AAAA", "CNAME", "NAPTR", "PTR", "SRV", "TXT"})
"""The types of records that are asked for."""


class Found(NamedTuple):
    """What a server said: no records where the name or its records do not exist."""

    records: tuple[Record, ...]
    ttl: float
    """Seconds for which it holds."""


Done: TypeAlias = Callable[[Found | None], None]
"""Called once with the answer, None when no server answered."""
Ask: TypeAlias = Callable[[str, str, Done], None]
"""Ask the servers for (name, kind); it may call `Done` at once or later."""
