"""RPC commands: shapes, texts and faults, as kamcmd showed them on Kamailio 5.6.3."""

import time
from collections.abc import Callable

import pytest

from sipproxy.errors import RpcError
from sipproxy.modules.htable import Htable
from sipproxy.testing.bench import Bench

Load = Callable[..., Bench[Htable]]


def test_get(load: Load, start: float) -> None:
    d = load("a=>", "e=>autoexpire=50;initval=3")
    d.write("$sht(a=>s)", "text")
    d.write("$sht(e=>i)", 5)
    assert d.rpc("htable.get", "a", "s") == {
        "item": {"name": "s", "value": "text", "flags": 2, "expire": "NEVER"}
    }
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(start) + 50))
    assert d.rpc("htable.get", "e", "i") == {
        "item": {"name": "i", "value": 5, "flags": 0, "expire": date}
    }
    d.after(51)
    for key in ("i", "never"):
        with pytest.raises(RpcError) as caught:
            d.rpc("htable.get", "e", key)
        assert (caught.value.code, caught.value.reason) == (
            500,
            "Key name doesn't exist in htable.",
        )


def test_set(load: Load) -> None:
    d = load("a=>")
    assert d.rpc("htable.sets", "a", "s", "15") == "Ok. Key set to new value."
    assert d.rpc("htable.seti", "a", "i", 15) == "Ok. Key set to new value."
    assert (d.read("$sht(a=>s)"), d.read("$sht(a=>i)")) == ("15", 15)


def test_lifetimes(load: Load) -> None:
    d = load("a=>autoexpire=300", "b=>updateexpire=0")
    d.write("$sht(a=>x)", "text")
    assert d.rpc("htable.setex", "a", "x", 120) == "Ok"
    assert d.rpc("htable.setex", "a", "nokey", 120) == "Ok"
    assert d.read("$shtex(a=>x)") == 120
    assert d.rpc("htable.setxs", "b", "s", "value", 120) == "Ok. Key set to new value."
    assert d.rpc("htable.setxi", "b", "n", 77, 120) == "Ok. Key set to new value."
    assert d.rpc("htable.get", "b", "n")["item"]["expire"] == time.strftime(
        "%Y-%m-%d %H:%M:%S", time.localtime(120)
    )


def test_delete(load: Load) -> None:
    d = load("a=>")
    d.write("$sht(a=>k)", 1)
    assert d.rpc("htable.delete", "a", "k") == "Ok. Key deleted."
    with pytest.raises(RpcError) as caught:
        d.rpc("htable.delete", "a", "k")
    assert (caught.value.code, caught.value.reason) == (404, "Key not found in htable.")


def test_dump_and_flush(load: Load) -> None:
    d = load("a=>size=2;autoexpire=1")
    assert d.rpc("htable.dump", "a") == []
    for number in range(20):
        d.write(f"$sht(a=>k{number})", number if number % 2 else str(number))
    d.after(10)
    records = d.rpc("htable.dump", "a")
    assert [record["entry"] for record in records] == [0, 1, 2, 3]
    cells = []
    for record in records:
        assert list(record) == ["entry", "size", "slot"]
        assert record["size"] == len(record["slot"])
        cells += record["slot"]
    assert sorted(cells, key=lambda cell: int(cell["value"])) == [
        {"name": f"k{n}", "value": n, "type": "int"}
        if n % 2
        else {"name": f"k{n}", "value": str(n), "type": "str"}
        for n in range(20)
    ]
    assert d.rpc("htable.flush", "a") == "Ok. Htable flushed."
    assert d.rpc("htable.dump", "a") == []


def test_tables_are_listed_newest_first(load: Load) -> None:
    d = load(
        "a=>size=4;autoexpire=300;initval=1",
        "b=>size=40;updateexpire=0;dbtable=x;dbmode=1;dmqreplicate=1",
    )
    assert d.rpc("htable.listTables") == [
        {
            "name": "b",
            "dbtable": "x",
            "dbmode": 1,
            "expire": 0,
            "updateexpire": 0,
            "size": 16384,
            "dmqreplicate": 1,
        },
        {
            "name": "a",
            "dbtable": "",
            "dbmode": 0,
            "expire": 300,
            "updateexpire": 1,
            "size": 16,
            "dmqreplicate": 0,
        },
    ]


