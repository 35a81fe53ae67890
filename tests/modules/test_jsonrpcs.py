"""jsonrpcs: which socket its parameters declare, and what is said of transports not served."""

from typing import Any

import pytest

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.modules.jsonrpcs import Jsonrpcs


@pytest.mark.parametrize(
    ("params", "endpoints"),
    [
        ({}, [RpcEndpoint("jsonrpc", "unixd", "kamailio_rpc.sock", 0o660)]),
        ({"transport": 0}, [RpcEndpoint("jsonrpc", "unixd", "kamailio_rpc.sock", 0o660)]),
        ({"transport": 2}, []),
        (
            {"dgram_socket": "unix:/a", "pretty_format": 0, "dgram_user": "u", "dgram_group": "g"},
            [RpcEndpoint("jsonrpc", "unixd", "/a", 0o660, "u", "g", pretty=False)],
        ),
        (
            {"dgram_socket": "udp:127.0.0.1:8090", "dgram_mode": 0o600},
            [RpcEndpoint("jsonrpc", "udp", "127.0.0.1:8090", 0o600)],
        ),
    ],
)
def test_endpoints(bench: Any, params: dict[str, object], endpoints: list[RpcEndpoint]) -> None:
    assert bench.load(Jsonrpcs, **params).rpc_endpoints() == endpoints


@pytest.mark.parametrize(
    ("transport", "notes"),
    [
        (4, []),
        (0, []),
        (6, ["JSON-RPC over a FIFO is not served"]),
        (7, ["JSON-RPC over HTTP is not served", "JSON-RPC over a FIFO is not served"]),
    ],
)
def test_transports_that_are_not_served_are_told(
    bench: Any, transport: int, notes: list[str]
) -> None:
    bench.load(Jsonrpcs, transport=transport)
    assert bench.lines == notes
