"""Functions and their codes; texts and codes were seen on Kamailio 5.6.3."""

import re
from collections.abc import Callable

import pytest

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN
from sipproxy.core.module import Module, function
from sipproxy.core.values import Value
from sipproxy.modules.htable import Htable
from sipproxy.testing import ProxyUnderTest, Run, load_cfg_text, request
from sipproxy.testing.bench import Bench

Load = Callable[..., Bench[Htable]]


def fill(d: Bench[Htable]) -> None:
    values: dict[str, Value] = {
        "user:alice": "sip:a",
        "user:bob": "sip:b",
        "host:alice": "tel:a",
        "n": 17,
    }
    for key, value in values.items():
        d.write(f"$sht(h=>{key})", value)


def left(d: Bench[Htable]) -> set[str]:
    return {key for key, _ in d.module.tables["h"].store.items()}


ALL = {"user:alice", "user:bob", "host:alice", "n"}


@pytest.mark.parametrize(
    ("call", "code", "gone"),
    [
        (("sht_rm", "h", "user:alice"), 1, {"user:alice"}),
        (("sht_rm", "h", "absent"), 1, set()),
        (("sht_rm_name", "h", "re", "^USER:"), 1, {"user:alice", "user:bob"}),
        (("sht_rm_name", "h", "sw", "host"), 1, {"host:alice"}),
        (("sht_rm_name", "h", "sw", "nothing"), 1, set()),
        (("sht_rm_value", "h", "re", "a$"), 1, {"user:alice", "host:alice"}),
        (("sht_rm_value", "h", "sw", "sip:"), 1, {"user:alice", "user:bob"}),
        (("sht_rm_value", "h", "re", "17"), 1, set()),
        (("sht_rm_name_re", "h=>alice$$"), 1, {"user:alice", "host:alice"}),
        (("sht_rm_value_re", "h=>^sip"), 1, {"user:alice", "user:bob"}),
        (("sht_rm_value_re", "h=>17"), 1, set()),
        (("sht_rm_name_re", "nosuch=>k"), 1, set()),
        (("sht_rm_name_re", "h=>"), -1, set()),
        (("sht_reset", "h"), 1, ALL),
    ],
)
def test_removing(load: Load, call: tuple[str, ...], code: int, gone: set[str]) -> None:
    d = load("h=>", "o=>")
    fill(d)
    d.write("$sht(o=>other)", 1)
    assert d.call(*call) == code
    assert left(d) == ALL - gone
    assert d.read("$sht(o=>other)") == 1
    assert d.lines() == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("sht_match_name", "h", "eq", "n"), 1),
        (("sht_match_name", "h", "eq", "N"), -1),
        (("sht_has_name", "h", "ne", "n"), 1),
        (("sht_has_name", "h", "re", "BOB$"), 1),
        (("sht_match_name", "h", "sw", "alice"), -1),
        (("sht_match_str_value", "h", "sw", "tel"), 1),
        (("sht_has_str_value", "h", "eq", "17"), -1),
        (("sht_has_str_value", "h", "re", "^sip:b"), 1),
    ],
)
def test_matching(load: Load, call: tuple[str, ...], code: int) -> None:
    d = load("h=>")
    fill(d)
    assert d.call(*call) == code
    assert left(d) == ALL


