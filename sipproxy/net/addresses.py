"""From `listen` lines to addresses a socket can be bound to: names and interfaces looked up."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from sipproxy.core.flow import Address
from sipproxy.core.sockets import DEFAULT_PORT, ListenSocket
from sipproxy.errors import SipproxyError
from sipproxy.program import Program
from sipproxy.script.tree import Address as ListenAddress

_SIOCGIFADDR = 0x8915


class StartError(SipproxyError):
    """The server cannot start; the text is one sentence for the person who started it."""


def listen_sockets(
    listen: Iterable[ListenAddress], port: int, *, protos: tuple[str, ...] = ("udp", "tcp")
) -> tuple[list[ListenSocket], list[str]]:
    """The sockets to bind and the addresses of protocols that are not served.

    A line without a protocol is for all of `protos`; the sockets of one protocol stand together.
    Without a listen line every IPv4 address of the machine is taken, as Kamailio does. Raises
    StartError for a host or an interface that is not known.
    """
    sockets: list[ListenSocket] = []
    unserved: list[str] = []
    listen = list(listen)
    for address in listen:
        if address.proto and address.proto not in protos:
            unserved.append(f"{address.proto}:{address.host}:{address.port or port}")
            continue
        sockets.extend(_resolved(address, port, protos))
    if not listen:
        own = own_addresses()
        sockets = [ListenSocket(p, a, port or DEFAULT_PORT[p]) for p in protos for a in own]
    return sorted(_once(sockets), key=lambda one: protos.index(one.proto)), unserved


def _resolved(address: ListenAddress, port: int, protos: tuple[str, ...]) -> Iterator[ListenSocket]:
    for host in (address.host, *address.others):
        for found in addresses_of(host):
            for proto in (address.proto,) if address.proto else protos:
                own_port = address.port or port or DEFAULT_PORT[proto]
                yield ListenSocket(proto, found, own_port, address.advertise, address.name)


def _once(sockets: Iterable[ListenSocket]) -> list[ListenSocket]:
    seen: dict[tuple[str, Address], ListenSocket] = {}
    for one in sockets:
        seen.setdefault((one.proto, one.local), one)
    return list(seen.values())


def addresses_of(host: str) -> list[str]:
    """The addresses of an IP address, an interface or a host name; raises StartError."""
    bare = host.strip("[]")
    try:
        return [str(ipaddress.ip_address(bare))]
    except ValueError:
        pass
    if bare in interfaces():
        found = [a for a in (interface_ipv4(bare), *interface_ipv6(bare)) if a]
        if not found:
            raise StartError(f"cannot listen on {host}: the interface has no address")
        return found
    try:
        rows = socket.getaddrinfo(bare, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise StartError(
            f"cannot listen on {host}: no such interface, and no address is known for that name"
        ) from None
    first = rows[0][0]  # as Kamailio: addresses of the family that the resolver prefers
    return list(dict.fromkeys(str(row[4][0]) for row in rows if row[0] == first))


def interfaces() -> list[str]:
    """The names of the machine's network interfaces."""
    return [name for _, name in socket.if_nameindex()]


def interface_ipv4(name: str) -> str:
    """The IPv4 address of an interface, empty for none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            row = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name[:15].encode()))
        except OSError:
            return ""
    return socket.inet_ntop(socket.AF_INET, row[20:24])


def interface_ipv6(name: str) -> list[str]:
    """The IPv6 addresses of an interface, link-local ones left out (they need a scope)."""
    try:
        lines = Path("/proc/net/if_inet6").read_text("ascii").splitlines()
    except OSError:
        return []
    rows = (line.split() for line in lines)
    found = [ipaddress.IPv6Address(int(row[0], 16)) for row in rows if row[5] == name]
    return [str(address) for address in found if not address.is_link_local]


def own_addresses() -> list[str]:
    """Every IPv4 address of the machine's interfaces, each once."""
    found = [interface_ipv4(name) for name in interfaces()]
    return list(dict.fromkeys(address for address in found if address))


def with_aliases(program: Program, sockets: list[ListenSocket]) -> Program:
    """The names of our addresses count as ours, unless the cfg says auto_aliases=no."""
    settings = program.settings
    if not settings.auto_aliases:
        return program
    known = {alias[0] for alias in settings.alias}
    more = [
        (name, one.port, one.proto)
        for one in sockets
        for name in names_of([one.address])
        if name not in known
    ]
    return replace(program, settings=replace(settings, alias=[*settings.alias, *more]))


def names_of(addresses: Iterable[str]) -> list[str]:
    """Names that the hosts file gives to these addresses (auto_aliases); no DNS server is asked.

    As with gethostbyaddr, only the first line of an address counts.
    """
    wanted = set(addresses)
    names: list[str] = []
    try:
        lines = Path("/etc/hosts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    for line in lines:
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[0] in wanted:
            wanted.remove(words[0])
            names.extend(words[1:])
    return names
