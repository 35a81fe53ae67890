"""From and To: reads keep showing what came, edits show when the message is built."""

from typing import Any

import pytest

from sipproxy.core.values import EvalError
from sipproxy.sip.build import rebuild

MALFORMED = """OPTIONS sip:x@y SIP/2.0
Via: SIP/2.0/UDP h;branch=z9hG4bK1
From: <sip:a@b
To: <sip:c@d>
Call-ID: 1
CSeq: 1 OPTIONS

"""


def built(bench: Any) -> str:
    return rebuild(bench.ctx.msg, bench.ctx.lumps).decode()


def test_reads_show_what_came(bench: Any) -> None:
    bench.put("$fU", "changed")
    assert bench.show("$fU") == "alice"
    assert 'From: "Alice" <sip:changed@a.example>;tag=f\r\n' in built(bench)


def test_a_missing_user_is_put_before_the_host(bench: Any) -> None:
    bench.put("$tn", "Bob")
    bench.put("$tU", None)
    assert "To: Bob <sip:b.example>\r\n" in built(bench)


def test_a_malformed_from(bench: Any) -> None:
    bench.take(MALFORMED)
    assert bench.show("$fu $fU $fd $fn $ft $fUl") == " ".join(["<null>"] * 6)
    with pytest.raises(EvalError):
        bench.put("$fU", "x")