def test_stats(load: Load) -> None:
    d = load("a=>size=2", "b=>")
    for number in range(100):
        d.write(f"$sht(a=>k{number})", 1)
    sizes = [record["size"] for record in d.rpc("htable.dump", "a")]
    assert d.rpc("htable.stats") == [
        {"name": "b", "slots": 16, "all": 0, "min": 0, "max": 0},
        {"name": "a", "slots": 4, "all": 100, "min": min(sizes), "max": max(sizes)},
    ]
    assert len(sizes) == 4 and min(sizes) > 0
    d.write("$sht(b=>k)", 1)
    assert d.rpc("htable.stats")[0] == {"name": "b", "slots": 16, "all": 1, "min": 0, "max": 1}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (("htable.get", "no", "k"), "No such htable"),
        (("htable.dump", "no"), "No such htable"),
        (("htable.flush", "no"), "No such htable"),
        (("htable.delete", "no", "k"), "No such htable"),
        (("htable.sets", "no", "k", "v"), "No such htable"),
        (("htable.seti", "no", "k", 1), "No such htable"),
        (("htable.setex", "no", "k", 1), "No such htable"),
        (("htable.setxs", "no", "k", "v", 1), "Failed to set the item"),
        (("htable.setxi", "no", "k", 1, 1), "Failed to set the item"),
        (("htable.reload", "a"), "No htable db_url"),
        (("htable.store",), "No htable db_url"),
    ],
)
def test_faults(load: Load, call: tuple[str, ...], reason: str) -> None:
    with pytest.raises(RpcError) as caught:
        load("a=>").rpc(*call)
    assert (caught.value.code, caught.value.reason) == (500, reason)


@pytest.mark.parametrize(
    ("name", "args"),
    [("sets", ("v",)), ("seti", (1,)), ("setxs", ("v", 9)), ("setxi", (1, 9))],
)
def test_no_room(load: Load, name: str, args: tuple[str | int, ...]) -> None:
    """As Kamailio 5.6.3 when its shared memory is full."""
    d = load("a=>maxitems=1;autoexpire=50")
    assert d.rpc(f"htable.{name}", "a", "k", *args) == "Ok. Key set to new value."
    with pytest.raises(RpcError) as caught:
        d.rpc(f"htable.{name}", "a", "other", *args)
    assert (caught.value.code, caught.value.reason) == (500, "Failed to set the item")
    assert d.rpc("htable.setex", "a", "other", 5) == "Ok"
    assert d.rpc(f"htable.{name}", "a", "k", *args) == "Ok. Key set to new value."


@pytest.mark.parametrize("name", ["htable.listTables", "htable.stats"])
def test_without_tables(load: Load, name: str) -> None:
    with pytest.raises(RpcError, match="No htables"):
        load().rpc(name)


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("a",), "No database htable"),
        (("no",), "No such htable"),
        ((), "No htable name given"),
    ],
)
def test_reload_with_a_database_for_no_table(
    load: Load, args: tuple[str, ...], reason: str
) -> None:
    d = load("a=>", db_url="sqlite:///x.db")
    for name in ("htable.reload", "htable.store"):
        with pytest.raises(RpcError, match=reason):
            d.rpc(name, *args)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("htable.dump", "No htable name given"),
        ("htable.flush", "No htable name given"),
        ("htable.get", "Not enough parameters (htable name and key name)"),
        ("htable.delete", "Not enough parameters (htable name & key name"),
        ("htable.sets", "Not enough parameters (htable name, key name and value)"),
        ("htable.seti", "Not enough parameters (htable name, key name and value)"),
        ("htable.setex", "Not enough parameters (htable name, item name and expire)"),
        ("htable.setxs", "Not enough parameters (htable name, key name, value and expire)"),
        ("htable.setxi", "Not enough parameters (htable name, key name, value and expire)"),
    ],
)
def test_texts_for_missing_arguments(load: Load, name: str, missing: str) -> None:
    assert load().host.rpcs[name].mark.missing == (missing,)


def test_array_commands(load: Load) -> None:
    arrays = {name for name, declared in load().host.rpcs.items() if declared.mark.array}
    assert arrays == {"htable.dump", "htable.listTables", "htable.stats", "sipproxy.table.list"}
