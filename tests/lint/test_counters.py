"""SP101 to SP103, SP106 to SP108: counting."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[str]]

READ_THEN_INCREMENT = [
    "$sht(t=>$fU) = $sht(t=>$fU) + 1;",
    "$sht(t=>$fU) = 1 + $sht(t=>$fU);",
    "$sht(t=>$fU) = $sht(t=>$fU) - 1;",
    "$sht(t=>$fU) = $sht(t=>$fU) + $ml;",
    "$sht(t=>$fU) = (int)$sht(t=>$fU) + 1;",
    "$sht(t=>$(fU)) = $sht(t=>$fU) + 1;",
    "$var(n) = $sht(t=>$fU) + 1; $sht(t=>$fU) = $var(n);",
    "$var(n) = $sht(t=>$fU); $sht(t=>$fU) = $var(n) + 1;",
    "$var(n) = $sht(t=>$fU); $var(n) = $var(n) + 1; $sht(t=>$fU) = $var(n);",
    "$var(n) = $sht(t=>$fU); if ($var(n) < 9) { $sht(t=>$fU) = $var(n) + 1; }",
    "if ($sht(t=>$fU) == $null) $sht(t=>$fU) = 1; else $sht(t=>$fU) = $sht(t=>$fU) + 1;",
    "while ($sht(t=>x) < 3) { $sht(t=>x) = $sht(t=>x) + 1; }",
    'switch ($rm) { case "INVITE": $sht(t=>x) = $sht(t=>x) + 1; break; }',
    'sht_lock("bare=>$fU"); $sht(t=>$fU) = $sht(t=>$fU) + 1; sht_unlock("bare=>$fU");',
]
NO_READ_THEN_INCREMENT = [
    "$var(n) = $shtinc(t=>$fU);",
    "$sht(t=>$fU) = $sht(t=>$tU) + 1;",
    "$sht(bare=>$fU) = $sht(t=>$fU) + 1;",
    "$sht(t=>$fU) = $sht(t=>$fU) * 2;",
    "$sht(t=>$fU) = 1;",
    "$var(n) = $sht(t=>$fU) + 1;",
    "$var(n) = $sht(t=>$fU) + 1; $var(n) = 0; $sht(t=>$fU) = $var(n);",
    'sht_lock("t=>$fU"); $sht(t=>$fU) = $sht(t=>$fU) + 1; sht_unlock("t=>$fU");',
    'sht_lock("t=>$fU"); if ($sht(t=>$fU) < 5) { $sht(t=>$fU) = $sht(t=>$fU) + 1; }',
    "$avp(n) = $avp(n) + 1;",
]


@pytest.mark.parametrize("body", READ_THEN_INCREMENT)
def test_read_then_increment(found_in: Found, body: str) -> None:
    assert found_in(body, "SP101") == ["SP101:1"]


@pytest.mark.parametrize("body", NO_READ_THEN_INCREMENT)
def test_no_read_then_increment(found_in: Found, body: str) -> None:
    assert found_in(body, "SP101") == []


def test_before_the_first_message_nobody_else_counts(found: Found) -> None:
    route = "event_route[htable:mod-init] { $sht(t=>x) = $sht(t=>x) + 1; }"
    text = f'loadmodule "htable.so"\n{route}\nrequest_route {{ exit; }}\n'
    assert found(text, "SP101") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("$sht(bare=>$fU) = $sht(bare=>$fU) + 1;", ["SP102:1"]),
        ("$var(n) = $sht(bare=>$fU) + 1; $sht(bare=>$fU) = $var(n);", ["SP102:1"]),
        ("$sht(t=>$fU) = $sht(t=>$fU) + 1;", []),
        ("$sht(bare=>$fU) = 1 + $sht(bare=>$fU);", []),
        ("$sht(bare=>$fU) = (int)$sht(bare=>$fU) + 1;", []),
        ("$sht(bare=>$fU) = $sht(bare=>$fU) - 1;", []),
        ("if ($sht(bare=>x) == $null) $sht(bare=>x) = 0;\n$sht(bare=>x) = $sht(bare=>x) + 1;", []),
        ("$sht(bare=>x) = $null;\n$sht(bare=>x) = $sht(bare=>x) + 1;", ["SP102:2"]),
        ("$sht(bare=>y) = 0;\n$sht(bare=>x) = $sht(bare=>x) + 1;", ["SP102:2"]),
        ("$var(n) = $sht(bare=>x); $sht(bare=>x) = $var(n) + 1;", []),
        ("$sht(other=>x) = $sht(other=>x) + 1;", []),
    ],
)
def test_a_counter_of_ones(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP102") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("$var(n) = $shtinc(bare=>$fU);", ["SP103:1"]),
        ("if ($shtdec(bare=>$fU) < 0) { exit; }", ["SP103:1"]),
        ("$var(n) = $shtinc(t=>$fU);", []),
        ("$sht(bare=>$fU) = 0; $var(n) = $shtinc(bare=>$fU);", []),
        ('sht_setxi("bare", "x", "0", "9"); $var(n) = $shtinc(bare=>x);', []),
        ("$sht(bare=>$fU) = $null; $var(n) = $shtinc(bare=>$fU);", ["SP103:1"]),
    ],
)
def test_shtinc_needs_an_initval(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP103") == expected


def test_values_from_a_database_or_the_start_are_numbers(found: Found) -> None:
    table = 'modparam("htable", "htable", "d=>size=4;autoexpire=9;dbtable=d")\n'
    count = "request_route { $var(n) = $shtinc(d=>x); }\n"
    assert found(f'loadmodule "htable.so"\n{table}{count}', "SP103") == []
    table = 'modparam("htable", "htable", "d=>size=4;autoexpire=9")\n'
    assert found(f'loadmodule "htable.so"\n{table}{count}', "SP103") == ["SP103:3"]
    start = "event_route[htable:mod-init] { $sht(d=>y) = 0; }\n"
    assert found(f'loadmodule "htable.so"\n{table}{start}{count}', "SP103") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if ($sht(t=>$ci) == 0) { $sht(t=>$ci) = 1; forward(); }", ["SP106:1"]),
        ("if ($sht(bare=>$ci) == $null) {\n$sht(bare=>$ci) = 1; forward(); }", ["SP106:2"]),
        ("if ($null == $sht(bare=>$ci)) { $sht(bare=>$ci) = 1; forward(); }", ["SP106:1"]),
        ("if (!$sht(t=>$ci)) { $sht(t=>$ci) = 1; forward(); }", ["SP106:1"]),
        ("if ($sht(t=>$ci) < 2) { $sht(t=>$ci) = 5; forward(); }", ["SP106:1"]),
        ("if ($sht(bare=>$ci) == $null) { $sht(bare=>$ci) = 1; }", []),
        ('if ($sht(bare=>$ci) == $null) { $sht(bare=>$ci) = 1; xlog("x"); }', []),
        ("if ($sht(bare=>$ci) == $null) { $sht(bare=>$ci) = 0; forward(); }", []),
        ("if ($sht(bare=>$ci) != $null) { $sht(bare=>$ci) = 1; forward(); }", []),
        ("if ($sht(bare=>$fU) == $null) { $sht(bare=>$ci) = 1; forward(); }", []),
        ("if ($sht(bare=>$ci) == $null) { forward(); } else { $sht(bare=>$ci) = 1; }", []),
        (
            'sht_lock("bare=>$ci"); if ($sht(bare=>$ci) == $null) '
            "{ $sht(bare=>$ci) = 1; forward(); }",
            [],
        ),
    ],
)
def test_tested_and_then_written(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP106") == expected


@pytest.mark.parametrize(
    ("enabled", "replicated", "key", "expected"),
    [
        (1, 1, "$fU", ["SP107:4"]),
        (0, 1, "$fU", []),
        (1, 0, "$fU", []),
        (1, 1, "$fU::$Ri", []),
        (1, 1, "$fU::$def(NODE)", []),
    ],
)
def test_counting_over_dmq(
    found: Found, enabled: int, replicated: int, key: str, expected: list[str]
) -> None:
    text = f"""loadmodule "htable.so"
