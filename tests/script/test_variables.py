"""Pseudo-variables in generated code: reading in place, texts, assigning, old ser attributes."""

from collections.abc import Callable

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg_text

Lines = Callable[[str], list[str]]
MODULES = 'listen=udp:127.0.0.1:5060\nloadmodule "pv.so"\nloadmodule "xlog.so"\n'


def load(text: str, head: str = "#!KAMAILIO\n") -> ProxyUnderTest:
    return load_cfg_text(head + MODULES + text)


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("$var(none)", "0"),
        ("$avp(none)", "<null>"),
        ("$(avp(none){s.len})", ""),
        ("$(avp(a)[0]) $(avp(a)[1]) $(avp(a)[*])", "2 1 2, 1"),
        ("$(avp(a)[$var(i)])", "1"),
        ("$(rU{s.substr,$var(i),2})", "ob"),
        ("$avp($rU)", "of bob"),
        ("$$ $rU.", None),
    ],
)
def test_texts(lines: Lines, text: str, logged: str | None) -> None:
    body = f"""request_route {{
        $var(i) = 1; $avp(a) = 1; $avp(a) = 2; $avp(bob) = "of bob"; xlog("{text}"); }}"""
    if logged is None:
        with pytest.raises(CfgError, match="unknown pseudo-variable"):
            lines(body)
    else:
        assert lines(body) == [logged]


def test_undefined_makes_a_variable_0_and_pops_an_avp(lines: Lines) -> None:
    log = lines(
        """request_route { $var(x) = 5; $var(x) = $null; $var(y) = $avp(none); $avp(a) = 1;
             $avp(a) = 2; $avp(a) = $null; xlog("$var(x) $var(y) $avp(a)"); }"""
    )
    assert log == ["0 0 1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$si = 1;", "$si cannot be written to"),
        ("$(var(x){s.len}) = 1;", "cannot be written to"),
        ("$nope = 1;", "unknown pseudo-variable $nope"),
        ("$var(x) = $nope;", "unknown pseudo-variable $nope"),
        ("$var(x) = @nope.nope;", "@nope.nope"),
    ],
)
def test_refusals(text: str, problem: str) -> None:
    with pytest.raises(CfgError) as caught:
        load(f"request_route {{ {text} }}")
    assert problem in str(caught.value)


def test_ser_attributes_of_old_files_are_avps(sip: Messages) -> None:
    proxy = load(
        """request_route { $one = 1; $one = 2; $var(a) = $one; $var(b) = $one[1];
                           xlog("$var(a) $var(b)"); }""",
        head="",
    )
    assert proxy.feed(sip.options()).log == ["2 1"]


def test_a_refused_assignment_fails_its_statement_only(lines: Lines) -> None:
    log = lines('request_route { $ru = "no uri"; xlog("goes on"); }')
    assert log[-1] == "goes on"


def test_known_ints_are_read_without_a_test(sip: Messages) -> None:
    source = load(
        "request_route { while ($var(i) < 5) { $var(i) = $var(i) + 1; } }"
    ).proxy.compiled.source()
    assert "if not variables.v_i < 5:" in source


def test_tables_with_keys_of_all_kinds(lines: Lines) -> None:
    head = 'loadmodule "htable.so"\nmodparam("htable", "htable", "t=>size=3;")\n'
    body = """request_route {
    $sht(t=>a) = 3;
    $sht(t=>$rU) = $null;
    $sht(t=>$rU) = 5;
    xlog("$sht(t=>bob) $sht(t=>a) $ct:$ct");
    $(avp(x)[$rU]) = 3;
    xlog("$(rU{s.substr,$var(none),2}) $(hdr(X)[$rU]) $(fu{s.select,0,:})");
    if ($fu != $null) xlog("$fu $fu");
    if ($ct == $null && $hdr(X) == $null) xlog("$hdr(X) $ct");
}
"""
    assert lines(head + body) == [
        "5 3 <null>:<null>",
        "bo <null> sip",
        "sip:alice@example.com sip:alice@example.com",
        "<null> <null>",
    ]


@pytest.mark.parametrize("name", ["%x", "$f.name"])
def test_attributes_of_ser_that_are_no_avps(name: str) -> None:
    with pytest.raises(CfgError, match="is not supported"):
        load(f"request_route {{ {name} = 3; }}", head="")
