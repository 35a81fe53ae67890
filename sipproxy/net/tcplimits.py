"""What TCP may cost: the `tcp_*` parameters of a cfg."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """The `tcp_*` parameters: seconds, bytes, counts."""

    connections: int = 2048
    message: int = 16383
    queue: int = 32768
    queues: int = 10_485_760
    connect: float = 10.0
    send: float = 10.0
    lifetime: float = 120.0
    no_connect: bool = False
    needs_length: bool = True
    accept_aliases: bool = False
    pong: bool = True
    keepalive: tuple[int, int, int, int] = (1, 0, 0, 0)
    """Whether TCP itself probes idle connections; idle and interval in seconds, count; 0: theirs"""
    source: tuple[str, str] = ("", "")
    """The addresses, IPv4 and IPv6, that connections of ours come from."""

    @classmethod
    def of(cls, settings: Any) -> Limits:
        """Those of a cfg."""

        def patience(seconds: int) -> float:
            return float(seconds) if seconds >= 0 else inf

        return cls(
            settings.tcp_max_connections,
            max(settings.tcp_rd_buf_size, 512) - 1,  # Kamailio's buffer must not be full
            settings.tcp_conn_wq_max,
            settings.tcp_wq_max,
            patience(settings.tcp_connect_timeout),
            patience(settings.tcp_send_timeout),
            patience(settings.tcp_connection_lifetime),
            bool(settings.tcp_no_connect),
            not settings.tcp_accept_no_cl,
            bool(settings.tcp_accept_aliases),
            bool(settings.tcp_crlf_ping),
            (
                settings.tcp_keepalive,
                settings.tcp_keepidle,
                settings.tcp_keepintvl,
                settings.tcp_keepcnt,
            ),
            (settings.tcp_source_ipv4 or "", settings.tcp_source_ipv6 or ""),
        )