@pytest.mark.parametrize(
    ("call", "code", "level", "text"),
    [
        (("sht_rm", "nosuch", "k"), -1, ERROR, "cannot get hash table [nosuch]"),
        (("sht_rm", "", "k"), -1, ERROR, "cannot get the hash table name"),
        (("sht_rm", "h", ""), -1, ERROR, "cannot get the item table name"),
        (("sht_rm_name_re", "h=>[k"), -1, ERROR, "bad re [k"),
        (("sht_rm_name", "h", "zz", "k"), -1, WARN, "unsupported match operator: zz"),
        (("sht_rm_name", "h", "ew", "k"), -1, WARN, "unsupported match operator: ew"),
        (("sht_rm_name", "h", "re", ""), -1, ERROR, "cannot the get match value"),
        (("sht_rm_value", "h", "", "k"), -1, ERROR, "cannot get the match operation"),
        (("sht_rm_value", "nosuch", "re", "k"), -1, ERROR, "cannot get hash table [nosuch]"),
        (("sht_rm_value", "h", "re", "[k"), -1, ERROR, "bad re [k"),
        (("sht_match_name", "h", "zz", "k"), -1, WARN, "unsupported match operator: zz"),
        (("sht_match_name", "h", "re", "[k"), -1, ERROR, "bad re [k"),
        (("sht_match_name", "", "re", "k"), -1, ERROR, "cannot get the hash table name"),
        (("sht_reset", "nosuch"), -1, ERROR, "cannot get hash table [nosuch]"),
        (("sht_reset", ""), -1, ERROR, "cannot get hash table name"),
        (("sht_lock", "nosuch=>k"), -11, ERROR, "cannot get $sht root"),
        (("sht_unlock", "nosuch=>k"), -11, ERROR, "cannot get $sht root"),
        (("sht_setxs", "nosuch", "k", "v", 5), -1, ERROR, "No such htable: nosuch"),
        (("sht_setxs", "", "k", "v", 5), -1, ERROR, "cannot get htable name"),
        (("sht_setxs", "h", "", "v", 5), -1, ERROR, "cannot get item name"),
        (("sht_setxi", "nosuch", "k", 5, 5), -1, ERROR, "No such htable: nosuch"),
        (("sht_iterator_start", "i", "nosuch"), -1, ERROR, "cannot get hash table [nosuch]"),
        (("sht_iterator_start", "i", ""), -1, ERROR, "cannot get hash table name"),
        (("sht_iterator_start", "", "h"), -1, ERROR, "cannot get iterator name"),
        (("sht_iterator_next", "zz"), -1, ERROR, "iterator not initialized [zz]"),
        (("sht_iterator_rm", "zz"), -1, ERROR, "iterator not initialized [zz]"),
        (("sht_iterator_end", "zz"), -1, ERROR, "iterator not found [zz]"),
        (("sht_iterator_sets", "zz", "v"), -1, ERROR, "iterator not initialized [zz]"),
        (("sht_iterator_next", ""), -1, ERROR, "cannot get iterator name"),
    ],
)
def test_refusals(load: Load, call: tuple[str, ...], code: int, level: int, text: str) -> None:
    d = load("h=>")
    fill(d)
    assert d.call(*call) == code
    assert d.lines() == [(level, text)]
    assert left(d) == ALL


def test_operators_of_6_1(load: Load) -> None:
    d = load("h=>", compat="6.1")
    fill(d)
    assert d.call("sht_rm_name", "h", "ew", "bob") == 1
    assert d.call("sht_rm_value", "h", "in", "el:") == 1
    assert left(d) == {"user:alice", "n"}
    assert d.call("sht_match_name", "h", "ew", "alice") == -1


def test_names_that_6_1_brought(load: Load) -> None:
    d = load("h=>", "i=>initval=7;autoexpire=5", compat="6.1")
    fill(d)
    calls = [("h", "n"), ("h", "none"), ("i", "none"), ("nosuch", "n"), ("", "n"), ("h", "")]
    assert [d.call("sht_is_null", *words) for words in calls] == [-1, 1, -2, 2, 3, 3]
    assert [text for _, text in d.lines()] == [
        "cannot get the hash table name",
        "cannot get the item table name",
    ]
    d.write("$sht(h=>late)", 1)
    assert [d.call("sht_inc", "h", "n"), d.call("sht_inc", "i", "new")] == [1, 1]
    assert d.call("sht_dec", "h", "n") == d.call("sht_dec", "h", "n") == 1
    assert (d.read("$sht(h=>n)"), d.read("$sht(i=>new)")) == (16, 8)
    assert d.lines() == []
    for words in (("h", "none"), ("h", "user:bob"), ("nosuch", "n"), ("", "n"), ("h", "")):
        assert d.call("sht_inc", *words) == -1
    assert [text for _, text in d.lines()] == [
        "failed updating $sht(h=>none)",
        "failed updating $sht(h=>user:bob)",
        "cannot get htable nosuch",
        "cannot get the hash table name",
        "cannot get the item table name",
    ]


def test_is_null_of_what_has_expired(load: Load) -> None:
    d = load("e=>autoexpire=5", compat="6.1")
    d.write("$sht(e=>k)", 1)
    assert d.call("sht_is_null", "e", "k") == -1
    d.after(6)
    assert d.call("sht_is_null", "e", "k") == 1


