"""`sipproxy table` against a running server and a snapshot: what is printed, and exit codes."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sipproxy.modules.htable.snapshot import Snapshot
from sipproxy.modules.htable.store import Cell
from tests.ports import free_port

Sipproxy = Callable[..., Any]

CFG = """
loadmodule "ctl.so"
loadmodule "htable.so"
modparam("ctl", "binrpc", "unix:ctl")
modparam("ctl", "binrpc", "unixd:ctld")
modparam("htable", "htable", "t=>size=4;autoexpire=1000")
modparam("htable", "htable", "big=>size=4")
request_route { exit; }
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run directory of a server; its tables are empty at the start of the module."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "t.cfg").write_text(f"listen=udp:127.0.0.1:{free_port()}\n{CFG}")
    words = [sys.executable, "-m", "sipproxy", "-f", "t.cfg", "-DD", "-E", "-Y", str(folder)]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "listening" not in said and process.poll() is None:
            said += process.stderr.readline()
        assert "listening" in said, said
        yield folder
        process.send_signal(signal.SIGTERM)
        process.stderr.read()


@pytest.fixture
def table(sipproxy: Sipproxy, server: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sipproxy]:
    """`sipproxy table WORDS` of that server; the table t is empty before."""
    monkeypatch.setenv("SIPPROXY_CTL", f"unix:{server}/ctl")

    def run(*words: str) -> Any:
        return sipproxy("table", *words)

    run("rm", "t", "--match", ".*", "--yes")
    yield run


def test_set_get_and_show(table: Sipproxy) -> None:
    for words in (("a", "5"), ("b", "s:5", "--expires", "never"), ("c", "x y", "--expires", "30")):
        assert table("set", "t", *words).code == 0
    assert table("set", "t", "d", "7", "--type", "str").code == 0
    assert table("set", "t", "e", "--", "-7").code == 0
    got = table("get", "t", "b")
    assert (got.code, got.out) == (0, "5\n")
    rows = json.loads(table("show", "t", "--json").out)
    assert [(row["key"], row["value"]) for row in rows] == [
        *(("a", 5), ("b", "5"), ("c", "x y"), ("d", "7"), ("e", -7))
    ]
    assert [row["expires"] for row in rows[1:2]] == [None]
    assert 20 <= rows[2]["expires"] <= 30
    assert 900 < rows[0]["expires"] <= 1000
    shown = table("show", "t", "--match", "^[AB]").out.splitlines()
    assert [line.split()[:2] for line in shown] == [["KEY", "TYPE"], ["a", "int"], ["b", "str"]]
    assert len(table("show", "t", "--limit", "2").out.splitlines()) == 3
    assert json.loads(table("get", "t", "a", "--json").out)["value"] == 5


def test_the_tables(table: Sipproxy) -> None:
    table("set", "t", "k", "1")
    assert [line.split() for line in table("show").out.splitlines()] == [
        ["TABLE", "KEYS", "AUTOEXPIRE", "MAXITEMS", "DBTABLE"],
        ["t", "1", "1000", "-", "-"],
        ["big", "0", "-", "-", "-"],
    ]
    assert json.loads(table("show", "--json").out)[0]["name"] == "t"


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("get", "t", "none"), 1, "t has no key 'none'"),
        (("get", "none", "k"), 1, "there is no table 'none'"),
        (("show", "none"), 1, "there is no table 'none'"),
        (("show", "t", "--match", "("), 1, "bad regular expression"),
        (("set", "none", "k", "1"), 1, "there is no table 'none'"),
        (("set", "t", "k", "99999999999"), 2, "'99999999999' is no integer of 32 bits"),
        (("set", "t", "k", "x", "--type", "int"), 2, "'x' is no integer of 32 bits"),
        (("set", "t", "k", "1", "--expires", "soon"), 2, "'soon' is no number of seconds"),
        (("set", "big", "k", "1", "--expires", "5"), 1, "the table has no autoexpire"),
        (("rm", "t"), 2, "give KEYs, or --match or --value"),
        (("rm", "t", "k", "--match", "k"), 2, "give KEYs, or --match or --value"),
        (("import", "t", "/none"), 2, "does not exist"),
        (("watch", "none", "--for", "0.1"), 1, "there is no table 'none'"),
    ],
)
def test_what_cannot_be_done(
    table: Sipproxy, words: tuple[str, ...], code: int, complaint: str
) -> None:
    said = table(*words)
    assert (said.code, said.out) == (code, "")
    assert complaint in said.err


