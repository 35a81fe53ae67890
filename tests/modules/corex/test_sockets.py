"""Our sockets shown, beside the recorded cases."""

from typing import Any

from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.modules.corex import Corex


def test_sockets(bench: Any, request_text: Any) -> None:
    bench.host.own = OwnAddresses(
        [
            ListenSocket("udp", "10.0.0.1", 5060),
            ListenSocket("udp", "::1", 5062, ("example.com", 0), "six"),
        ]
    )
    corex = bench.load(Corex)
    first, second = corex.list_sockets()
    assert (first["SOCKNAME"], first["ADVERTISE"], first["PORT"]) == ("-", "-", "5060")
    assert second["ADDRLIST"] == {"ADDR": "::1"}
    assert second["ADVERTISE"] == "example.com"
    ctx = bench.context(request_text())
    assert bench.host.pv("$lsock(n/six/listen)").read(ctx) == "udp:[::1]:5062"
    assert bench.host.pv("$lsock(a/UDP:example.com:5062/name)").read(ctx) == "six"
    assert bench.host.pv("$lsock(n//listen)").read(ctx) is None
    assert bench.host.pv("$lsock(n/six/l)").read(ctx) is None


def test_debug(bench: Any) -> None:
    corex = bench.load(Corex)
    bench.host.log.threshold = 1
    assert corex.debug() == {"debug": 1}
    assert corex.debug(3) == {"old": 1, "new": 3}
    assert corex.debug() == {"debug": 3}
