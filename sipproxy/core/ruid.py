"""Identifiers that no two servers make alike (Kamailio core/utils/sruid.c)."""

from typing import Any


class Ruids:
    """`uloc-65a1f2c3-1c7f-1`: a maker's name, the server's id if it has one, start, chance, count.

    Where Kamailio has the number of its process there are 16 bits of chance; the digits of the
    count stand in Kamailio's order, the lowest first.
    """

    def __init__(self, host: Any, maker: str) -> None:
        self._host = host
        self._maker = maker
        self._start = ""
        self._count = 0

    def next(self) -> str:
        """A new one."""
        if not self._start:
            self._start = self._make_start()
        self._count += 1
        return f"{self._start}{f'{self._count:x}'[::-1]}"

    def _make_start(self) -> str:
        server = getattr(self._host.settings, "server_id", 0)
        mine = f"{server & 0xFFFF_FFFF:x}-" if server else ""
        began = int(self._host.now())
        return f"{self._maker}-{mine}{began:x}-{self._host.chance.below(0x10000):x}-"
