"""pike in a cfg: what a source gets, when it is forgiven, what is logged and listed."""

import re

import pytest

from sipproxy.errors import CfgError, RpcError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

CFG = """#!KAMAILIO
loadmodule "pike.so"
loadmodule "xlog.so"
loadmodule "pv.so"
modparam("pike", "reqs_density_per_unit", 8)
modparam("pike", "remove_latency", 10)
request_route {
    if ($rU == "text") pike_check_ip("$hdr(X-IP)"); else pike_check_req();
    $var(code) = $rc;
    xlog("$var(code) $stat(blocked_ips)\\n");
}
"""


def burst(proxy: ProxyUnderTest, count: int, source: str = "") -> str:
    """The codes of so many requests of one source."""
    message = request("OPTIONS", "sip:bob@example.com")
    logs = [proxy.feed(message, source=source or message.source).log[-1] for _ in range(count)]
    return " ".join(line.split()[0] for line in logs)


def test_a_burst() -> None:
    proxy = load_cfg_text(CFG)
    assert burst(proxy, 14) == "1 1 1 1 1 1 1 1 1 1 1 -2 -1 -1"


def test_log_lines_and_the_count_of_blocked_sources() -> None:
    proxy = load_cfg_text(CFG)
    counted = proxy.host.statistics.named("blocked_ips", "pike")
    assert counted is not None and counted.get() == 0
    message = request("OPTIONS", "sip:bob@example.com")
    lines = [line for _ in range(20) for line in proxy.feed(message, source="10.0.0.9:1").log]
    (blocked,) = (line for line in lines if "PIKE" in line)
    assert re.fullmatch(r"PIKE - BLOCKing ip 10\.0\.0\.9, node=0x[0-9a-f]+", blocked)
    assert lines[-1].strip() == "-1 1"
    node = blocked.partition("=")[2]
    assert proxy.advance(3).log == []
    assert proxy.advance(1).log == [f"PIKE - UNBLOCKing node {node}"]


def test_silence_is_needed_to_be_forgiven() -> None:
    proxy = load_cfg_text(CFG)
    burst(proxy, 20)
    for _ in range(5):
        proxy.advance(2)
        assert set(burst(proxy, 8).split()) == {"-1"}
    proxy.advance(4)
    assert burst(proxy, 9) == "1 1 1 1 1 1 1 -2 -1"


def test_after_the_latency_a_source_is_unknown() -> None:
    proxy = load_cfg_text(CFG)
    burst(proxy, 20)
    for seconds, known in ((9.9, 1), (0.2, 0)):
        proxy.advance(seconds)
        assert len(proxy.rpc("pike.top", "ALL")["list"]) == known
    # Its prefix goes a byte at a time, each after the same latency.
    proxy.advance(40)
    assert burst(proxy, 12) == "1 1 1 1 1 1 1 1 1 1 1 -2"


def test_one_prefix_and_another() -> None:
    proxy = load_cfg_text(CFG)
    for host in range(200):
        assert burst(proxy, 1, f"10.0.0.{host}:5060") == "1"
    assert burst(proxy, 9, "10.0.0.7:5060") == "1 1 1 1 1 1 1 -2 -1"
    assert burst(proxy, 11, "192.0.2.7:5060") == " ".join(["1"] * 11)


def test_ipv6() -> None:
    proxy = load_cfg_text(CFG)
    codes = burst(proxy, 60, "[2001:db8::1]:5060").split()
    assert codes.index("-2") == 23
    assert set(codes[24:]) == {"-1"}


@pytest.mark.parametrize(
    ("header", "code", "logged"),
    [
        ("10.0.0.9", "1", ""),
        ("300.1.1.1", "1", ""),
        ("2001:db8::1", "-1", "failed to parse ip address: 2001:db8::1"),
        ("host", "-1", "failed to parse ip address: host"),
    ],
)
def test_address_in_a_text(header: str, code: str, logged: str) -> None:
    message = request("OPTIONS", "sip:text@example.com", headers=f"X-IP: {header}")
    *lines, last = load_cfg_text(CFG).feed(message).log
    assert last.split()[0] == code
    assert lines == ([logged] if logged else [])


def test_list() -> None:
    proxy = load_cfg_text(CFG)
    burst(proxy, 8, "10.0.0.8:5060")
    burst(proxy, 20, "10.0.0.9:5060")
    proxy.advance(2)
    other, blocked = (
        {
            "ip_addr": f"10.0.0.{host}",
            "leaf_hits_prev": hits,
            "leaf_hits_curr": 0,
            "expires": 8,
            "status": status,
        }
        for host, hits, status in ((8, 4, ""), (9, 19, "HOT"))
    )
    assert proxy.rpc("pike.top") == {"max_hits": 8, "list": [blocked], "number_of_rows": 1}
    assert proxy.rpc("pike.list", "all")["list"] == [other, blocked]
    assert proxy.rpc("pike.list", "warm")["list"] == []
    with pytest.raises(RpcError, match="Bad argument"):
        proxy.rpc("pike.list", "nothing")


def test_a_big_tree_is_left_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipproxy.modules.pike._AT_ONCE", 10)
    proxy = load_cfg_text(CFG)
    for host in range(40):
        burst(proxy, 20, f"10.0.{host}.1:5060")
    turns: list[int] = []
    tree = proxy.host.modules["pike"].tree  # type: ignore[attr-defined]
    refresh = tree.refresh

    def counted(node: object) -> None:
        turns.append(1)
        refresh(node)

    monkeypatch.setattr(tree, "refresh", counted)
    proxy.advance(3.999)
    turns.clear()
    proxy.advance(0.001)
    assert sum(turns) == 10
    assert len(proxy.advance(1).log) == 30
    proxy.advance(60)
    assert len(tree) == 0


def test_a_window_has_a_length() -> None:
    with pytest.raises(CfgError, match="sampling_time_unit must be at least 1"):
        load_cfg_text('loadmodule "pike.so"\nmodparam("pike", "sampling_time_unit", 0)\n')