def test_without_a_server(sipproxy: Sipproxy, tmp_path: Path) -> None:
    for words in (("show",), ("get", "t", "k"), ("watch", "t"), ("rm", "t", "k")):
        said = sipproxy("table", *words, "-s", f"unix:{tmp_path}/none")
        assert said.code == 3
        assert said.err.startswith(f"sipproxy: no server at unix:{tmp_path}/none")


def test_removing(table: Sipproxy) -> None:
    for key in ("a1", "a2", "b1"):
        table("set", "t", key, "1")
    said = table("rm", "t", "--match", "^a")  # nobody is there to be asked
    assert (said.code, said.out) == (2, "")
    assert "2 keys are found: --yes removes them unasked" in said.err
    said = table("rm", "t", "--match", "^A", "--yes")
    assert (said.code, said.out) == (0, "2 removed\n")
    said = table("rm", "t", "b1", "none")
    assert (said.code, said.out) == (1, "1 removed\n")
    assert table("rm", "t", "--match", "x", "--yes").code == 1


@pytest.mark.parametrize("form", ["csv", "json"])
def test_there_and_back(table: Sipproxy, tmp_path: Path, form: str) -> None:
    table("set", "t", "int", "5", "--expires", "never")
    table("set", "t", "odd\nkey,\"'", "caf\udcff\x1b é", "--expires", "never")
    file = str(tmp_path / f"rows.{form}")
    said = table("export", "t", file)
    assert (said.code, said.err) == (0, f"2 keys written to {file}\n")
    before = table("show", "t", "--json").out
    assert table("rm", "t", "--match", ".", "--yes").code == 0
    dry = table("import", "t", file, "--dry-run")
    assert (dry.code, dry.out) == (0, "2 can be set, 0 not\n")
    assert json.loads(table("show", "t", "--json").out) == []
    said = table("import", "t", file)
    assert (said.code, said.out, said.err) == (0, "2 are set, 0 not\n", "")
    assert table("show", "t", "--json").out == before


