"""The trusted table in a cfg; what real Kamailio says is recorded in permissions-trusted-*."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError, RpcError
from sipproxy.testing import request

ASK = 'allow_trusted(); $var(c) = $rc; xlog("$var(c) $(avp(tag)[*])\\n");'


def answer(proxy: Any, source: str = "10.0.0.1:5060", **more: Any) -> str:
    message = request("OPTIONS", "sip:bob@example.com", **more)
    return str(proxy.feed(message, source=source).log[-1].strip())


@pytest.fixture
def peers(world: Any) -> Any:
    world.trusted(
        ("10.0.0.1", "udp", "^sip:alice@", None, "low", 1),
        ("10.0.0.1", "any", None, "bob", "high", 5),
        ("10.0.0.1", "tcp", None, None, "tcp", 9),
        ("2001:db8::1", "any", None, None, "six", 0),
    )
    return world


@pytest.mark.parametrize(
    ("mode", "tags", "expected"),
    [(1, 0, "1 high"), (0, 0, "1 low"), (1, 1, "2 low, high"), (0, 1, "2 high, low")],
)
@pytest.mark.parametrize("opened", [False, True])
def test_which_row_counts(peers: Any, mode: int, tags: int, expected: str, opened: bool) -> None:
    proxy = peers.load(ASK, db_mode=mode, peer_tag_mode=tags, peer_tag_avp="$avp(tag)")
    if opened:
        proxy.proxy.open()
    assert answer(proxy) == expected
    assert answer(proxy, "10.0.0.2:5060") == "-1 <null>"
    assert answer(proxy, "[2001:db8::1]:5060") == "1 six"


@pytest.mark.parametrize("mode", [0, 1])
def test_named_source_transport_and_uri(peers: Any, mode: int) -> None:
    route = """
        allow_trusted("10.0.0.1", "tcp"); $var(a) = $rc;
        allow_trusted("10.0.0.2", "any"); $var(b) = $rc;
        allow_trusted("10.0.0.1", "pigeon"); $var(c) = $rc;
        allow_trusted("$si", "sctp", "sip:alice@x"); $var(d) = $rc;
        xlog("$var(a) $var(b) $var(c) $var(d)\\n");
    """
    assert answer(peers.load(route, db_mode=mode)) == "1 -1 -1 1"


@pytest.mark.parametrize("mode", [0, 1])
def test_a_broken_from_is_nobody(peers: Any, mode: int) -> None:
    peers.trusted(("10.0.0.7", "any", None, None, None, 0))
    proxy = peers.load(ASK, db_mode=mode)
    assert answer(proxy, "10.0.0.7:1") == "1 <null>"
    broken = bytes(request("OPTIONS", "sip:bob@example.com")).replace(b"From: <", b"From: <<")
    assert proxy.feed(broken, source="10.0.0.7:1").log[-1].strip() == "-1 <null>"


def test_asked_at_each_check(peers: Any) -> None:
    proxy = peers.load(ASK, db_mode=0, reload_delta=0)
    proxy.proxy.open()
    peers.sql("DELETE FROM trusted")
    assert answer(proxy) == "-1 <null>"
    peers.sql("DROP TABLE trusted")
    log = proxy.feed(request("OPTIONS", "sip:bob@example.com")).log
    assert "failed to query database" in log[0]
    assert log[-1].strip() == "-1 <null>"
    with pytest.raises(RpcError, match="No trusted table"):
        proxy.rpc("permissions.trustedDump")
    with pytest.raises(RpcError, match="Reload failed"):
        proxy.rpc("permissions.trustedReload")


def test_a_reload_that_fails_keeps_the_table(peers: Any) -> None:
    proxy = peers.load(ASK, db_mode=1, reload_delta=0, peer_tag_avp="$avp(tag)")
    proxy.proxy.open()
    peers.sql("UPDATE trusted SET proto = 'xyz' WHERE priority = 9")
    with pytest.raises(RpcError, match="Reload failed"):
        proxy.rpc("permissions.trustedReload")
    assert answer(proxy) == "1 high"
    peers.sql("UPDATE trusted SET proto = 'none' WHERE priority = 9 OR priority = 5")
    assert proxy.rpc("permissions.trustedReload") == "Reload OK"
    assert answer(proxy) == "1 low"


def test_a_bad_row_keeps_a_proxy_from_starting(peers: Any) -> None:
    peers.sql("UPDATE trusted SET proto = 'xyz' WHERE priority = 9")
    with pytest.raises(ModuleError, match="unknown protocol xyz"):
        peers.load(ASK, db_mode=1).proxy.open()


def test_without_a_database(world: Any) -> None:
    proxy = world.load(ASK, database=False)
    log = proxy.feed(request("OPTIONS", "sip:bob@example.com")).log
    assert log == ["no connection to database", "-1 <null>\n"]


def test_list(peers: Any) -> None:
    members = peers.load(ASK, db_mode=1).rpc("permissions.trustedDump").members
    assert [name for name, _ in members] == ["table", "item"] * 4
    rows = [value for name, value in members if name == "item"]
    assert [row["tag"] for row in rows if row["ip"] == "10.0.0.1"] == ["tcp", "high", "low"]
    assert rows[-1] in (
        {
            "ip": "10.0.0.1",
            "proto": 1,
            "pattern": "^sip:alice@",
            "ruri_pattern": "NULL",
            "tag": "low",
            "priority": 1,
        },
        {
            "ip": "2001:db8::1",
            "proto": 0,
            "pattern": "NULL",
            "ruri_pattern": "NULL",
            "tag": "six",
            "priority": 0,
        },
    )


def test_messages_are_served_while_the_table_is_read(peers: Any) -> None:
    proxy = peers.load(ASK, db_mode=1, reload_delta=0)
    proxy.proxy.open()
    peers.sql("UPDATE trusted SET from_pattern = '[a'")
    said: list[str] = []

    async def reload() -> None:
        said.append(await proxy.proxy.host.rpcs["permissions.trustedReload"].handler())

    proxy.proxy.host.begin(reload(), lambda: None)
    assert not said
    assert answer(proxy) != "-1 <null>"
    proxy.proxy.settle()
    assert said == ["Reload OK"]
    assert any("invalid regular expression" in text for _, _, text in proxy.log.records)
    proxy.proxy.close()
