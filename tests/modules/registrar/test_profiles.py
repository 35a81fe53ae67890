"""$ulc: what Kamailio shows is recorded in the conformance case registrar-fetched."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.testing import load_cfg_text, request

CFG = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "timer_interval", 10)
request_route {
    if ($rm == "REGISTER") { save("location"); exit; }
    $ulc(p=>addr) = "ignored";
    reg_fetch_contacts("location", "$ru", "p");
    xlog("$rc $ulc(p=>addr) $(ulc(p=>addr)[*]) $(ulc(p=>addr)[1]) $ulc(exp=>addr)");
}
event_route[usrloc:contact-expired] {
    xlog("over $ulc(exp=>aor) $ulc(exp=>addr) $(ulc(exp=>addr)[1]) $ulc(p=>addr)");
}
"""


def register(*contacts: str) -> bytes:
    rows = "".join(f"Contact: {contact}\r\n" for contact in contacts)
    return request("REGISTER", "sip:x", to_uri="sip:bob@x", headers=rows)


@pytest.mark.parametrize(
    "text", ["$ulc(p)", "$ulc(p=>)", "$ulc(p=>what)", "$ulc(p-addr)", "$ulc(=p>addr)"]
)
def test_names_that_are_refused(bench: Any, text: str) -> None:
    bench.set()
    with pytest.raises(ResolveError):
        bench.host.pv(text)


def test_contacts_stay_fetched_until_fetched_anew() -> None:
    proxy = load_cfg_text(CFG)
    proxy.feed(register("<sip:a@b>;q=1;expires=60", "<sip:c@d>;expires=100"))
    fetch = request("MESSAGE", "sip:bob@x")
    assert proxy.feed(fetch).log == ["1 sip:a@b sip:a@b sip:c@d <null>"]
    assert proxy.advance(70).log == ["over bob sip:a@b <null> sip:a@b"]
    assert proxy.feed(fetch).log == ["1 sip:c@d sip:c@d <null> <null>"]
    assert proxy.feed(request("MESSAGE", "sip:eve@x")).log == ["-1 <null> <null> <null> <null>"]
    assert proxy.advance(100).log == ["over bob sip:c@d <null> <null>"]
