"""Tables of a database, the same on SQLite, MariaDB, PostgreSQL and text files."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from sipproxy.errors import ModuleError, RpcError
from tests.opened import START, Served

if TYPE_CHECKING:
    from tests.bases import Base

NOW = int(START)


def cfg(base: "Base", table: str = "t=>dbtable=htable", **parameters: str | int) -> str:
    more = "".join(
        f'modparam("htable", "{name}", {value if isinstance(value, int) else repr(value)})\n'
        for name, value in parameters.items()
    ).replace("'", '"')
    return f"""
loadmodule "pv.so"
{base.loads}
loadmodule "htable.so"
modparam("htable", "db_url", "{base.url}")
modparam("htable", "htable", "{table}")
{more}
request_route {{ exit; }}
"""


def row(
    name: str, value: str, *, array: int = 0, number: int = 0, expires: int = 0
) -> dict[str, object]:
    return {
        "key_name": name,
        "key_type": array,
        "value_type": number,
        "key_value": value,
        "expires": expires,
    }


Serve = Callable[[str], Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A proxy that is not open yet; all let go of their databases in the end."""
    made: list[Served] = []

    def make(text: str) -> Served:
        made.append(Served(text))
        return made[-1]

    yield make
    for one in made:
        one.host.databases.close()


@pytest.fixture
def made(base: "Base") -> "Base":
    base.make("htable")
    return base


def test_types_and_arrays(serve: Serve, made: "Base") -> None:
    made.fill(
        "htable",
        [
            row("plain", 'it\'s "x" \\ ü'),
            row("number", "42", number=1),
            row("odd", "12abc", number=1),
            row("list", "a", array=1),
            row("list", "b", array=1),
            row("zlist", "7", array=1, number=1),
            row("empty", ""),
        ],
    )
    assert serve(cfg(made)).open().items() == {
        "plain": 'it\'s "x" \\ ü',
        "number": 42,
        "odd": 12,
        "list[0]": "a",
        "list[1]": "b",
        "list::size": 2,
        "zlist[0]": 7,
        "zlist::size": 1,
        "empty": "",
    }


def test_expiries(serve: Serve, made: "Base") -> None:
    made.fill(
        "htable",
        [
            row("past", "x", expires=NOW - 1),
            row("later", "x", expires=NOW + 500),
            row("default", "x"),
        ],
    )
    served = serve(cfg(made, "t=>dbtable=htable;autoexpire=60", db_expires=1)).open()
    left = {key: served.host.pv(f"$shtex(t=>{key})") for key in served.items()}
    outside = served.host.outside()
    assert {key: pv.read(outside) for key, pv in left.items()} == {"later": 500, "default": 60}
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    assert made.rows("htable", "key_name", "expires") == [
        ("default", NOW + 60),
        ("later", NOW + 500),
    ]


def test_columns_of_ones_own(serve: Serve, base: "Base") -> None:
    base.run(
        "CREATE TABLE own (k VARCHAR(20), a VARCHAR(20), b INTEGER, c VARCHAR(20))",
        "INSERT INTO own VALUES ('one', 'x', 5, NULL)",
        "INSERT INTO own VALUES ('two', NULL, 6, 'z')",
    )
    served = serve(cfg(base, "t=>dbtable=own;cols='k,a,b,c'")).open()
    assert served.items() == {"one": "x,5,*", "two": "*,6,z"}


def test_rows_come_in_pieces(serve: Serve, made: "Base") -> None:
    made.fill("htable", (row(f"k{number:03}", str(number), number=1) for number in range(250)))
    served = serve(cfg(made, fetch_rows=7)).open()
    assert served.items() == {f"k{number:03}": number for number in range(250)}


def test_a_reload_and_one_that_fails(serve: Serve, made: "Base") -> None:
    made.fill("htable", [row("a", "one"), row("b", "2", number=1)])
    served = serve(cfg(made)).open()
    served.write("$sht(t=>runtime)", 1)
    made.run("DELETE FROM htable WHERE key_name = 'a'")
    assert served.rpc("htable.reload", "t") == "Ok. Htable reloaded."
    assert served.items() == {"b": 2}
    made.run("ALTER TABLE htable RENAME TO gone") if made.kind != "text" else _spoil(made)
    with pytest.raises(RpcError, match="Htable reload failed"):
        served.rpc("htable.reload", "t")
    assert served.items() == {"b": 2}


