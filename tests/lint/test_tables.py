"""SP2xx: tables and their definitions."""

from collections.abc import Callable

import pytest

from sipproxy.lint import lint
from sipproxy.script.parse import parse_text

Found = Callable[..., list[str]]


def cfg(definition: str, body: str, more: str = "") -> str:
    return (
        f'#!KAMAILIO\nloadmodule "htable.so"\nmodparam("htable", "htable", "{definition}")\n'
        f"request_route {{\n{body}\n}}\n{more}"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("$sht(tt=>x) = 1;", ["SP201:1"]),
        ("if ($sht(tt=>x) == 1) { exit; }", ["SP201:1"]),
        ("$var(n) = $shtinc(tt=>x);", ["SP201:1"]),
        ("$shtex(tt=>x) = 5;", ["SP201:1"]),
        ('xlog("$sht(tt=>x) and $sht(tt=>y)");', ["SP201:1"]),
        ('sht_rm("tt", "x");', ["SP201:1"]),
        ('sht_rm_name_re("tt=>.*");', ["SP201:1"]),
        ('sht_iterator_start("i", "tt");', ["SP201:1"]),
        ('sht_lock("tt=>x");', ["SP201:1"]),
        ("$sht(t=>x) = 1;", []),
        ("$sht( t =>x) = 1;", []),
        ('sht_iterator_start("tt", "t"); sht_iterator_end("tt");', []),
        ('sht_rm("$var(table)", "x");', []),
        ("$avp(tt) = 1;", []),
    ],
)
def test_undefined_tables(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP201") == expected


def test_the_nearest_table_is_offered() -> None:
    text = cfg("ipban=>size=4;autoexpire=9", "$sht(ipbann=>x) = 1;")
    (problem,) = lint(parse_text(text))
    assert problem.hint == 'did you mean "ipban"?'
    assert problem.message == (
        'the htable "ipbann" is not defined: this write fails on every request'
    )


def test_an_event_of_an_undefined_table(found: Found) -> None:
    route = "event_route[htable:expired:x] { exit; }\n"
    assert found(cfg("t=>autoexpire=9", "exit;", route), "SP201") == ["SP201:7"]


def test_nothing_is_known_of_computed_tables_and_of_parts(found: Found) -> None:
    table = 'modparamx("htable", "htable", "$def(TABLE)=>size=4")\n'
    assert found(cfg("t=>autoexpire=9", "$sht(x=>y) = 1;", table), "SP201") == []
    part = 'loadmodule "htable.so"\nroute[X] { $sht(x=>y) = 1; }\n'
    assert found(part, "SP201") == []
    assert found("request_route { $sht(x=>y) = 1; }\n", "SP201") == []


BAN = "if ($sht(b=>$si) != $null) { exit; }\n$sht(b=>$si) = 1;"


@pytest.mark.parametrize(
    ("definition", "body", "expected"),
    [
        ("b=>size=4", BAN, ["SP202:3"]),
        ("b=>size=4;autoexpire=0", BAN, ["SP202:3"]),
        ("b=>size=4", "if ($sht(b=>$si) == 1) { drop; } $sht(b=>$si) = 1;", ["SP202:3"]),
        ("b=>size=4", "if ($sht(b=>$si)) { drop; } $sht(b=>$si) = $Ts;", ["SP202:3"]),
        ("b=>size=4;autoexpire=9", BAN, []),
        ("b=>size=4;dbtable=b", BAN, []),
        ("b=>size=4", f'{BAN} sht_rm("b", "$si");', []),
        ("b=>size=4", f'{BAN} sht_rm("$var(t)", "$si");', []),
        ("b=>size=4", f'{BAN} sht_reset("b");', []),
        ("b=>size=4", f"{BAN} $sht(b=>$tU) = $null;", []),
        ("b=>size=4", f'{BAN} sht_iterator_rm("i");', []),
        ("b=>size=4", f'{BAN} sht_rm_name_re("other=>.*");', ["SP202:3"]),
        ("b=>size=4", "if ($sht(b=>$si) != $null) { exit; }", []),
        ("b=>size=4", "if ($sht(b=>$si) == $null) { exit; } $sht(b=>$si) = 1;", ["SP203:3"]),
        ("b=>size=4", "if ($sht(b=>$si) != $null) { setflag(1); } $sht(b=>$si) = 1;", ["SP203:3"]),
        ("b=>size=4;initval=0", "$var(n) = $shtinc(b=>$ci);", ["SP203:3"]),
        ("b=>size=4;initval=0", "$var(n) = $shtinc(b=>x$(fU{s.tolower}));", ["SP203:3"]),
        ("b=>size=4;initval=0", "$var(n) = $shtinc(b=>all);", []),
        ("b=>size=4;initval=0", "$var(n) = $shtinc(b=>$rm);", []),
        ("b=>size=4;initval=0;autoexpire=9", "$var(n) = $shtinc(b=>$ci);", []),
        ("b=>size=4;initval=0;dbtable=x", "$var(n) = $shtinc(b=>$ci);", []),
    ],
)
def test_tables_that_items_never_leave(
    found: Found, definition: str, body: str, expected: list[str]
) -> None:
    assert found(cfg(definition, body), "SP202", "SP203") == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(0, 0), (1, 0), (4, 0), (19, 0), (20, 1), (31, 1), (32, 1), (1024, 1)]
)
def test_size(found: Found, size: int, expected: int) -> None:
    assert len(found(cfg(f"t=>size={size};autoexpire=9", "exit;"), "SP204")) == expected


