"""Legs: what tells two sockets apart."""

import pytest

from sipproxy.sip.way import Leg


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Leg("tcp", "10.0.0.1", 5060, "gw.example:5090", "side"), True),
        (Leg("udp", "10.0.0.1", 5060, "10.0.0.1"), False),
        (Leg("tcp", "10.0.0.2", 5060, "10.0.0.1"), False),
        (Leg("tcp", "10.0.0.1", 5061, "10.0.0.1"), False),
    ],
)
def test_same_socket(other: Leg, same: bool) -> None:
    assert Leg("tcp", "10.0.0.1", 5060, "10.0.0.1").same_socket(other) == same


def test_transport() -> None:
    assert [Leg(proto, "", 0, "").transport for proto in ("udp", "ws", "wss")] == [
        "udp",
        "ws",
        "ws",
    ]
