"""Trusted peers: rows of the trusted table, ready to be compared with messages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sipproxy.core import regex
from sipproxy.core.bre import extended
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.text import lower

Search = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class TrustedPeer:
    """One row. `proto` is Kamailio's number, 0 for any; a pattern that is None takes all."""

    source: str
    proto: int
    from_pattern: str | None
    ruri_pattern: str | None
    tag: str | None
    priority: int
    finds_from: Search | None
    finds_ruri: Search | None

    def takes(self, proto: int) -> bool:
        """Whether a transport is meant; 0 is any."""
        return not self.proto or not proto or self.proto == proto

    def trusts(self, from_uri: str, ruri: str) -> bool:
        """Whether the patterns find what is theirs to find. Raises RegexError."""
        return (self.finds_from is None or bool(self.finds_from(from_uri))) and (
            self.finds_ruri is None or bool(self.finds_ruri(ruri))
        )


def read_peer(values: Sequence[object], complain: Callable[[str], None]) -> TrustedPeer | None:
    """A peer of (source, proto, From pattern, R-URI pattern, tag, priority); None is no peer.

    A pattern that is none is complained of and finds nothing. Raises ValueError.
    """
    source, proto, from_pattern, ruri_pattern, tag, priority = values
    if not isinstance(source, str) or not isinstance(proto, str):
        raise ValueError(f"invalid record: source {source}, proto {proto}")
    name = lower(proto)
    if name == "none":
        return None
    if name != "any" and name not in PROTO_NUMBER:
        raise ValueError(f"unknown protocol {proto}")
    return TrustedPeer(
        source,
        PROTO_NUMBER.get(name, 0),
        _text(from_pattern),
        _text(ruri_pattern),
        _text(tag),
        priority if isinstance(priority, int) else 0,
        _search(from_pattern, complain),
        _search(ruri_pattern, complain),
    )


def by_source(peers: Iterable[TrustedPeer]) -> dict[str, list[TrustedPeer]]:
    """The peers of each source, the highest priority first, then the first row."""
    found: dict[str, list[TrustedPeer]] = {}
    for peer in sorted(peers, key=lambda one: -one.priority):
        found.setdefault(peer.source, []).append(peer)
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _search(pattern: object, complain: Callable[[str], None]) -> Search | None:
    """The search for a basic regular expression."""
    if pattern is None:
        return None
    try:
        return regex.compile(extended(str(pattern)), ignore_case=False).search
    except (ValueError, regex.RegexError) as error:
        complain(f"invalid regular expression {pattern}: {error}")
        return lambda text: False
