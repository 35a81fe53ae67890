"""The RPC commands; their texts are recorded from Kamailio in secfilter-lists."""

from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.testing import request

ASK = 'secf_check_ua(); $var(c) = $rc; xlog("$var(c)\\n");'


def answer(proxy: Any) -> str:
    return str(proxy.feed(request("OPTIONS", "sip:x@y", headers="User-Agent: scanner")).log[-1])


def test_added_entries_count_until_a_reload(world: Any) -> None:
    proxy = world.load(ASK)
    assert answer(proxy) == "1\n"
    added = proxy.rpc("secfilter.add_bl", "ua", "scan")
    assert added == "Values (ua, scan) inserted into blacklist"
    assert answer(proxy) == "-2\n"
    assert proxy.rpc("secfilter.add_wl", "u", "scanner").endswith("inserted into whitelist")
    assert answer(proxy) == "2\n"
    assert proxy.rpc("secfilter.reload") == "Data reloaded"
    assert answer(proxy) == "1\n"


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("action", [0, 1])
def test_a_reload_takes_effect_for_every_list(world: Any, action: int, kind: int) -> None:
    world.rows((action, kind, "old"), (2, 0, "old"))
    proxy = world.load()
    proxy.proxy.open()
    assert sum("-> old" in line for line in proxy.rpc("secfilter.print")) == 1
    world.sql("UPDATE secfilter SET data = 'new'")
    proxy.rpc("secfilter.reload")
    lines = proxy.rpc("secfilter.print") + proxy.rpc("secfilter.print", "dst")
    assert sum("-> new" in line for line in lines) == 2
    assert not any("-> old" in line for line in lines)


def test_a_reload_that_fails_keeps_the_lists(world: Any) -> None:
    world.rows((0, 0, "scan"))
    proxy = world.load(ASK)
    for spoil in ("INSERT INTO secfilter (type) VALUES (9)", "DROP TABLE secfilter"):
        assert answer(proxy) == "-2\n"
        world.sql(spoil)
        with pytest.raises(RpcError, match="Error loading data from database"):
            proxy.rpc("secfilter.reload")
    assert answer(proxy) == "-2\n"


@pytest.mark.parametrize("arguments", [(), ("user",)])
@pytest.mark.parametrize("command", ["add_bl", "add_wl"])
def test_arguments_that_are_missing(world: Any, command: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(RpcError, match=f"Usage: secfilter.{command} type value") as caught:
        world.load().rpc(f"secfilter.{command}", *arguments)
    assert caught.value.code == 0


def test_unknown_kinds(world: Any) -> None:
    proxy = world.load()
    with pytest.raises(RpcError, match="Error inserting values in the blacklist"):
        proxy.rpc("secfilter.add_bl", "phone", "x")
    with pytest.raises(RpcError, match="Error insert values in the whitelist"):
        proxy.rpc("secfilter.add_wl", "phone", "x")


def test_destinations_and_statistics(world: Any) -> None:
    proxy = world.load("secf_check_dst($rU);")
    assert (
        proxy.rpc("secfilter.add_dst", 555) == "Values (555) inserted into blacklist destinations"
    )
    for user in ("555", "556", "555"):
        proxy.feed(request("OPTIONS", f"sip:{user}@y"))
    assert "[+] Destinations   : 2" in proxy.rpc("secfilter.stats")
    assert proxy.rpc("secfilter.stats_reset") == "The statistics has been reset"
    assert "[+] Destinations   : 0" in proxy.rpc("secfilter.stats")


def test_messages_are_served_while_the_table_is_read(world: Any) -> None:
    world.rows((0, 0, "scan"))
    proxy = world.load(ASK)
    proxy.proxy.open()
    world.sql("DELETE FROM secfilter")
    said: list[str] = []

    async def reload() -> None:
        said.append(await proxy.proxy.host.rpcs["secfilter.reload"].handler())

    proxy.proxy.host.begin(reload(), lambda: None)
    assert not said
    assert answer(proxy) == "-2\n"
    proxy.proxy.settle()
    assert said == ["Data reloaded"]
    assert answer(proxy) == "1\n"
    proxy.proxy.close()