def _spoil(base: "Base") -> None:
    from pathlib import Path

    (Path(base.url.removeprefix("text://")) / "htable").write_text("id(int,auto) key_name(\n")


AWKWARD: dict[str, int | str] = {
    "plain": "x",
    "quotes ' \" ` ''": "it's; DROP TABLE t -- \\' \\",
    "é ü 漢字 \U0001f600": "Ω≈ç√",
    "any \udcff\udc80 bytes": "\udcc3(\udcfe",
    "".join(map(chr, range(1, 128))): "\n\r\t:|%s %(p0)s {x} ?",
    "long" + "k" * 10_000: "v" * 9_999 + "\udcff",
    "empty": "",
    "number": -(2**31),
    "\\N": "\\0\\x41\\101",
}


def test_any_bytes_come_back(serve: Serve, base: "Base") -> None:
    base.make_wide()
    served = serve(cfg(base, "t=>dbtable=t;dbmode=1")).open()
    for key, value in AWKWARD.items():
        served.module.tables["t"].put(key, value, START)
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    assert served.rpc("htable.reload", "t") == "Ok. Htable reloaded."
    assert served.items() == AWKWARD
    served.write("$sht(t=>plain)", "at the end")
    served.proxy.close()
    assert serve(cfg(base, "t=>dbtable=t")).open().items() == AWKWARD | {"plain": "at the end"}
    assert not served.said("not UTF-8") and not served.said("not stored")


def test_what_a_column_does_not_hold(serve: Serve, made: "Base") -> None:
    served = serve(cfg(made)).open()
    for key, value in {"long" * 17: "x", "a\udcff": "\udcfe", "fits": "y" * 128}.items():
        served.module.tables["t"].put(key, value, START)
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    served.rpc("htable.reload", "t")
    if made.server is None:  # no lengths, and any bytes
        assert served.items() == {"long" * 17: "x", "a\udcff": "\udcfe", "fits": "y" * 128}
    else:
        assert served.items() == {"a�": "�", "fits": "y" * 128}
        assert served.said("htable t: 1 keys are not stored")
        assert served.said("htable t: 2 texts are not UTF-8")


def test_a_write_back_at_the_end(serve: Serve, made: "Base") -> None:
    made.fill("htable", [row("a", "one"), row("gone", "x")])
    served = serve(cfg(made, "t=>dbtable=htable;dbmode=1")).open()
    served.write("$sht(t=>a)", 5)
    served.write("$sht(t=>gone)", None)
    served.write("$sht(t=>new)", "it's")
    served.proxy.close()
    columns = ("key_name", "key_type", "value_type", "key_value")
    assert made.rows("htable", *columns) == [("a", 0, 1, "5"), ("new", 0, 0, "it's")]


def test_a_start_that_fails_writes_nothing(serve: Serve, made: "Base") -> None:
    made.fill("htable", [row("a", "one")])
    served = serve(cfg(made, "t=>dbtable=htable;dbmode=1", key_type_column="nothing"))
    with pytest.raises(ModuleError, match=r"htable t: dbtable=htable: .*nothing"):
        served.open()
    served.proxy.close()
    assert made.rows("htable", "key_name") == [("a",)]


def test_a_table_that_is_not_there(serve: Serve, made: "Base") -> None:
    with pytest.raises(ModuleError, match=r"htable t: dbtable=none: .*none"):
        serve(cfg(made, "t=>dbtable=none")).open()


@pytest.mark.soak
def test_a_server_that_hangs_at_the_end(
    serve: Serve, made: "Base", monkeypatch: pytest.MonkeyPatch
) -> None:
    if made.server is None:
        pytest.skip("files do not hang")
    monkeypatch.setattr("sipproxy.db.pooled.TABLE_SECONDS", 0.2)
    monkeypatch.setattr("sipproxy.db.bounded.SLACK", 0.1)
    made.fill("htable", [row("a", "one")])
    served = serve(cfg(made, "t=>dbtable=htable;dbmode=1")).open()
    served.write("$sht(t=>a)", "two")
    made.server.freeze()
    served.proxy.close()
    made.server.thaw()
    assert served.said("failed syncing hash table [t] to db")
    assert made.rows("htable", "key_value") == [("one",)]
