"""Headers by name and index."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.pv.variables.headers import elements

REPLY = """SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-us
Via: SIP/2.0/TLS [2001:db8::1];branch=z9hG4bK2
From: <sip:a@b>;tag=1
To: <sip:c@d>;tag=2
Call-ID: 1
CSeq: 1 INVITE

"""


def test_where_a_reply_goes(bench: Any) -> None:
    bench.take(REPLY)
    assert bench.show("$nh(u) $nh(P) $nh(p) $rpl(dprotoid) $rpl(cntvia)") == (
        "sip:[2001:db8::1]:5061;transport=tls tls 5061 3 2"
    )


def test_numbers_with_a_text(bench: Any) -> None:
    assert bench.value("$cl") == 0
    assert bench.show("$cl") == "0"


@pytest.mark.parametrize("text", ["$expires(x)", "$via0(x)", "$rpl(x)", "$hdr"])
def test_unknown_parts_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)


def test_elements_are_split_outside_of_quotes_and_brackets() -> None:
    assert elements('"a,b" <sip:c,d@e>;x="f,g" , <sip:h>') == (
        '"a,b" <sip:c,d@e>;x="f,g"',
        "<sip:h>",
    )


@given(st.lists(st.from_regex(r"[a-z <>\"]*", fullmatch=True), min_size=1, max_size=4))
def test_elements_never_lose_text(pieces: list[str]) -> None:
    text = ",".join(pieces)
    joined = "".join("".join(elements(text)).split())
    assert joined.replace(",", "") == "".join(text.split()).replace(",", "")
