"""The RPC commands dns.*, in the shapes that kamcmd shows of Kamailio 5.6.3."""

import pytest

from sipproxy.core.dns.records import Naptr
from sipproxy.errors import RpcError
from sipproxy.testing import load_cfg_text

CFG = "request_route { exit; }\n"


def test_what_is_added_is_shown() -> None:
    proxy = load_cfg_text(CFG)
    proxy.rpc("dns.add_a", "a.example", 60, "192.0.2.1", 0)
    proxy.rpc("dns.add_a", "a.example", 60, "192.0.2.2", 0)
    proxy.rpc("dns.add_aaaa", "six.example", 60, "2001:db8::1", 1)
    proxy.rpc("dns.add_srv", "_sip._udp.example.com", 100, 1, 10, 5070, "a.example", 2)
    a, six, srv = proxy.rpc("dns.view")
    size = a.pop("size_bytes")
    assert a == {
        "name": "a.example",
        "type": "A",
        "reference_counter": 1,
        "permanent": "no",
        "expires": 60,
        "last_used": 0,
        "negative_entry": "no",
        "records": [
            {"rr_idx": 0, "rr_ip": "192.0.2.1", "rr_permanent": "no", "rr_expires": 60},
            {"rr_idx": 1, "rr_ip": "192.0.2.2", "rr_permanent": "no", "rr_expires": 60},
        ],
    }
    assert (six["negative_entry"], "records" in six) == ("yes", False)
    assert srv["records"] == [
        {
            "rr_idx": 0,
            "rr_name": "a.example",
            "rr_port": 5070,
            "rr_priority": 1,
            "rr_weight": 10,
            "rr_permanent": "yes",
            "rr_expires": 0,
        }
    ]
    used, most = proxy.rpc("dns.mem_info")
    assert (used, most) == (size + six["size_bytes"] + srv["size_bytes"], 512000)
    assert proxy.rpc("dns.lookup", "a", "A.example")["records"] == a["records"]
    assert proxy.rpc("dns.delete_all") == {"status": "ok"}
    assert [row["type"] for row in proxy.rpc("dns.view")] == ["SRV"]
    assert proxy.rpc("dns.delete_all_force") == {"status": "ok"}
    assert proxy.rpc("dns.mem_info") == [0, 512000]


@pytest.mark.parametrize("kind", ["a", "aaaa", "srv", "naptr", "cname", "txt", "ptr"])
def test_deleting(kind: str) -> None:
    proxy = load_cfg_text(CFG)
    proxy.host.names.cache.put("x.example", kind.upper(), ("x",), 60, proxy.clock.now())
    proxy.rpc(f"dns.delete_{kind}", "X.example")
    with pytest.raises(RpcError, match="Not found"):
        proxy.rpc(f"dns.delete_{kind}", "x.example")


@pytest.mark.parametrize(
    ("command", "arguments", "text"),
    [
        ("dns.lookup", ("X", "y"), "Invalid type"),
        ("dns.lookup", ("A", "no.example"), "Not found"),
        ("dns.add_a", ("a", 60, "xx", 0), "Failed to add the entry to the cache"),
        ("dns.add_a", ("a", 60, "2001:db8::1", 0), "Failed to add the entry to the cache"),
        ("dns.add_aaaa", ("a", 60, "192.0.2.1", 0), "Failed to add the entry to the cache"),
    ],
)
def test_what_is_refused(command: str, arguments: tuple[str | int, ...], text: str) -> None:
    with pytest.raises(RpcError, match=text):
        load_cfg_text(CFG).rpc(command, *arguments)


def test_without_a_cache_there_is_nothing_to_show() -> None:
    with pytest.raises(RpcError, match="dns cache support disabled"):
        load_cfg_text("use_dns_cache=no\n" + CFG).rpc("dns.view")


def test_other_records_are_shown() -> None:
    proxy = load_cfg_text(CFG)
    names, now = proxy.proxy.host.names, proxy.proxy.host.now()
    naptr = Naptr(10, 1, "s", "SIP+D2T", "", "_sip._tcp.example.com")
    names.cache.add("n.example", "NAPTR", naptr, 60, now, permanent=False)
    names.cache.add("t.example", "TXT", "words", 60, now, permanent=False)
    names.cache.add("c.example", "CNAME", "other.example", 60, now, permanent=False)
    shown = {row["type"]: row["records"][0] for row in proxy.rpc("dns.view")}
    assert shown["NAPTR"]["rr_service"] == "SIP+D2T"
    assert shown["NAPTR"]["rr_replacement"] == "_sip._tcp.example.com"
    assert shown["TXT"]["txt"] == [{"idx": 0, "rr_txt": "words"}]
    assert shown["CNAME"]["rr_name"] == "other.example"
