"""What flags put in place of the cfg."""

from typing import Any

import pytest

from sipproxy.cli.overrides import apply, parse_address
from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.log import LogList
from sipproxy.errors import CfgError
from sipproxy.program import load_text
from sipproxy.proxy import Proxy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", [("", "127.0.0.1", 0, None)]),
        ("udp:127.0.0.1:5070", [("udp", "127.0.0.1", 5070, None)]),
        ("eth0:5062", [("", "eth0", 5062, None)]),
        ("[::1]:5060", [("", "[::1]", 5060, None)]),
        ("udp:[::1]", [("udp", "[::1]", 0, None)]),
        ("udp:10.0.0.1:5080/1.2.3.4:5060", [("udp", "10.0.0.1", 5080, ("1.2.3.4", 5060))]),
        ("udp:10.0.0.1/pbx.example.org", [("udp", "10.0.0.1", 0, ("pbx.example.org", 0))]),
        (
            "(eth0, eth1, 127.0.0.1):5065",
            [("", "eth0", 5065, None), ("", "eth1", 5065, None), ("", "127.0.0.1", 5065, None)],
        ),
        ("sctp:(eth0)", [("sctp", "eth0", 0, None)]),
    ],
)
def test_addresses(text: str, expected: list[Any]) -> None:
    assert [(a.proto, a.host, a.port, a.advertise) for a in parse_address(text)] == expected


@pytest.mark.parametrize(
    "text", ["udp:", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:70000", "(a,):1"]
)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(CfgError, match="address"):
        parse_address(text)


def test_everything_together() -> None:
    program = load_text(
        'listen=udp:127.0.0.1:5060\nloadmodule "sl.so"\nrequest_route { xlog("x"); exit; }'
    )
    changed = apply(
        program,
        listen=["udp:127.0.0.2:5070"],
        aliases=["udp:example.org:5061"],
        modules=["/usr/lib/xlog.so"],
        parameters=["xlog:prefix:s:mine ", "xlog:buf_size:i:0x800"],
        values={"debug": 3},
    )
    assert [s.local for s in changed.settings.sockets()] == [
        ("127.0.0.1", 5060),
        ("127.0.0.2", 5070),
    ]
    assert changed.settings.alias == [("example.org", 5061, "udp")]
    assert changed.settings.debug == 3
    proxy = Proxy(changed, clock=VirtualClock(), chance=Chance(1), log=LogList())
    xlog: Any = proxy.host.modules["xlog"]
    assert (xlog.prefix, xlog.buf_size) == ("mine ", 2048)
    assert program.settings.debug == 0


@pytest.mark.parametrize(
    "text", ["xlog", "xlog:prefix", "xlog:prefix:x:1", "xlog:buf_size:i:ten", ":a:i:1"]
)
def test_bad_parameters(text: str) -> None:
    with pytest.raises(CfgError, match="bad --modparam"):
        apply(load_text("request_route { exit; }"), parameters=[text], values={})