@pytest.mark.parametrize("name", ["sht_is_null", "sht_inc", "sht_dec"])
def test_older_versions_do_not_know_them(load: Load, name: str) -> None:
    for compat in ("3.0", "5.6"):
        assert name not in load("h=>", compat=compat).host.functions


def test_a_full_table(load: Load) -> None:
    """As Kamailio 5.6.3 with `-m 5` answers when its memory is full."""
    d = load("h=>maxitems=1;initval=4;autoexpire=100")
    d.write("$sht(h=>k)", 1)
    d.write("$sht(h=>new)", 1)
    d.write("$sht(h=>new)", "text")
    assert d.read("$sht(h=>new)") == 4
    assert d.read("$shtinc(h=>new)") is None
    assert d.call("sht_setxs", "h", "new", "text", 5) == -1
    assert d.call("sht_setxi", "h", "new", 5, 5) == -1
    assert d.call("sht_setxi", "h", "k", 5, 5) == 0
    d.write("$sht(h=>k)", "a text where a number was")
    assert left(d) == {"k"}
    text = "no room in htable h: it holds maxitems=1 keys"
    assert d.lines() == [(ERROR, text)]
    d.host.timers.expire(d.host.now() + 10)
    assert d.lines() == [(ERROR, f"{text} (4 more in 10 s)")]


def test_own_seconds(load: Load) -> None:
    d = load("e=>autoexpire=100", "n=>")
    assert d.call("sht_setxs", "e", "k", "text", 7) == 1
    assert (d.read("$sht(e=>k)"), d.read("$shtex(e=>k)")) == ("text", 7)
    assert d.call("sht_setxi", "e", "i", 5, 9) == 0
    assert (d.read("$sht(e=>i)"), d.read("$shtex(e=>i)")) == (5, 9)
    assert d.call("sht_setxs", "e", "k", "longer text", 7) == 1
    assert d.module.tables["e"].store.get("k") == ("longer text", 0)
    assert d.call("sht_setxs", "n", "k", "", 7) == 1
    assert d.read("$sht(n=>k)") == ""


def test_own_seconds_in_6_1(load: Load) -> None:
    d = load("e=>autoexpire=100", compat="6.1")
    assert d.call("sht_setxi", "e", "k", 5, 9) == 1
    assert d.call("sht_setxs", "e", "k", "text", 7) == 1
    assert d.read("$shtex(e=>k)") == 7


def test_locks_end_with_the_message(load: Load) -> None:
    d = load("h=>size=4")
    slot = d.module.tables["h"].slot_of("k")
    d.words["k"] = "k"
    assert [d.call("sht_lock", "h=>$word(k)") for _ in range(2)] == [1, 1]
    assert d.call("sht_unlock", "h=>k") == 1
    d.next_message()
    text = f"slot {slot} of h was still locked at the end of the message: unlocked"
    assert d.lines() == [(WARN, text)]
    assert d.call("sht_lock", "h=>k") == d.call("sht_unlock", "h=>k") == 1
    assert d.call("sht_unlock", "h=>k") == 1
    d.next_message()
    assert d.lines() == []


class Nap(Module, name="nap"):
    """`nap(3)`: the route waits."""

    @function()
    async def nap(self, ctx: Context, seconds: int) -> None:
        """Go on after so many seconds."""
        await self.host.sleep(seconds)


CFG = """
loadmodule "nap.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "htable.so"
modparam("htable", "htable", "h=>size=4")
request_route {
    $var(mine) = $rU;
    if ($rU == "none") { xlog("none unlocked\n"); exit; }
    sht_lock("h=>k");
    xlog("$var(mine) in [$sht(h=>k)]\n");
    $sht(h=>k) = $rU;
    $var(n) = $(rU{s.substr,1,0}{s.int});
    nap($var(n));
    if ($rU != "s2") { sht_unlock("h=>k"); }
    xlog("$var(mine) out [$sht(h=>k)] $rU\n");
    nap("1");
}
"""


def napping() -> ProxyUnderTest:
    return load_cfg_text(CFG, modules={"nap": Nap})


def said(run: Run) -> list[str]:
    return [line.strip() for line in run.log]


