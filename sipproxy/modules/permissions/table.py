"""Addresses, networks and names by group (Kamailio modules/permissions/hash.c, address.c)."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from sipproxy.core.addresses import packed_as_kamailio


@dataclass(frozen=True, slots=True)
class Peer:
    """One row. `port` 0 is any; `tag` None gives no tag; `number` counts rows from 0."""

    group: int
    port: int
    tag: str | None
    number: int

    def takes(self, port: int) -> bool:
        """Whether a port is meant."""
        return self.port in (0, port)


@dataclass(frozen=True, slots=True)
class Network(Peer):
    """A row with a prefix shorter than an address."""

    address: bytes
    mask: int


class AddressTable:
    """All rows of one reading. Once read it does not change: a reload makes another one."""

    def __init__(self, max_networks: int) -> None:
        self.max_networks = max_networks
        self.addresses: dict[bytes, list[Peer]] = {}
        """The newest row of an address first."""
        self.names: dict[str, list[Peer]] = {}
        self.networks: list[Network] = []
        """By group, and by row within one."""
        self._prefixes: dict[tuple[int, int], dict[int, list[Network]]] = {}
        """Networks by (bytes of the address, bits that do not count) and by what is left then."""
        self.full = False
        """Networks were left out."""
        self._rows = 0

    def add(self, group: int, address: str, mask: int, port: int, tag: str | None) -> None:
        """Take in a row; mask 0 is a whole address. Raises ValueError for an impossible mask."""
        number = self._rows
        self._rows += 1
        try:
            key = packed_as_kamailio(address)
        except ValueError:
            self.names.setdefault(address, []).insert(0, Peer(group, port, tag, number))
            return
        bits = 8 * len(key)
        if not 0 <= mask <= bits:
            raise ValueError(f"{address} has no prefix of {mask} bits")
        if mask in (0, bits):
            self.addresses.setdefault(key, []).insert(0, Peer(group, port, tag, number))
        elif len(self.networks) >= self.max_networks:
            self.full = True
        else:
            self.networks.append(Network(group, port, tag, number, key, mask))

    def settle(self) -> None:
        """All rows are in: put the networks in order."""
        self.networks.sort(key=attrgetter("group"))
        for network in self.networks:
            width = len(network.address)
            spare = 8 * width - network.mask
            prefix = int.from_bytes(network.address) >> spare
            self._prefixes.setdefault((width, spare), {}).setdefault(prefix, []).append(network)

    def find(self, address: bytes, port: int, group: int | None) -> Peer | None:
        """The row that an address and port belong to, in one group or (None) in any.

        An address before a network; of networks the one of the lowest group, then the first row.
        """
        for peer in self.addresses.get(address, ()):
            if (group is None or peer.group == group) and peer.takes(port):
                return peer
        return self._find_network(address, port, group) if self._prefixes else None

    def _find_network(self, address: bytes, port: int, group: int | None) -> Peer | None:
        number = int.from_bytes(address)
        best: Network | None = None
        for (width, spare), prefixes in self._prefixes.items():
            if width != len(address):
                continue
            for network in prefixes.get(number >> spare, ()):
                if (group is None or network.group == group) and network.takes(port):
                    if best is None or _order(network) < _order(best):
                        best = network
                    break
        return best

    def find_name(self, name: str, port: int, group: int | None) -> Peer | None:
        """The newest row of a host name."""
        for peer in self.names.get(name, ()):
            if (group is None or peer.group == group) and peer.takes(port):
                return peer
        return None


def _order(network: Network) -> tuple[int, int]:
    return network.group, network.number


Row = tuple[int, str, int, int, str | None]
"""Group, address or name, mask, port, tag."""


def read_lines(text: str) -> Iterator[Row]:
    """The rows of an address file: `group address [mask [port [tag]]]`, `#` begins a comment.

    Raises ValueError for a line without an address.
    """
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.lstrip(_BLANK)
        if not rest or rest[0] == "#":
            continue
        group, rest = _number(rest)
        address, rest = _word(rest)
        if not address:
            raise ValueError(f"line {number} has no address")
        mask, rest = _number(rest)
        port, rest = _number(rest)
        tag, rest = _word(rest)
        yield group, address, mask, port, tag or None


_BLANK = " \t\r"


def _number(text: str) -> tuple[int, str]:
    """The digits in front, 0 for none, and what follows."""
    end = 0
    while end < len(text) and text[end] in "0123456789":
        end += 1
    return int(text[:end] or 0) & 0xFFFFFFFF, text[end:].lstrip(_BLANK)


def _word(text: str) -> tuple[str, str]:
    """What stands before the next blank or `#`, and what follows."""
    end = 0
    while end < len(text) and text[end] not in " \t\r#":
        end += 1
    return text[:end], text[end:].lstrip(_BLANK)
