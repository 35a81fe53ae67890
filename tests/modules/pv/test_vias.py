"""What Via headers say."""

import pytest

from sipproxy.modules.pv.vias import attribute, is_ipv4, port_of
from sipproxy.sip.via import Via


@pytest.mark.parametrize("text", ["1.2.3.4", "255.255.255.255", "0.0.0.0"])
def test_addresses(text: str) -> None:
    assert is_ipv4(text)


@pytest.mark.parametrize("text", ["256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", "host", ""])
def test_no_addresses(text: str) -> None:
    assert not is_ipv4(text)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("SIP/2.0/UDP h;rport=77", 77),
        ("SIP/2.0/UDP h:5070;rport", 5070),
        ("SIP/2.0/TLS h", 5061),
        ("SIP/2.0/UDP h;rport=0", 5060),
    ],
)
def test_ports(text: str, port: int) -> None:
    assert port_of(Via.parse(text)) == port


def test_attributes() -> None:
    via = Via.parse("SIP/2.0/TCP h;branch=b;rport")
    assert [attribute(via, name) for name in ("host", "port", "proto", "protoid", "branch")] == [
        "h",
        5060,
        "TCP",
        2,
        "b",
    ]
    assert attribute(via, "rport") is None and attribute(None, "host") is None
