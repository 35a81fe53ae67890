"""Parameters that are refused, at load and at start."""

from typing import Any

import pytest

from sipproxy.errors import CfgError, ModuleError, RpcError


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"load_backends": 0}, "load_backends is 0"),
        ({"db_mode": 2}, "db_mode is 0 or 1, not 2"),
        ({"peer_tag_avp": "$var(x)"}, r"non AVP \$var\(x\) peer_tag_avp"),
        ({"peer_tag_avp": "avp"}, "malformed or non AVP"),
        ({"address_file": "none.list"}, "can't open list file"),
    ],
)
def test_refused_at_load(world: Any, params: dict[str, Any], words: str) -> None:
    with pytest.raises(CfgError, match=words):
        world.load(**params)


def test_no_database_is_needed_to_check_a_cfg(world: Any) -> None:
    proxy = world.load(db_url="sqlite:////no/such/folder/file.db", db_mode=1)
    with pytest.raises(ModuleError, match="unable to connect database"):
        proxy.proxy.open()


@pytest.mark.parametrize("table", ["address", "trusted"])
@pytest.mark.parametrize("mode", [0, 1])
def test_another_version_is_refused_at_start(world: Any, table: str, mode: int) -> None:
    world.sql("UPDATE version SET table_version = 5 WHERE table_name = ?", (table,))
    with pytest.raises(ModuleError, match=f"invalid version 5 for table {table} found, expected 6"):
        world.load(db_mode=mode).proxy.open()


def test_a_database_whose_module_is_not_loaded(world: Any) -> None:
    with pytest.raises(ModuleError, match="db_mysql is not loaded"):
        world.load(db_url="mysql://u:p@localhost/k").proxy.open()


def test_one_reload_after_the_other(world: Any) -> None:
    proxy = world.load(db_mode=1, reload_delta=3)
    assert proxy.rpc("permissions.addressReload") == "Reload OK"
    for seconds in (0, 2):
        proxy.advance(seconds)
        with pytest.raises(RpcError, match="ongoing reload"):
            proxy.rpc("permissions.trustedReload")
    proxy.advance(1)
    assert proxy.rpc("permissions.trustedReload") == "Reload OK"


def test_a_negative_delta_is_five_seconds(world: Any) -> None:
    proxy = world.load(reload_delta=-1)
    proxy.rpc("permissions.addressReload")
    proxy.advance(4)
    with pytest.raises(RpcError, match="ongoing reload"):
        proxy.rpc("permissions.addressReload")