def test_others_wait_for_a_lock() -> None:
    proxy = napping()
    assert said(proxy.feed(request("OPTIONS", "sip:a3@h"))) == ["a3 in [<null>]"]
    assert said(proxy.feed(request("OPTIONS", "sip:b1@h"))) == []
    assert said(proxy.feed(request("OPTIONS", "sip:c1@h"))) == []
    assert said(proxy.feed(request("OPTIONS", "sip:none@h"))) == ["none unlocked"]
    assert said(proxy.advance(2.9)) == []
    assert said(proxy.advance(0.1)) == ["a3 out [a3] a3", "b1 in [a3]"]
    assert said(proxy.advance(1.0)) == ["b1 out [b1] b1", "c1 in [b1]"]
    assert said(proxy.advance(1.0)) == ["c1 out [c1] c1"]
    assert said(proxy.advance(20.0)) == []


def test_who_waits_goes_on_when_the_message_ends() -> None:
    proxy = napping()
    proxy.feed(request("OPTIONS", "sip:s2@h"))
    assert said(proxy.feed(request("OPTIONS", "sip:b1@h"))) == []
    assert said(proxy.advance(2.0)) == ["s2 out [s2] s2"]
    left, in_ = said(proxy.advance(1.0))
    assert "was still locked at the end of the message" in left
    assert in_ == "b1 in [s2]"


def test_a_lease_ends() -> None:
    proxy = napping()
    proxy.feed(request("OPTIONS", "sip:a60@h"))
    assert said(proxy.feed(request("OPTIONS", "sip:b1@h"))) == []
    assert said(proxy.advance(9.9)) == []
    taken, in_ = said(proxy.advance(0.1))
    assert "was taken from a message that held it too long" in taken
    assert in_ == "b1 in [a60]"
    assert said(proxy.feed(request("OPTIONS", "sip:c1@h"))) == []
    assert said(proxy.advance(1.0)) == ["b1 out [b1] b1", "c1 in [b1]"]
    assert said(proxy.advance(50.0)) == ["c1 out [c1] c1", "a60 out [c1] a60"]
    assert said(proxy.advance(5.0)) == []


def test_a_walk(load: Load) -> None:
    d = load("h=>size=4", "one=>autoexpire=50")
    fill(d)
    assert d.call("sht_iterator_start", "i", "h") == 1
    met: list[str] = []
    while d.call("sht_iterator_next", "i") == 1:
        met.append(str(d.read("$shtitkey(i)")))
        if met[-1] == "n":
            assert d.call("sht_iterator_sets", "i", "text") == 1
        elif met[-1] == "user:bob":
            assert d.call("sht_iterator_seti", "i", 5) == 1
    assert sorted(met) == sorted(ALL)
    assert d.call("sht_iterator_rm", "i") == -1
    assert d.lines() == [(ERROR, "iterator not used [i]")]
    assert d.call("sht_iterator_end", "i") == 1
    assert (d.read("$sht(h=>n)"), d.read("$sht(h=>user:bob)")) == ("text", 5)
    d.write("$sht(one=>a)", 1)
    d.write("$sht(one=>b)", 1)
    d.call("sht_iterator_start", "o", "one")
    d.call("sht_iterator_next", "o")
    assert d.call("sht_iterator_setex", "o", -5) == 1
    assert d.shown("$sht(one=>$shtitkey(o))") == "<null>"
    assert d.call("sht_iterator_rm", "o") == 1
    assert d.call("sht_iterator_rm", "o") == -2
    assert d.read("$shtcn(one=>**)") == 0


def test_print(load: Load) -> None:
    d = load("a=>size=2", "b=>autoexpire=60")
    d.write("$sht(a=>i)", 5)
    d.write("$sht(a=>name)", "žluť")
    assert d.call("sht_print") == 1
    lines = d.lines()
    assert {level for level, _ in lines} == {ERROR}
    texts = [re.sub(r"hid: \d+", "hid: N", text) for _, text in lines]
    assert texts[0] == "htable[b] hid: N exp: 60>"
    assert texts[1:17] == [f"htable[{slot}] -- <0>" for slot in range(16)]
    assert texts[17] == "htable[a] hid: N exp: 0>"
    assert len(texts) == 17 + 1 + 4 + 2 * 3
    at = texts.index("\tcell: i")
    assert texts[at + 1 : at + 3] == ["\thid: N msize: 74 flags: 0 expire: 0", "\tv-i:5"]
    at = texts.index("\tcell: name")
    assert texts[at + 1 : at + 3] == ["\thid: N msize: 84 flags: 2 expire: 0", "\tv-s:žluť"]