@pytest.mark.parametrize(
    ("definition", "more", "expected"),
    [
        ("t=>size=4,autoexpire=9", "", ["SP205:3"]),
        ("t=>autoexpire=9;size=4,initval=0", "", ["SP205:3"]),
        ("t=>size=4;autoexpire=9", "", []),
        ("t=>size=4;cols='a,b';dbtable=x", "", []),
        ("t=>autoexpire=9;dmqreplicate=1", "", ["SP206:3"]),
        ("t=>autoexpire=9;dmqreplicate=1", 'modparam("htable", "enable_dmq", 1)\n', []),
        ("t=>autoexpire=9;dmqreplicate=1", 'modparam("htable", "enable_dmq", 0)\n', ["SP206:3"]),
        ("t=>autoexpire=9;dmqreplicate=0", "", []),
    ],
)
def test_definitions(found: Found, definition: str, more: str, expected: list[str]) -> None:
    assert found(cfg(definition, "exit;", more), "SP205", "SP206") == expected


@pytest.mark.parametrize(
    ("definition", "body", "expected"),
    [
        ("t=>size=4", "exit;", ["SP207:7"]),
        ("t=>size=4;autoexpire=9", "exit;", []),
        ("t=>size=4", "$shtex(t=>x) = 5;", ["SP207:7", "SP208:5"]),
        ("t=>size=4", 'sht_setxs("t", "x", "y", "5");', ["SP207:7", "SP208:5"]),
        ("t=>size=4", "if ($shtex(t=>x) == 5) { exit; }", ["SP207:7"]),
        ("t=>size=4;autoexpire=9", "$shtex(t=>x) = 5;", []),
        ("u=>size=4;autoexpire=9", "$shtex(t=>x) = 5;", []),
    ],
)
def test_lifetimes(found: Found, definition: str, body: str, expected: list[str]) -> None:
    route = "event_route[htable:expired:t] { exit; }\n"
    assert found(cfg(definition, body, route), "SP207", "SP208") == expected


def test_attributes_of_newer_versions_define_a_table(found: Found) -> None:
    text = (
        'loadmodule "htable.so"\nmodparam("htable", "htable", "t=>autoexpire=5;coldelim=:")\n'
        "request_route { $sht(t=>a) = 1; }\n"
    )
    assert found(text, "SP201", compat="6.1") == []
    assert found(text, "SP201") == ["SP201:3"]
