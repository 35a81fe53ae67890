"""jsonrpcs: which sockets its parameters declare, and commands run from the cfg itself."""

from typing import Any

import pytest

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.errors import CfgError, ModuleError
from sipproxy.modules.jsonrpcs import Jsonrpcs
from sipproxy.testing import load_cfg_text

FIFO = RpcEndpoint("jsonrpc", "fifo", "kamailio_rpc.fifo", 0o660)
SOCKET = RpcEndpoint("jsonrpc", "unixd", "kamailio_rpc.sock", 0o660)


@pytest.mark.parametrize(
    ("params", "endpoints"),
    [
        ({}, [FIFO, SOCKET]),
        ({"transport": 2}, [FIFO]),
        ({"transport": 4}, [SOCKET]),
        ({"transport": 2, "fifo_name": ""}, []),
        ({"transport": 4, "dgram_socket": ""}, []),
        (
            {
                "transport": 4,
                "dgram_socket": "unix:/a",
                "pretty_format": 0,
                "dgram_user": "u",
                "dgram_group": "g",
            },
            [RpcEndpoint("jsonrpc", "unixd", "/a", 0o660, "u", "g", pretty=False)],
        ),
        (
            {"transport": 4, "dgram_socket": "udp:127.0.0.1:8090", "dgram_mode": 0o600},
            [RpcEndpoint("jsonrpc", "udp", "127.0.0.1:8090", 0o600)],
        ),
        (
            {
                "transport": 2,
                "fifo_name": "/a/b",
                "fifo_mode": 0o622,
                "fifo_user": "u",
                "fifo_group": "g",
                "fifo_reply_dir": "/c/",
                "pretty_format": 0,
            },
            [
                RpcEndpoint(
                    "jsonrpc", "fifo", "/a/b", 0o622, "u", "g", pretty=False, reply_dir="/c/"
                )
            ],
        ),
    ],
)
def test_endpoints(bench: Any, params: dict[str, object], endpoints: list[RpcEndpoint]) -> None:
    assert bench.load(Jsonrpcs, **params).rpc_endpoints() == endpoints


def test_what_can_be_served_without_being_asked_for_may_fail(bench: Any) -> None:
    endpoints = bench.load(Jsonrpcs, transport=0).rpc_endpoints()
    assert [(one.transport, one.optional) for one in endpoints] == [("fifo", True), ("unixd", True)]


def test_owners_may_be_numbers() -> None:
    names = ("fifo_user", "fifo_group", "dgram_user", "dgram_group")
    params = "".join(f'modparam("jsonrpcs", "{n}", {i})\n' for i, n in enumerate(names, 7))
    cfg = f'loadmodule "jsonrpcs.so"\n{params}request_route {{ exit; }}'
    module: Any = load_cfg_text(cfg).host.modules["jsonrpcs"]
    assert [(e.user, e.group) for e in module.rpc_endpoints()] == [("7", "8"), ("9", "10")]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"transport": 1}, 'needs the module "xhttp"'),
        ({"transport": 2, "fifo_reply_dir": ""}, "fifo_reply_dir is empty"),
        ({"transport": 4, "dgram_socket": "udp:5"}, "less than 6 characters"),
        ({"transport": 4, "dgram_socket": "udp:localhost"}, "no port"),
        ({"transport": 4, "dgram_socket": "udp:localhost:80"}, "'80' is no port from 1024"),
        ({"transport": 4, "dgram_socket": "udp:localhost:x"}, "'x' is no port"),
    ],
)
def test_what_cannot_be_served_is_refused(
    bench: Any, params: dict[str, object], reason: str
) -> None:
    with pytest.raises(ModuleError, match=reason):
        bench.load(Jsonrpcs, **params)


def test_a_mode_of_nothing_is_the_owners(bench: Any) -> None:
    module = bench.load(Jsonrpcs, fifo_mode=0, dgram_mode=0)
    assert [one.mode for one in module.rpc_endpoints()] == [0o600, 0o600]
    assert bench.lines == ["fifo_mode=0 is taken for 0600", "dgram_mode=0 is taken for 0600"]


CFG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "htable.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "pretty_format", 0)
modparam("htable", "htable", "a=>size=4")
request_route {
    xlog("before $jsonrpl(code) $jsonrpl(text) $jsonrpl(body)\\n");
    $var(r) = jsonrpc_exec("$hdr(Command)");
    xlog("r=$var(r) code=$jsonrpl(code) text=$jsonrpl(text) body=$jsonrpl(body)\\n");
}
"""


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            '{"jsonrpc":"2.0","method":"htable.sets","params":["a","k","v"],"id":1}',
            "r=1 code=200 text=OK "
            'body={"jsonrpc":"2.0","result":"Ok. Key set to new value.","id":1}',
        ),
        (
            '{"jsonrpc":"2.0","method":"htable.get","params":["a","none"],"id":"x"}',
            "r=1 code=500 text=Key name doesn't exist in htable. body="
            '{"jsonrpc":"2.0","error":{"code":500,"message":"Key name doesn\'t exist in htable."},'
            '"id":"x"}',
        ),
        ("nojson", "r=-1 code=0 text=<null> body=<null>"),
        (
            '{"jsonrpc":"2.0","method":"nope"}',
            "r=1 code=500 text=Method Not Found body="
            '{"jsonrpc":"2.0","error":{"code":500,"message":"Method Not Found"}}',
        ),
        ('{"jsonrpc":"1.0"}', 'r=1 code=200 text=OK body={"jsonrpc":"2.0","result":{}}'),
        ("[]", 'r=1 code=200 text=OK body={"jsonrpc":"2.0","result":{}}'),
        (
            '{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["a",7.9]}',
            'r=1 code=200 text=OK body={"jsonrpc":"2.0","result":["a",7]}',
        ),
    ],
)
def test_a_command_of_the_cfg(request_text: Any, command: str, line: str) -> None:
    proxy = load_cfg_text(CFG)
    run = proxy.feed(request_text(headers=f"Command: {command}\r\n").encode())
    assert run.log[0] == "before 0 <null> <null>\n"
    assert run.log[-1] == f"{line}\n"


def test_what_a_command_did_is_done(request_text: Any) -> None:
    proxy = load_cfg_text(CFG)
    command = '{"jsonrpc":"2.0","method":"htable.seti","params":["a","k",5]}'
    proxy.feed(request_text(headers=f"Command: {command}\r\n").encode())
    assert proxy.sht["a"]["k"] == 5


def test_only_three_parts_of_an_answer_are_there() -> None:
    with pytest.raises(CfgError, match=r"\$jsonrpl\(code\), \$jsonrpl\(text\) and"):
        load_cfg_text(CFG.replace("$jsonrpl(text)", "$jsonrpl(word)"))


def test_dispatch_leaves_sip_alone(request_text: Any) -> None:
    proxy = load_cfg_text(CFG.replace('jsonrpc_exec("$hdr(Command)")', "jsonrpc_dispatch()"))
    run = proxy.feed(request_text().encode())
    assert (run.sent, run.log[-1]) == ([], "r=1 code=0 text=<null> body=<null>\n")
