"""ctl: which sockets its parameters declare."""

from typing import Any

import pytest

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.errors import ModuleError
from sipproxy.modules.ctl import Ctl


@pytest.mark.parametrize(
    ("address", "transport", "place"),
    [
        ("unix:/run/x", "unix", "/run/x"),
        ("unixs:ctl", "unix", "ctl"),
        ("unixd:ctl", "unixd", "ctl"),
        ("/run/x", "unix", "/run/x"),
        ("tcp:localhost", "tcp", "localhost:2049"),
        ("udp:127.0.0.1:2050", "udp", "127.0.0.1:2050"),
        ("udp:[::1]", "udp", "[::1]:2049"),
        ("udp:[::1]:9", "udp", "[::1]:9"),
    ],
)
def test_addresses(bench: Any, address: str, transport: Any, place: str) -> None:
    module = bench.load(Ctl)
    module.binrpc(address)
    assert module.rpc_endpoints() == [RpcEndpoint("binrpc", transport, place, 0o600)]


def test_several_sockets_share_mode_and_owner(bench: Any) -> None:
    module = bench.load(Ctl, mode=0o660, user="voip", group="7")
    module.binrpc("unix:a")
    module.binrpc("unixd:b")
    assert module.rpc_endpoints() == [
        RpcEndpoint("binrpc", "unix", "a", 0o660, "voip", "7"),
        RpcEndpoint("binrpc", "unixd", "b", 0o660, "voip", "7"),
    ]


def test_without_a_parameter_there_is_one_in_the_run_directory(bench: Any) -> None:
    assert bench.load(Ctl).rpc_endpoints() == [RpcEndpoint("binrpc", "unix", "sipproxy_ctl")]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http:x", "unknown protocol 'http'"),
        ("unix:", "no address"),
        ("tcp:h:0", "'0' is no port"),
        ("tcp:h:x", "'x' is no port"),
        ("udp:h:70000", "'70000' is no port"),
    ],
)
def test_refused(bench: Any, address: str, sentence: str) -> None:
    with pytest.raises(ModuleError, match=sentence):
        bench.load(Ctl).binrpc(address)


def test_the_old_text_protocol_is_refused_loudly(bench: Any) -> None:
    with pytest.raises(ModuleError, match="use binrpc"):
        bench.load(Ctl).fifo("/tmp/x")
