"""`sipproxy.table.*`: pages of a table that changes meanwhile, typed rows, seconds left."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy.errors import RpcError
from sipproxy.testing import ProxyUnderTest, load_cfg_text

CFG = """
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=100")
modparam("htable", "htable", "ever=>size=4;maxitems=2")
request_route { exit; }
"""


@pytest.fixture
def proxy() -> ProxyUnderTest:
    return load_cfg_text(CFG)


def pages(proxy: ProxyUnderTest, table: str, most: int, *wanted: str) -> list[dict[str, Any]]:
    place, after, rows = 0, "", []
    while place >= 0:
        page = proxy.rpc("sipproxy.table.page", table, place, after, most, *wanted)
        assert len(page["rows"]) <= most
        place, after = page["place"], page["after"]
        rows += page["rows"]
    return rows


def test_rows_keep_their_types_and_seconds(proxy: ProxyUnderTest) -> None:
    answer = proxy.rpc(
        "sipproxy.table.set",
        "t",
        *("own", "int", "5", "-1"),
        *("never", "str", "5", "0"),
        *("short", "str", "x", "9"),
        *("", "int", "-7", "-1"),
    )
    assert answer == {"set": 4, "refused": []}
    proxy.advance(3)
    rows = {row["key"]: (row["value"], row["left"]) for row in pages(proxy, "t", 10)}
    assert rows == {"own": (5, 97), "never": ("5", -1), "short": ("x", 6), "": (-7, 97)}
    assert proxy.rpc("sipproxy.table.get", "t", "short") == {
        "key": "short",
        "value": "x",
        "left": 6,
    }
    proxy.advance(7)
    assert {row["key"] for row in pages(proxy, "t", 10)} == {"own", "never", ""}
    with pytest.raises(RpcError, match="404 - no such key"):
        proxy.rpc("sipproxy.table.get", "t", "short")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("k", "int", "x", "-1"), "'x' is no integer of 32 bits"),
        (("k", "int", "2147483648", "-1"), "'2147483648' is no integer of 32 bits"),
        (("k", "float", "1", "-1"), "the type is int or str, not 'float'"),
        (("k", "str", "1", "-2"), "'-2' is no number of seconds"),
        (("k", "str", "1", "soon"), "'soon' is no number of seconds"),
    ],
)
def test_rows_that_are_refused(proxy: ProxyUnderTest, row: tuple[str, ...], reason: str) -> None:
    answer = proxy.rpc("sipproxy.table.set", "t", "good", "int", "1", "-1", *row)
    assert answer == {"set": 1, "refused": [{"row": 1, "reason": reason}]}


def test_a_table_has_room_and_times_as_it_says(proxy: ProxyUnderTest) -> None:
    rows = [text for n in range(3) for text in (f"k{n}", "int", "1", "-1")]
    assert proxy.rpc("sipproxy.table.set", "ever", *rows) == {
        "set": 2,
        "refused": [{"row": 2, "reason": "the table is full"}],
    }
    answer = proxy.rpc("sipproxy.table.set", "ever", "k0", "int", "2", "5")
    assert "no autoexpire" in answer["refused"][0]["reason"]
    assert proxy.sht["ever"]["k0"] == 1


def test_half_a_row(proxy: ProxyUnderTest) -> None:
    with pytest.raises(RpcError, match="a row is key, type, value, seconds"):
        proxy.rpc("sipproxy.table.set", "t", "k", "int", "5")


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (("^a",), ["a1", "A2"]),
        (("", "^5$"), ["a1", "b"]),
        (("2", "x"), ["A2"]),
        (("none",), []),
    ],
)
def test_expressions(proxy: ProxyUnderTest, wanted: tuple[str, ...], keys: list[str]) -> None:
    fields = ("a1", "int", "5", "-1", "A2", "str", "x5x", "-1", "b", "str", "5", "-1")
    proxy.rpc("sipproxy.table.set", "t", *fields)
    assert sorted(row["key"] for row in pages(proxy, "t", 2, *wanted)) == sorted(keys)


def test_a_bad_expression_and_no_table(proxy: ProxyUnderTest) -> None:
    with pytest.raises(RpcError, match=r"400 - bad regular expression"):
        proxy.rpc("sipproxy.table.page", "t", 0, "", 10, "(")
    for command in ("page", "get", "set", "rm"):
        with pytest.raises(RpcError, match="No such htable"):
            proxy.rpc(
                f"sipproxy.table.{command}", "none", *((0, "", 1) if command == "page" else ("k",))
            )


@settings(max_examples=20, deadline=None)
@given(
    st.sets(st.text(max_size=3), max_size=60),
    st.sets(st.text(max_size=3), max_size=20),
    st.integers(1, 7),
)
def test_a_key_that_stays_is_shown_once(stay: set[str], come: set[str], most: int) -> None:
    proxy = load_cfg_text(CFG)
    store: Any = proxy.host.modules["htable"].tables["t"].store  # type: ignore[attr-defined]
    store.fill((key, (1, 0)) for key in stay | come)
    place, after, shown = 0, "", []
    others = iter(sorted(come - stay))
    while place >= 0:
        page = proxy.rpc("sipproxy.table.page", "t", place, after, most)
        place, after = page["place"], page["after"]
        shown += [row["key"] for row in page["rows"]]
        for key in (next(others, None), next(others, None)):
            if key is not None:
                store.remove(key)
                store[f"{key}new"] = 2, 0
    assert len(shown) == len(set(shown))
    assert stay <= set(shown)


def test_a_page_is_bounded_in_rows_bytes_and_work(proxy: ProxyUnderTest) -> None:
    store: Any = proxy.host.modules["htable"].tables["t"].store  # type: ignore[attr-defined]
    store.fill((f"k{n}", ("x" * 10_000, 0)) for n in range(20))
    page = proxy.rpc("sipproxy.table.page", "t", 0, "", 1000)
    assert 1 <= len(page["rows"]) <= 2
    assert len(pages(proxy, "t", 1000)) == 20
    store.clear()
    store.fill((f"k{n}", (n, 0)) for n in range(20_000))
    page = proxy.rpc("sipproxy.table.page", "t", 0, "", 10, "nothing")
    assert page["rows"] == []
    assert 0 < page["place"] < 100


def test_the_tables_and_removal(proxy: ProxyUnderTest) -> None:
    proxy.rpc("sipproxy.table.set", "t", "a", "int", "1", "-1", "b", "int", "1", "-1")
    assert proxy.rpc("sipproxy.table.list") == [
        {"name": "t", "items": 2, "autoexpire": 100, "maxitems": 0, "dbtable": ""},
        {"name": "ever", "items": 0, "autoexpire": 0, "maxitems": 2, "dbtable": ""},
    ]
    assert proxy.rpc("sipproxy.table.rm", "t", "a", "none") == {"removed": 1}
    assert [row["key"] for row in pages(proxy, "t", 10)] == ["b"]
