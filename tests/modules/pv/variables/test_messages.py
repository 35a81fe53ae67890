"""Start line, body, numbers of messages."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError


def test_method_is_read_in_place(bench: Any) -> None:
    access = bench.host.pv("$rm")
    assert (access.slot, access.type, access.read(bench.ctx)) == ("msg.method", "str", "INVITE")


def test_each_message_that_is_asked_has_a_number(bench: Any) -> None:
    first = bench.value("$mi")
    assert bench.value("$mi") == first
    bench.cleared()
    assert bench.value("$mi") == first + 1


def test_built_message(bench: Any) -> None:
    bench.put("$rU", "carol")
    bench.put("$fU", "x")
    built = bench.show("$mbu")
    assert built.startswith("INVITE sip:carol@example.com:5070;transport=tcp SIP/2.0\r\n")
    assert "<sip:x@a.example>" in built and "<sip:alice@a.example>" in bench.show("$mb")


@pytest.mark.parametrize("text", ["$msg(x)", "$msg", "$msgbuf"])
def test_unknown_parts_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)


def test_bytes_beyond_the_message(bench: Any) -> None:
    assert bench.value("$msgbuf(x)") is None and bench.value("$msgbuf(9999)") is None
