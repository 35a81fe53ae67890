"""Ports of loopback for servers that a test starts."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody has, by UDP and by TCP."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as one,
            socket.socket(family, socket.SOCK_STREAM) as two,
        ):
            one.bind((address, 0))
            port: int = one.getsockname()[1]
            try:
                two.bind((address, port))
            except OSError:
                continue
            return port
