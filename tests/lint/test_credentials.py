"""SP3xx: credentials and failures."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[str]]

CHECK = 'if (!www_authorize("r", "subscriber")) { www_challenge("r", "1"); exit; }'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f'if ($au == "x") {{ exit; }}\n{CHECK}', ["SP301:1"]),
        (f"{CHECK}\n$sht(t=>$au) = 1;", []),
        (f"$sht(t=>$au) = 1;\n{CHECK}", ["SP301:1"]),
        (f"if ($sht(t=>$au::n) > 3) {{ exit; }}\n{CHECK}", ["SP301:1"]),
        (f'xlog("$au");\nif ($au != $null) {{ setflag(1); }}\n{CHECK}', []),
        (f'if ($ar != "r") {{ exit; }}\n{CHECK}', []),
        (f"if ($(au{{s.len}}) > 99) {{ exit; }}\n{CHECK}", ["SP301:1"]),
        ('if (!auth_check("r", "s", "1")) {\n$sht(t=>$au) = 1;\nexit; }', ["SP301:2"]),
        ('if (auth_check("r", "s", "1")) {\n$sht(t=>$au) = 1;\nexit; }', []),
        ('if (!auth_check("r", "s", "1") && $rm == "X") { exit; }\n$sht(t=>$au) = 1;', []),
        ('$var(rc) = auth_check("r", "s", "1");\n$sht(t=>$au) = 1;', []),
        ("route(A);\n$sht(t=>$au) = 1;", []),
        ("$sht(t=>$au) = 1;", ["SP301:1"]),
        ('$sht(t=>$au) = 1;\n$var(rc) = auth_check("r", "s", "0");', ["SP301:1"]),
        ("$sht(t=>$au) = 1;\n$sht(t=>$au) = 2;", ["SP301:1"]),
        (f"route(B);\n{CHECK}", ["SP301:7"]),
        (f"{CHECK}\nroute(B);", []),
    ],
)
def test_claims_before_a_check(found_in: Found, body: str, expected: list[str]) -> None:
    routes = f"}}\nroute[A] {{ {CHECK} }}\nroute[B] {{ $sht(t=>$au) = 1;"
    lines = body.count("\n")
    expected = [f"SP301:{lines + 4}" if one == "SP301:7" else one for one in expected]
    assert found_in(f"{body}\n{routes}", "SP301") == expected


def test_without_any_check_nobody_is_led_astray(found_in: Found) -> None:
    assert found_in('if ($au == "x") { exit; }', "SP301") == []


FAILED = 'if (!auth_check("r", "s", "1")) {{\n{}\nauth_challenge("r", "1"); exit; }}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FAILED.format("$var(n) = $shtinc(t=>$si);"), ["SP302:2"]),
        (FAILED.format("$sht(t=>$si) = $sht(t=>$si) + 1;"), ["SP302:2"]),
        (FAILED.format("if ($rm == 1) { $var(n) = $shtinc(t=>$si); }"), ["SP302:2"]),
        (FAILED.format("if ($rc == -2) { $var(n) = $shtinc(t=>$si); }"), []),
        (FAILED.format("switch ($retcode) { case -2: $var(n) = $shtinc(t=>$si); break; }"), []),
        (FAILED.format("if ($au != $null) { $var(n) = $shtinc(t=>$si); }"), []),
        (
            FAILED.format('if (is_present_hf("Authorization")) { $var(n) = $shtinc(t=>$si); }'),
            [],
        ),
        (FAILED.format("if ($var(code) == -2) { $var(n) = $shtinc(t=>$si); }"), []),
        (
            "if ($hdr(Authorization) == $null) { exit; }\n"
            + FAILED.format("$var(n) = $shtinc(t=>$si);"),
            [],
        ),
        ('if (auth_check("r", "s", "1")) { $var(n) = $shtinc(t=>$si); }', []),
        (
            'if (auth_check("r", "s", "1")) { setflag(1); } else {\n$var(n) = $shtinc(t=>$si); }',
            ["SP302:2"],
        ),
        ("$var(n) = $shtinc(t=>$si);\n" + FAILED.format("setflag(1);"), []),
    ],
)
def test_challenges_counted(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP302") == expected


@pytest.mark.parametrize(
    ("key", "reset", "expected"),
    [
        ("$si", "$sht(t=>$si) = $null;", ["SP303:3"]),
        ("$si::failed", "$sht(t=>$si::failed) = 0;", ["SP303:3"]),
        ("$si::$fU", "$sht(t=>$si::$fU) = $null;", []),
        ("$fU", "$sht(t=>$fU) = $null;", []),
        ("$si", "$sht(t=>$si::other) = $null;", []),
        ("$si", "$sht(t=>$si) = 9;", []),
    ],
)
def test_forgiven_by_any_success(
    found_in: Found, key: str, reset: str, expected: list[str]
) -> None:
    count = f"if ($rc == -2) {{ $var(n) = $shtinc(t=>{key}); }} exit;"
    body = f'if (!auth_check("r", "s", "1")) {{ {count}\n}}\n{reset}'
    assert found_in(body, "SP303") == expected


def test_a_reset_without_authentication_is_something_else(found_in: Found) -> None:
    body = "$var(n) = $shtinc(t=>$si); if ($var(n) > 9) { $sht(t=>$si) = $null; }"
    assert found_in(body, "SP303") == []
