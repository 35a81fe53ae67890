"""Host names looked up by the operating system. Every function here blocks: call it in a thread."""

import os
import socket


def addresses_of(name: str) -> list[tuple[int, str]]:
    """(4 or 6, address) of each address of a host, in the system's order; raises OSError."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except UnicodeError:
        raise OSError(f"{name!r} is no host name") from None
    return [
        (4 if family == socket.AF_INET else 6, str(address[0]).partition("%")[0])
        for family, _, _, _, address in found
        if family in (socket.AF_INET, socket.AF_INET6)
    ]


def own_name() -> str:
    """The name of this host, as the system has it."""
    return os.uname().nodename