modparam("htable", "enable_dmq", {enabled})
modparam("htable", "htable", "d=>size=4;autoexpire=9;initval=0;dmqreplicate={replicated}")
request_route {{ $var(n) = $shtinc(d=>{key}); }}
"""
    assert found(text, "SP107") == expected


FIXED = """
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;{}initval=0")
{}
request_route {{ {} }}
"""


@pytest.mark.parametrize(
    ("definition", "params", "body", "expected"),
    [
        ("autoexpire=60;updateexpire=0;", "", "$var(n) = $shtinc(t=>$fU);", ["SP108:5"]),
        ("autoexpire=60;updateexpire=0;", "", "$var(n) = $shtdec(t=>$fU);", ["SP108:5"]),
        ("autoexpire=60;updateexpire=0;", "", "$sht(t=>x) = $sht(t=>x) + 1;", ["SP108:5"]),
        ("autoexpire=60;updateexpire=0;", "", "$sht(t=>x) = 1;", []),
        ("autoexpire=60;updateexpire=1;", "", "$var(n) = $shtinc(t=>$fU);", []),
        ("autoexpire=60;", "", "$var(n) = $shtinc(t=>$fU);", []),
        ("updateexpire=0;", "", "$var(n) = $shtinc(t=>$fU);", []),
        (
            "autoexpire=60;updateexpire=0;",
            'modparam("htable", "timer_interval", 1)',
            "$var(n) = $shtinc(t=>$fU);",
            [],
        ),
        (
            "autoexpire=60;updateexpire=0;",
            'modparam("htable", "timer_interval", 0)',
            "$var(n) = $shtinc(t=>$fU);",
            ["SP108:5"],
        ),
        (
            "autoexpire=60;updateexpire=0;",
            'modparam("htable", "timer_interval", 5)',
            "$var(n) = $shtinc(t=>$fU);",
            ["SP108:5"],
        ),
    ],
)
def test_counters_of_a_fixed_span(
    found: Found, definition: str, params: str, body: str, expected: list[str]
) -> None:
    assert found(FIXED.format(definition, params, body), "SP108") == expected


def test_in_6_1_a_counter_begins_anew(found: Found) -> None:
    text = FIXED.format("autoexpire=60;updateexpire=0;", "", "$var(n) = $shtinc(t=>$fU);")
    assert found("#!sipproxy compat=6.1" + text, "SP108") == []
