"""Telling systemd how the service is (sd_notify(3)): a datagram to the socket it names."""

import os
import socket
import time
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send `READY=1` or the like; False where nobody asked for it or nobody listens."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    address = "\0" + path[1:] if path[0] == "@" else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
        try:
            there.sendto(state.encode(), address)
        except OSError:  # a service that nobody watches serves as well
            return False
    return True


def notify_reloading(environment: Mapping[str, str] = os.environ) -> bool:
    """Say that the cfg is read again; `READY=1` says that it is done."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    return notify(f"RELOADING=1\nMONOTONIC_USEC={microseconds}", environment)
