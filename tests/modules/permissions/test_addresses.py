"""The address table in a cfg; what real Kamailio says is recorded in permissions-address*."""

from typing import Any

import pytest

from sipproxy.errors import CfgError, ModuleError, RpcError
from sipproxy.testing import request

ASK = 'allow_source_address(); $var(c) = $rc; xlog("$var(c) $avp(tag)\\n");'


def answer(proxy: Any, source: str = "10.0.0.1:5060") -> str:
    return str(proxy.feed(request("OPTIONS", "sip:bob@example.com"), source=source).log[-1].strip())


@pytest.mark.parametrize("opened", [False, True])
def test_source_and_tag(world: Any, opened: bool) -> None:
    world.addresses((1, "10.0.0.1", 32, 0, "gate"), (1, "2001:db8::", 32, 5060, None))
    proxy = world.load(ASK, peer_tag_avp="$avp(tag)")
    if opened:
        proxy.proxy.open()
    assert answer(proxy) == "1 gate"
    assert answer(proxy, "10.0.0.2:5060") == "-1 <null>"
    assert answer(proxy, "[2001:db8::9]:5060") == "1 <null>"
    assert answer(proxy, "[2001:db8::9]:5061") == "-1 <null>"


def test_groups_by_number_and_variable(world: Any) -> None:
    world.addresses((3, "10.0.0.0", 8, 0, None), (2, "host.example", 0, 0, "t"))
    route = """
        allow_source_address("3"); $var(a) = $rc;
        $var(g) = 2; allow_source_address("$var(g)"); $var(b) = $rc;
        allow_source_address_group(); $var(c) = $rc;
        allow_address("2", "host.example", "9"); $var(d) = $rc;
        allow_address_group("host.example", "9"); $var(e) = $rc;
        allow_address_group("10.9.9.9", "$sp"); $var(f) = $rc;
        xlog("$var(a) $var(b) $var(c) $var(d) $var(e) $var(f)\\n");
    """
    assert answer(world.load(route)) == "1 -1 3 1 2 3"


def test_without_a_table_nobody_is_there(world: Any) -> None:
    world.addresses((1, "10.0.0.1", 32, 0, None))
    assert answer(world.load(ASK, database=False)) == "-1 <null>"
    assert answer(world.load(ASK, load_backends=2)) == "-1 <null>"


def test_a_reload_that_fails_keeps_the_table(world: Any) -> None:
    world.addresses((1, "10.0.0.1", 32, 0, None))
    proxy = world.load(ASK, reload_delta=0)
    proxy.proxy.open()
    for spoil in (
        "INSERT INTO address (grp, ip_addr, mask) VALUES (1, '10.0.0.2', 99)",
        "UPDATE address SET grp = 0 WHERE mask = 99",
        "UPDATE address SET grp = 1, port = 'x' WHERE mask = 99",
        "DROP TABLE address",
    ):
        world.sql(spoil)
        with pytest.raises(RpcError, match="Reload failed"):
            proxy.rpc("permissions.addressReload")
        assert answer(proxy) == "1 <null>"


def test_a_reload_takes_effect(world: Any) -> None:
    proxy = world.load(ASK)
    assert answer(proxy) == "-1 <null>"
    world.addresses((1, "10.0.0.1", 32, 0, None))
    assert answer(proxy) == "-1 <null>"
    assert proxy.rpc("permissions.addressReload") == "Reload OK"
    assert answer(proxy) == "1 <null>"


def test_a_bad_row_keeps_a_proxy_from_starting(world: Any) -> None:
    world.addresses((1, "10.0.0.1", 40, 0, None))
    proxy = world.load(ASK)
    with pytest.raises(ModuleError, match=r"10\.0\.0\.1 has no prefix of 40 bits"):
        proxy.proxy.open()


def test_a_table_that_cannot_be_read_is_told_once(world: Any) -> None:
    world.sql("DROP TABLE address")
    proxy = world.load(ASK)
    first = proxy.feed(request("OPTIONS", "sip:bob@example.com")).log
    assert "failed to query database" in first[0]
    assert len(proxy.feed(request("OPTIONS", "sip:bob@example.com")).log) == 1


def test_file(world: Any) -> None:
    world.write("address.list", "1 10.0.0.1 32 0 from-file\n")
    proxy = world.load(ASK, database=False, address_file="address.list", peer_tag_avp="$avp(tag)")
    assert answer(proxy) == "1 from-file"
    world.write("address.list", "1 10.0.0.1 33\n")
    with pytest.raises(RpcError, match="Reload failed"):
        proxy.rpc("permissions.addressReload")
    assert answer(proxy) == "1 from-file"
    with pytest.raises(CfgError, match="no prefix of 33 bits"):
        world.load(ASK, database=False, address_file="address.list")


def test_networks_that_are_too_many_are_told(world: Any, told: Any) -> None:
    world.addresses(*((1, f"10.{number}.0.0", 16, 0, None) for number in range(3)))
    proxy = world.load(ASK, max_subnets=2)
    proxy.proxy.open()
    assert told(proxy) == ["subnet table is full: only 2 are kept (max_subnets)"]
    assert len(proxy.rpc("permissions.subnetDump")) == 2


def test_lists(world: Any) -> None:
    world.addresses((1, "127.0.0.1", 32, 9, ""), (2, "10.0.0.0", 8, 0, "net"), (3, "h", 0, 0, None))
    proxy = world.load(ASK)
    assert proxy.rpc("permissions.addressDump") == [
        {"table": 98, "group": 1, "item": {"ip": "127.0.0.1", "port": 9, "tag": "NULL"}}
    ]
    assert proxy.rpc("permissions.subnetDump") == [
        {"id": 0, "group": 2, "item": {"ip": "10.0.0.0", "mask": 8, "port": 0, "tag": "net"}}
    ]
    members = dict(proxy.rpc("permissions.domainDump").members)
    assert members["item"] == {"domain_name": "h", "port": 0, "tag": "NULL"}


@pytest.mark.parametrize("from_file", [False, True])
def test_messages_are_served_while_the_table_is_read(world: Any, from_file: bool) -> None:
    world.addresses((1, "10.0.0.1", 32, 0, None))
    world.write("address.list", "1 10.0.0.1\n")
    settings = {"database": False, "address_file": "address.list"} if from_file else {}
    proxy = world.load(ASK, reload_delta=0, **settings)
    proxy.proxy.open()
    world.sql("DELETE FROM address")
    world.write("address.list", "")
    said: list[str] = []

    async def reload() -> None:
        said.append(await proxy.proxy.host.rpcs["permissions.addressReload"].handler())

    proxy.proxy.host.begin(reload(), lambda: None)
    assert not said
    assert proxy.proxy.host.offload
    proxy.proxy.settle()
    assert said == ["Reload OK"]
    assert answer(proxy) == "-1 <null>"
    proxy.proxy.close()
