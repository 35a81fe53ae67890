"""The DNS server of the tests, asked by dnspython."""

from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from sipproxy.testing.dnsserver import DnsServer


@pytest.fixture
def server() -> Iterator[DnsServer]:
    made = DnsServer(
        {
            ("a.example", "A"): ["192.0.2.1", "192.0.2.2"],
            ("c.example", "CNAME"): ["a.example."],
        },
        ttl=60,
        most=100,
    )
    yield made
    made.close()


def ask(server: DnsServer, name: str, kind: str = "A") -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    answer, _ = dns.query.udp_with_fallback(query, server.address, 5, server.port)
    return answer


def test_what_the_zone_says(server: DnsServer) -> None:
    (rows,) = ask(server, "a.example").answer
    assert (sorted(str(row) for row in rows), rows.ttl) == (["192.0.2.1", "192.0.2.2"], 60)
    assert [rows.rdtype.name for rows in ask(server, "c.example").answer] == ["CNAME", "A"]
    assert server.asked == [("a.example", "A"), ("c.example", "A")]


def test_what_it_does_not_say(server: DnsServer) -> None:
    assert ask(server, "b.example").rcode() == dns.rcode.NXDOMAIN
    nothing = ask(server, "a.example", "SRV")
    assert (nothing.rcode(), nothing.answer) == (dns.rcode.NOERROR, [])


def test_what_is_long_comes_by_tcp(server: DnsServer) -> None:
    server.zone["big.example", "A"] = [f"192.0.2.{n}" for n in range(50)]
    (rows,) = ask(server, "big.example").answer
    assert len(rows) == 50
    assert server.by_tcp == [("big.example", "A")]
