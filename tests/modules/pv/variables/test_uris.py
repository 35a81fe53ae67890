"""Request URI, original URI, next hop."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError


def test_parts_change_and_the_original_stays(bench: Any) -> None:
    bench.put("$rU", "carol")
    bench.put("$rd", "elsewhere")
    bench.put("$rp", 99)
    assert bench.show("$ru $ou $oU $rz") == (
        "sip:carol@elsewhere:99;transport=tcp sip:bob@example.com:5070;transport=tcp bob sip"
    )


@pytest.mark.parametrize("name", ["$ru", "$rd"])
def test_cannot_be_undefined(bench: Any, name: str) -> None:
    with pytest.raises(EvalError):
        bench.put(name, None)


def test_a_tel_uri_gets_no_port(bench: Any) -> None:
    bench.put("$ru", "tel:+1")
    with pytest.raises(EvalError):
        bench.put("$rp", 5060)
    assert bench.show("$ru") == "tel:+1"


def test_next_hop(bench: Any) -> None:
    assert bench.show("$du $dd $nh(u) $nh(i)") == (
        "<null> <null> sip:bob@example.com:5070;transport=tcp 0"
    )
    bench.put("$du", "sip:10.1.1.1;transport=tls")
    assert bench.show("$dd $dp $dP $nh(d) $nh(p) $nh(i)") == "10.1.1.1 5061 tls 10.1.1.1 5060 4"
    bench.put("$du", None)
    assert bench.value("$du") is None


def test_what_is_no_uri_has_no_parts(bench: Any) -> None:
    bench.put("$ru", "nonsense")
    assert bench.show("$ru $rU $rd $rp $rP $rUl") == " ".join(["<null>"] * 6)


def test_unknown_part_of_next_hop_is_refused(bench: Any) -> None:
    with pytest.raises(ResolveError, match="u, U, d, p, P and i"):
        bench.value("$nh(z)")
