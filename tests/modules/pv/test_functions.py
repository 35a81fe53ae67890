"""Functions of module pv that write to the log or to a variable."""

from typing import Any


def test_xavps_are_described_in_the_log(bench: Any) -> None:
    bench.put("$xavp(a=>b)", 1)
    bench.put("$xavp(a[0]=>c)", "x")
    bench.put("$xavu(u=>k)", 2)
    assert bench.pv.pv_xavp_print(bench.ctx) and bench.pv.pv_xavu_print(bench.ctx)
    texts = [text for _, _, text in bench.log.records]
    assert "     XAVP value (str): x" in texts and "     XAVU value (int): 2" in texts
    assert texts[0] == "+++++ start XAVP list (level=0)"


def test_read_only_targets(bench: Any) -> None:
    target = bench.host.pv("$si")
    assert not bench.pv.pv_unset(bench.ctx, target)
    assert not bench.pv.pv_evalx(bench.ctx, target, "x")
    assert not bench.pv.pv_unset(bench.ctx, bench.host.pv("$ru"))


def test_a_text_that_cannot_be_read(bench: Any) -> None:
    target = bench.host.pv("$var(x)")
    assert not bench.pv.pv_evalx(bench.ctx, target, "$nope(")
    assert bench.pv.pv_evalx(bench.ctx, target, "<$rm>") and bench.value("$var(x)") == "<INVITE>"


def test_imploding_needs_a_place(bench: Any) -> None:
    bench.put("$xavp(a=>b)", 1)
    assert not bench.pv.xavp_params_implode(bench.ctx, "a", "$si")
    assert not bench.pv.xavp_params_implode(bench.ctx, "a", "$nope")
    assert bench.pv.xavp_params_implode(bench.ctx, "a", "$var(o)")
    assert bench.value("$var(o)") == "b=1;"
