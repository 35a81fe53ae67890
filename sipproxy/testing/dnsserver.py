"""A DNS server on loopback with one zone in memory, for tests of what asks a real one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""(name without its last dot, type) -> records as a zone file writes them."""

_TTL = 300


class DnsServer:
    """Answers by UDP and TCP on one port of 127.0.0.1, in a thread, until it is closed.

    `asked` are the questions that came by UDP. While `silent`, nothing is answered; what has more
    than `most` bytes is truncated, so that it is asked for by TCP.
    """

    def __init__(self, zone: Zone, *, ttl: int = _TTL, most: int = 1200) -> None:
        self.zone = dict(zone)
        self.ttl = ttl
        self.most = most
        self.silent = False
        self.asked: list[tuple[str, str]] = []
        self.by_tcp: list[tuple[str, str]] = []
        self._udp, self._tcp = _both()
        self.address, self.port = self._udp.getsockname()
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        """Give the port back."""
        self._tcp.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._tcp.close()
        self._udp.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                data, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(data)
            self.asked.append(_question(query))
            answer = self.answer(query)
            if self.silent:
                continue
            packed = answer.to_wire()
            if len(packed) > self.most:
                short = dns.message.make_response(query)
                short.flags |= dns.flags.TC
                packed = short.to_wire()
            self._udp.sendto(packed, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                peer, _ = self._tcp.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                data = peer.recv(4096)
                query = dns.message.from_wire(data[2:])
                self.by_tcp.append(_question(query))
                packed = self.answer(query).to_wire(max_size=65535)
                peer.sendall(len(packed).to_bytes(2) + packed)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """What the zone says; CNAMEs are followed within it."""
        name, kind = _question(query)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        for _ in range(8):
            alias = self.zone.get((name, "CNAME"))
            if alias is None or kind == "CNAME":
                break
            answer.answer.append(self._rows(name, "CNAME", alias))
            name = alias[0].rstrip(".")
        found = self.zone.get((name, kind))
        if found:
            answer.answer.append(self._rows(name, kind, found))
        elif not answer.answer and all(known != name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def _rows(self, name: str, kind: str, records: Sequence[str]) -> dns.rrset.RRset:
        return dns.rrset.from_text_list(f"{name}.", self.ttl, "IN", kind, records)


def _both() -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket of one port."""
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return udp, tcp


def _question(query: dns.message.Message) -> tuple[str, str]:
    row = query.question[0]
    return row.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(row.rdtype)
