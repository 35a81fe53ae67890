"""What a module may read of the machine it runs on: load of the processors, waiting bytes (Linux).

Only a running server makes these objects: a check, a test and a replay see none of it.
"""

import os
import resource
import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

_FIELDS = 8
"""Times in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
_IDLE = 3


class ProcessorLoad:
    """The load of all processors between one reading and the next."""

    def __init__(self, path: str = "/proc/stat") -> None:
        self._path = path
        self._before: list[int] | None = None
        self.processors = os.sysconf("SC_NPROCESSORS_ONLN")

    def read(self, share: int = 1) -> float | None:
        """0.0 to 1.0; 0.0 the first time, None when it cannot be read.

        With `share` the idle time counts for that many times less, as pipelimit does it.
        """
        try:
            with open(self._path, encoding="ascii") as file:
                now = [int(word) for word in file.readline().split()[1 : _FIELDS + 1]]
        except (OSError, ValueError):
            return None
        before, self._before = self._before, now
        if before is None:
            return 0.0
        spent = [later - earlier for later, earlier in zip(now, before, strict=True)]
        total = sum(spent)
        return min(max(1.0 - spent[_IDLE] / total / share, 0.0), 1.0) if total else None


class WaitingBytes:
    """How many bytes wait to be read in sockets with these local addresses (address, port)."""

    def __init__(self, addresses: Iterable[tuple[str, int]], folder: str = "/proc/net") -> None:
        self._wanted = {(address, port) for address, port in addresses}
        self._folder = folder

    def read(self) -> int:
        """The sum over UDP and TCP, IPv4 and IPv6."""
        names = ("udp", "tcp", "udp6", "tcp6")
        rows = (row for name in names for row in self._rows(name))
        return sum(waiting for local, waiting in rows if local in self._wanted)

    def _rows(self, name: str) -> Iterator[tuple[tuple[str, int], int]]:
        try:
            with open(f"{self._folder}/{name}", encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            return
        for line in lines:
            _, local, _, _, queues, *_ = line.split()
            address, _, port = local.partition(":")
            yield (_address(address), int(port, 16)), int(queues.partition(":")[2], 16)


def _address(text: str) -> str:
    """An address as the kernel writes it: words of 32 bits in the machine's own order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return str(IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed))


def process_memory() -> dict[str, int]:
    """Bytes of the machine and of this process: total, free, used, real_used, max_used; fragments.

    There is no shared arena whose fragments could be counted: they are 0.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[1]) * page
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sizes = {"total": total, "free": total - used, "used": used, "real_used": used}
    return sizes | {"max_used": most, "fragments": 0}
