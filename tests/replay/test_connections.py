"""Connections of a capture as the proxy of a replay has them."""

from sipproxy.core.flow import NO_CONNECT, Address, Flow
from sipproxy.replay.capture import Datagram
from sipproxy.replay.connections import Connections

ME, PHONE, GATEWAY = ("192.0.2.100", 5060), ("192.0.2.1", 40001), ("192.0.2.50", 5060)
OURS = ("192.0.2.100", 33333)


def tcp(source: Address, dest: Address, data: bytes = b"x") -> Datagram:
    return Datagram(source, dest, data, "tcp")


def to_phone(number: int = 0, port: int = 40001, hints: int = 0) -> Flow:
    return Flow("tcp", ME, ("192.0.2.1", port), number, hints)


def relayed(sent_by: str) -> bytes:
    return f"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/TCP {sent_by};branch=z9\r\n\r\n".encode()


def test_a_connection_keeps_its_number_until_it_ends() -> None:
    connections = Connections([ME])
    first = connections.arrive(tcp(PHONE, ME))
    assert first == Flow("tcp", ME, PHONE, 1)
    assert connections.arrive(tcp(PHONE, ME)) is first
    assert connections.arrive(tcp(("192.0.2.2", 40001), ME)).connection == 2
    assert connections.peer(1) == PHONE
    assert connections.end(tcp(ME, PHONE, b"")) is first
    assert connections.end(tcp(PHONE, ME, b"")) is None
    assert connections.peer(1) is None
    assert connections.arrive(tcp(PHONE, ME)).connection == 3


def test_what_is_sent_goes_by_number_by_peer_or_by_alias() -> None:
    connections = Connections([ME])
    flow = connections.arrive(tcp(PHONE, ME))
    assert connections.remote(flow) == PHONE
    assert connections.remote(to_phone()) == PHONE
    assert connections.remote(to_phone(port=5060)) == ("192.0.2.1", 5060)  # a new connection
    assert connections.alias(flow, 5060)
    assert connections.remote(to_phone(port=5060)) == PHONE
    connections.drop(flow)
    assert connections.remote(to_phone(port=5060)) == ("192.0.2.1", 5060)
    assert not connections.alias(flow, 5060)


def test_an_alias_that_another_has_stays_with_it() -> None:
    connections = Connections([ME])
    one, two = (connections.arrive(tcp(("192.0.2.1", port), ME)) for port in (40001, 40002))
    assert connections.alias(one, 5060) and connections.alias(two, 5060)
    connections.drop(two)
    assert connections.remote(to_phone(port=5060)) == PHONE


def test_what_is_for_a_connection_that_is_gone_cannot_be_sent() -> None:
    connections = Connections([ME])
    flow = connections.arrive(tcp(PHONE, ME))
    connections.drop(flow)
    connections.drop(flow)
    assert connections.remote(flow) is None


def test_connections_may_be_forbidden() -> None:
    connections = Connections([ME], begins=False)
    assert not connections.reach(to_phone())
    assert connections.remote(to_phone()) is None
    allowed = Connections([ME])
    assert allowed.reach(to_phone())
    assert not allowed.reach(to_phone(hints=NO_CONNECT))
    allowed.arrive(tcp(PHONE, ME))
    assert allowed.reach(to_phone(hints=NO_CONNECT))


def test_what_the_old_server_began_is_ours() -> None:
    connections = Connections([ME])
    assert not connections.is_ours(OURS, relayed("192.0.2.100:5080"))
    assert not connections.is_ours(OURS, b"SIP/2.0 200 OK\r\n\r\n")
    assert not connections.is_ours(PHONE, relayed("192.0.2.100:5060"))
    assert not connections.comes_to_us(OURS)
    assert connections.is_ours(OURS, relayed("192.0.2.100"))
    assert connections.is_ours(OURS, b"anything")
    assert connections.comes_to_us(OURS)
    assert connections.arrive(tcp(GATEWAY, OURS)) == Flow("tcp", ME, GATEWAY, 1)
    assert connections.end(tcp(GATEWAY, OURS, b"")) is not None
    assert not connections.comes_to_us(OURS)


def test_rows_for_core_tcp_list() -> None:
    connections = Connections([ME])
    connections.arrive(tcp(PHONE, ME))
    (row,) = connections.rows()
    assert (row.number, row.proto, row.remote, row.local) == (1, "tcp", PHONE, ME)
