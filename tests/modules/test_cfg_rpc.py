"""cfg_rpc: the answers recorded from kamcmd and Kamailio 5.6.3."""

from collections.abc import Callable

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Flow
from sipproxy.core.log import LogList
from sipproxy.errors import RpcError
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.rpc.binrpc import decode_answer, encode_call, read_packet
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.kamcmd import format_answer, format_fault, parse_argument
from sipproxy.rpc.serve import answer_binrpc_datagram

CFG = """debug=2
foo.bar = 5 desc "five"
foo.title = "x y" desc "a title"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "cfg_rpc.so"
request_route { xlog("L_INFO", "$sel(cfg_get.foo.bar)"); xlog("L_DBG", "deep"); exit; }
"""

Kamcmd = Callable[..., str]


@pytest.fixture
def proxy() -> Proxy:
    return Proxy(
        load_text(CFG), clock=VirtualClock(), chance=Chance(1), log=LogList(threshold=2), sockets=[]
    )


@pytest.fixture
def kamcmd(proxy: Proxy) -> Kamcmd:
    """What kamcmd prints for a command line."""
    registry = Registry(lambda name, error: None)
    for name, declared in proxy.host.rpcs.items():
        mark = declared.mark
        registry.add(name, declared.handler, array=mark.array, missing=mark.missing)

    def run(line: str) -> str:
        method, *words = line.split()
        request = encode_call(method, [parse_argument(word) for word in words], 1)
        found = read_packet(answer_binrpc_datagram(registry, request))
        assert found
        try:
            return format_answer(decode_answer(found[0]))
        except RpcError as fault:
            return format_fault(fault)

    return run


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cfg.list foo", "foo: bar\nfoo: title\n"),
        ("cfg.list nix", ""),
        ("cfg.get core debug", "2\n"),
        ("cfg.get foo bar", "5\n"),
        ("cfg.get foo title", "x y\n"),
        ("cfg.get foo", "{\n\tbar: 5\n\ttitle: x y\n}\n"),
        ("cfg.get nix", "{\n}\n"),
        ("cfg.get foo nix", "error: 400 - Failed to get the variable\n"),
        ("cfg.get foo[1] bar", "error: 400 - Failed to get the variable\n"),
        ("cfg.get", "error: 500 - Failed to get the parameters\n"),
        ("cfg.help core debug", "debug level\n(parameter type is integer)\n"),
        ("cfg.help foo bar", "five\n(parameter type is integer)\n"),
        ("cfg.help foo title", "a title\n(parameter type is string)\n"),
        ("cfg.help core nix", "error: 400 - Failed to get the variable description\n"),
        ("cfg.seti nix a 3", "error: 400 - Failed to set the variable\n"),
        ("cfg.seti core children 5", "error: 400 - Failed to set the variable\n"),
        ("cfg.seti foo[1] bar 3", "error: 400 - Failed to set the variable\n"),
        (
            "cfg.seti foo[x] bar 3",
            'error: 400 - Wrong group syntax. Use either "group", or "group[id]"\n',
        ),
        ("cfg.sets foo bar x", "error: 400 - Failed to set the variable\n"),
        ("cfg.reset nix", "error: 500 - Reset failed\n"),
    ],
)
def test_answers(kamcmd: Kamcmd, line: str, said: str) -> None:
    assert kamcmd(line) == said


def test_changes_are_seen_and_told(kamcmd: Kamcmd, proxy: Proxy) -> None:
    log = proxy.host.log
    assert isinstance(log, LogList)
    assert kamcmd("cfg.seti foo bar 9") == ""
    assert kamcmd("cfg.sets foo title abc") == ""
    assert kamcmd("cfg.get foo") == "{\n\tbar: 9\n\ttitle: abc\n}\n"
    assert kamcmd("cfg.set foo title 9") == kamcmd("cfg.set foo bar 10") == ""
    assert kamcmd("cfg.get foo") == "{\n\tbar: 10\n\ttitle: 9\n}\n"
    assert [text for _, _, text in log.records][:2] == [
        "foo.bar has been changed to 9",
        'foo.title has been changed to "abc"',
    ]
    assert kamcmd("cfg.reset foo") == ""
    assert kamcmd("cfg.get foo") == "{\n\tbar: 5\n\ttitle: x y\n}\n"


def test_a_new_debug_level_and_a_new_value_meet_the_next_message(
    kamcmd: Kamcmd, proxy: Proxy
) -> None:
    log = proxy.host.log
    assert isinstance(log, LogList)

    def lines() -> list[str]:
        log.records.clear()
        data = (
            b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
            b"From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
        )
        proxy.receive(data, Flow("udp", ("127.0.0.1", 5060), ("192.0.2.1", 5060)), 1.0)
        return [text for _, _, text in log.records]

    assert lines() == ["5"]
    kamcmd("cfg.seti core debug 3")
    kamcmd("cfg.seti foo bar 6")
    assert lines() == ["6", "deep"]
    assert kamcmd("cfg.get core debug") == "3\n"


def test_delayed_changes_wait_for_the_commit(kamcmd: Kamcmd) -> None:
    assert kamcmd("cfg.set_delayed_int foo bar 77") == ""
    assert kamcmd("cfg.set_delayed_string foo title zz") == ""
    assert kamcmd("cfg.diff") == (
        "{\n\tgroup name: foo\n\tvariable name: bar\n\told value: 5\n\tnew value: 77\n}\n"
        "{\n\tgroup name: foo\n\tvariable name: title\n\told value: x y\n\tnew value: zz\n}\n"
    )
    assert kamcmd("cfg.get foo bar") == "5\n"
    assert kamcmd("cfg.del_delayed foo title") == ""
    assert kamcmd("cfg.del_delayed foo title") == "error: 400 - Failed to delete the value\n"
    assert kamcmd("cfg.commit") == kamcmd("cfg.diff") == ""
    assert kamcmd("cfg.get foo") == "{\n\tbar: 77\n\ttitle: x y\n}\n"
    assert kamcmd("cfg.set_delayed foo bar 1") == kamcmd("cfg.rollback") == kamcmd("cfg.diff") == ""
    assert kamcmd("cfg.set_delayed_int foo nix 1") == "error: 400 - Failed to set the variable\n"
