"""Blocks of free UDP ports, never handed out twice at a time on one machine."""

import os
import socket

SIZE = 20
FIRST, LAST = 20000, 32000  # five digits, below the ports systems give out by themselves


class PortBlock:
    """Twenty neighbouring ports, ours until :meth:`close`.

    An abstract unix socket named after the block is the lock: other runs of the harness see it,
    and it goes when the process goes.
    """

    def __init__(self) -> None:
        blocks = (LAST - FIRST) // SIZE
        for attempt in range(blocks):
            base = FIRST + SIZE * ((os.getpid() + attempt) % blocks)
            lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lock.bind(f"\0conformance-ports-{base}")
            except OSError:
                lock.close()
                continue
            if all(_is_free(port) for port in range(base, base + SIZE)):
                self.base = base
                self._lock = lock
                return
            lock.close()
        raise OSError("no block of free UDP ports found")

    def close(self) -> None:
        """Give the block back."""
        self._lock.close()


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))  # refused while any local address has the port
        except OSError:
            return False
    return True
