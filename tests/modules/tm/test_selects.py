"""Selects of transactions, beside their conformance case."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.tm import Tm
from sipproxy.testing import load_cfg_text, request, response

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "tm.so"
loadmodule "sl.so"
request_route {
    xlog("$sel(tm) $sel(tm.uas.request.neg_ack_retransmission) $sel(tm.uac.last_status)");
    $du = "sip:127.0.0.1:5090";
    t_relay();
    xlog("$sel(tm.method) $sel(tm.uac.count) $sel(tm.uac[0].status) $sel(tm.uac[1].status)");
}
reply_route { xlog("$rs $sel(tm.uac.last_status) $sel(tm.uac.response_retransmission)"); }
"""


def test_a_transaction_and_its_replies() -> None:
    proxy = load_cfg_text(CFG)
    run = proxy.feed(request("INVITE"))
    assert run.log == ["0 <null> <null>", "INVITE 1 0 <null>"]
    sent = next(one.raw for one in run.sent if not one.status)
    shown = [proxy.feed(response(sent, status)).log for status in (180, 180, 200)]
    assert shown == [["180 0 -1"], ["180 180 1"], ["200 180 -1"]]


def test_a_reply_of_nobody() -> None:
    proxy = load_cfg_text(CFG)
    assert proxy.feed(response(request("INVITE"), 180)).log == ["180 <null> <null>"]


@pytest.mark.parametrize(
    "text",
    [
        "tm.nope",
        "tm.method.x",
        "tm.uas",
        "tm.uas.request.x",
        "tm.uac",
        "tm.uac[0]",
        "tm.uac[0].uri.host",
    ],
)
def test_what_is_not_there_is_refused(bench: Any, text: str) -> None:
    bench.host.load(Tm)
    with pytest.raises(ResolveError):
        bench.host.select(text)
