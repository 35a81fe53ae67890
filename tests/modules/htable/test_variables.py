"""Pseudo-variables, as a cfg sees them."""

from collections.abc import Callable

import pytest

from sipproxy.core.log import ERROR
from sipproxy.core.resolve import ResolveError
from sipproxy.modules.htable import Htable
from sipproxy.modules.htable.table import Record
from sipproxy.testing.bench import Bench

Load = Callable[..., Bench[Htable]]


def test_values(load: Load) -> None:
    d = load("a=>size=4", "b=>initval=7")
    d.write("$sht(a=>k)", 5)
    d.write("$sht(a=>s)", "5")
    assert (d.read("$sht(a=>k)"), d.read("$sht(a=>s)"), d.read("$sht(a=>none)")) == (5, "5", None)
    assert d.read("$sht(b=>none)") == 7
    d.write("$sht(a=>k)", None)
    d.write("$sht(a=>never)", None)
    assert d.read("$sht(a=>k)") is None
    assert d.shown("[$sht(a=>k)] [$sht(a=>s)] [$sht(b=>none)]") == "[<null>] [5] [7]"


def test_keys_hold_variables_and_blanks(load: Load) -> None:
    d = load("a=>")
    d.words.update(user="bob", ip="10.0.0.1", none=None)
    d.write("$sht(a=>$word(user)::$word(ip))", 1)
    d.write("$sht(a=>$word(none))", 2)
    d.write("$sht(a=> k)", 3)
    d.write("$sht( a =>)", 4)
    assert d.read("$sht(a=>bob::10.0.0.1)") == 1
    assert d.read("$sht(a=><null>)") == 2
    assert (d.read("$sht(a=> k)"), d.read("$sht(a=>k)"), d.read("$sht(a=>)")) == (3, None, 4)
    d.words["user"] = "eve"
    assert d.read("$sht(a=>$word(user)::$word(ip))") is None


def test_expiry_follows_the_clock_of_the_run(load: Load) -> None:
    d = load("a=>autoexpire=2;initval=0")
    d.write("$sht(a=>k)", 1)
    d.after(2.5)
    assert d.read("$sht(a=>k)") == 1
    d.after(2.75)
    assert d.read("$sht(a=>k)") == 0
    assert d.read("$shtinc(a=>k)") == 1


def test_counters(load: Load) -> None:
    d = load("plain=>size=4", "init=>initval=5")
    assert d.shown("$shtinc(plain=>new) $sht(plain=>new)") == "<null> <null>"
    assert d.shown("$shtinc(init=>new) $shtdec(init=>new2)") == "6 4"
    d.write("$sht(plain=>n)", 10)
    assert d.shown("$shtinc(plain=>n) $shtinc(plain=>n) $shtdec(plain=>n)") == "11 12 11"
    d.write("$sht(plain=>s)", "10")
    assert d.shown("$shtdec(plain=>s) $sht(plain=>s)") == "<null> 10"


def test_seconds_left(load: Load) -> None:
    d = load("e=>autoexpire=100;updateexpire=0", "n=>size=4")
    d.write("$sht(e=>k)", 1)
    d.write("$sht(n=>k)", 1)
    assert (d.read("$shtex(e=>k)"), d.read("$shtex(n=>k)"), d.read("$shtex(e=>x)")) == (100, 0, 0)
    d.write("$shtex(e=>k)", 300)
    d.write("$shtex(n=>k)", 300)
    assert (d.read("$shtex(e=>k)"), d.read("$shtex(n=>k)")) == (300, 0)
    d.after(301)
    assert d.read("$shtex(e=>k)") == -1
    assert d.shown("$shtex(e=>k) $shtex(e=>none) $shtex(nosuch=>k)") == "4294967295 0 <null>"
    for forever in (0, -5, "55", None):
        d.write("$shtex(e=>k)", 10)
        d.write("$shtex(e=>k)", forever)
        assert d.module.tables["e"].store.get("k") == (1, 0)
    d.write("$shtex(e=>x)", 10)
    assert d.read("$shtcn(e=>**)") == 1


def test_counting(load: Load) -> None:
    d = load("a=>")
    d.words["p"] = "ab"
    for key, value in (("abc", "xyz"), ("abd", 12), ("cab", "12")):
        d.write(f"$sht(a=>{key})", value)
    assert d.read("$shtcn(a=>%~$word(p))") == 2
    assert d.read("$shtcn(a=>b$$)") == 1
    assert d.read("$shtcv(a=>12)") == 1
    assert d.read("$shtcv(a=>eq12)") == 1
    assert d.lines() == []
    assert d.read("$shtcn(a=>[k)") == 0
    assert d.lines() == [(ERROR, "bad re [k")]


def test_a_table_that_nothing_defines(load: Load) -> None:
    d = load("a=>")
    for name in ("sht", "shtex", "shtinc", "shtdec", "shtcn", "shtcv"):
        assert d.read(f"${name}(nosuch=>k)") is None
    assert d.lines() == []
    for name in ("sht", "shtex"):
        d.write(f"${name}(nosuch=>k)", 5)
        assert d.lines() == [(ERROR, "setting pvar failed")]
    assert d.module.undefined == ["nosuch"]


def test_record(load: Load) -> None:
    d = load("a=>")
    assert d.read("$shtrecord(key)") is None
    assert d.shown("[$shtrecord(key)]") == "[]"
    d.ctx.record = Record("k", 5)
    assert (d.read("$shtrecord(key)"), d.read("$shtrecord(value)")) == ("k", 5)


def test_iterators(load: Load) -> None:
    d = load("a=>")
    d.write("$sht(a=>k)", "v")
    assert d.shown("$shtitkey(i) $shtitval(i)") == "<null> <null>"
    assert d.call("sht_iterator_start", "i", "a") == 1
    assert d.shown("$shtitkey(i) $shtitval(i)") == "<null> <null>"
    assert d.call("sht_iterator_next", "i") == 1
    assert d.shown("$shtitkey(i) $shtitval(i)") == "k v"


@pytest.mark.parametrize(
    "text",
    [
        "$sht",
        "$sht(a)",
        "$sht(a= >k)",
        "$sht(a=>k$)",
        "$(sht(a=>k)[1])",
        "$shtcn(a=>^k$)",
        "$shtrecord(foo)",
        "$shtrecord",
        "$shtitkey()",
        "$shtitval",
        "$sht(a=>$nosuch)",
    ],
)
def test_refused_at_load(load: Load, text: str) -> None:
    with pytest.raises(ResolveError):
        load("a=>").host.pv(text)


@pytest.mark.parametrize("name", ["shtinc", "shtdec", "shtcn", "shtcv"])
def test_read_only(load: Load, name: str) -> None:
    assert load("a=>").host.pv(f"${name}(a=>k)").set is None