def test_rows_that_cannot_be_imported_are_named(table: Sipproxy, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("key,type,value,expires\na,int,x,\nb,int,5,\nc,str,6,never\n")
    said = table("import", "t", str(file))
    assert (said.code, said.out) == (1, "2 are set, 1 not\n")
    assert said.err == f"{file}:2: 'x' is no integer of 32 bits\n"
    said = table("import", "big", str(file).replace("rows", "rows"), "--dry-run")
    assert (said.code, said.out) == (1, "2 can be set, 1 not\n")
    file.write_text("key,type,value,expires\na,int,1,5\nb,int,5,\n")
    said = table("import", "big", str(file))
    assert (said.code, said.out) == (1, "1 are set, 1 not\n")
    assert said.err == f"{file}:2: the table has no autoexpire: its keys live for ever\n"
    file.write_text("nonsense\n")
    said = table("import", "t", str(file))
    assert (said.code, said.out) == (2, "")
    assert "the first line names the columns" in said.err


def test_many_rows_by_every_transport(
    table: Sipproxy, server: Path, tmp_path: Path, sipproxy: Sipproxy
) -> None:
    file = tmp_path / "many.csv"
    table("rm", "big", "--match", ".*", "--yes")
    rows = [f"key{n},int,{n}" for n in range(3000)] + [
        f"long{n},str,{'x' * 9000}" for n in range(9)
    ]
    file.write_text("key,type,value\n" + "\n".join(rows) + "\n")
    said = table("import", "big", str(file))
    assert (said.code, said.out) == (0, "3009 are set, 0 not\n")
    for address in (f"unix:{server}/ctl", f"unixd:{server}/ctld"):
        out = sipproxy("table", "export", "big", "--format", "json", "-s", address).out
        found = {row["key"]: row["value"] for row in json.loads(out)}
        assert len(found) == 3009
        assert (found["key2999"], len(found["long8"])) == (2999, 9000)


def test_watching(table: Sipproxy, server: Path) -> None:
    words = ("watch", "t", "--every", "0.1", "-n", "3", "--for", "20", "--json")
    command = [sys.executable, "-m", "sipproxy", "table", *words, "-s", f"unix:{server}/ctl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        number = 0
        while watcher.poll() is None:  # until it has seen enough
            number += 1
            table("set", "t", "k", str(number))
        lines = [json.loads(line) for line in watcher.stdout]
    assert watcher.returncode == 0
    assert len(lines) == 3
    assert {line["key"] for line in lines} == {"k"}
    assert lines[-1]["change"] == "changed"
    assert lines[-1]["value"] > lines[-1]["before"]


def test_more_than_can_be_watched(table: Sipproxy) -> None:
    for key in ("a", "b"):
        table("set", "t", key, "1")
    said = table("watch", "t", "--keys-at-most", "1")
    assert (said.code, said.err) == (2, "sipproxy: t: more than 1 keys: narrow it by --match\n")


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "tables.snap"
    cells: list[tuple[str, Cell]] = [
        ("b", ("x", 0)),
        ("a", (5, 4_000_000_000)),
        ("over", (1, 1_000_000_001)),
    ]
    Snapshot(str(path)).save([("t", cells), ("e", [("odd", (1, 7))])])
    return path


def test_a_snapshot(sipproxy: Sipproxy, snapshot: Path) -> None:
    file = ("--file", str(snapshot))
    shown = sipproxy("table", "show", *file).out.splitlines()
    assert [line.split()[:2] for line in shown[1:]] == [["t", "2"], ["e", "1"]]
    rows = json.loads(sipproxy("table", "show", "t", "--json", *file).out)
    assert [(row["key"], row["value"]) for row in rows] == [("a", 5), ("b", "x")]
    assert rows[0]["expires"] > 10**9
    assert rows[1]["expires"] is None
    assert sipproxy("table", "get", "t", "a", *file).out == "5\n"
    assert sipproxy("table", "get", "t", "over", *file).code == 1
    assert sipproxy("table", "export", "t", "--match", "A", *file).out.startswith(
        "key,type,value,expires\na,int,5,"
    )


@pytest.mark.parametrize(
    ("change", "words", "code", "complaint"),
    [
        (lambda data: data[:-5], ("show",), 2, "it has a line that cannot be read"),
        (lambda data: data.replace(b"4000000000", b"4000000001"), ("show",), 2, "its checksum"),
        (lambda data: b"else", ("show",), 2, "cannot be read"),
        (lambda data: data, ("show", "none"), 1, "there is no table 'none'"),
        (lambda data: data, ("show", "t", "--value", "("), 1, "bad regular expression"),
    ],
)
def test_a_snapshot_that_is_damaged(
    sipproxy: Sipproxy,
    snapshot: Path,
    change: Callable[[bytes], bytes],
    words: tuple[str, ...],
    code: int,
    complaint: str,
) -> None:
    snapshot.write_bytes(change(snapshot.read_bytes()))
    said = sipproxy("table", *words, "--file", str(snapshot))
    assert said.code == code
    assert complaint in said.err


def test_no_snapshot(sipproxy: Sipproxy, tmp_path: Path) -> None:
    said = sipproxy("table", "show", "--file", str(tmp_path / "none"))
    assert (said.code, said.err) == (2, f"sipproxy: {tmp_path}/none: No such file or directory\n")


def test_completion_asks_the_server(
    server: Path, monkeypatch: pytest.MonkeyPatch, sipproxy: Sipproxy
) -> None:
    monkeypatch.setenv("SIPPROXY_CTL", f"unix:{server}/ctl")
    from click.testing import CliRunner

    from sipproxy.cli import cli

    words = {"COMP_WORDS": "sipproxy table get b", "COMP_CWORD": "3"}
    env = {**words, "_SIPPROXY_COMPLETE": "bash_complete", "SIPPROXY_CTL": f"unix:{server}/ctl"}
    done = CliRunner(env=env).invoke(cli, prog_name="sipproxy")
    assert done.output == "plain,big\n"
