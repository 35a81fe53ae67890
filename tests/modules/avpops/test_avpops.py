"""Functions of avpops, beside the recorded cases."""

from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "avpops.so"
request_route {{
    {}
}}
"""


def log(*statements: str) -> list[str]:
    """What a route writes."""
    run = load_cfg_text(CFG.format("\n".join(statements))).feed(request())
    assert not run.fault
    return [line.strip() for line in run.log]


def test_print() -> None:
    lines = log('$avp(x) = "a"; $avp(x) = 5; $avp(i:7) = "é"; avp_print();')
    assert lines == [
        "name=<x>",
        "val_int=<5>",
        "name=<x>",
        "val_str=<a / 1>",
        "id=<7>",
        "val_str=<é / 2>",
    ]
    assert log("avp_print();") == []


def test_all_values_of_an_extended_avp_are_compared() -> None:
    setup = '$xavp(r=>c) = "x"; $xavp(r[0]=>c) = "y"; $var(x) = "x";'
    check = 'if (avp_check("$var(x)", "eq/$xavp(r=>c{})")) xlog("found\\n");'
    assert log(setup, check.format("[*]")) == ["found"]
    assert log(setup, check.format("")) == []
    assert log(setup, check.format("[1]")) == ["found"]
    assert log(setup, check.format("[-1]")) == ["found"]
    assert log(setup, check.format("[2]")) == []


def test_what_was_a_number_before_is_no_text_now() -> None:
    setup = '$avp(a) = "x"; $avp(a) = 1;'
    assert "value types don't match" in log(setup, 'avp_check("$avp(a)", "eq/x/g");')
