"""dbg_pv_dump and dbg_sip_msg: values and texts as Kamailio 5.6.3 wrote them for the same cfg."""

import json

import pytest

from sipproxy.core.log import DEBUG, ERROR, INFO
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "debugger.so"
"""


def proxy_of(route: str) -> ProxyUnderTest:
    return load_cfg_text(f"{HEAD}request_route {{\n{route}\n}}")


def levels(proxy: ProxyUnderTest) -> list[tuple[int, str]]:
    return [(level, text.strip()) for level, _, text in proxy.log.records]


DUMPED = """$var(i) = 5; $var(s) = "t\\"x"; $avp(a) = 1; $avp(a) = "b"; $avp(n) = $null;
$xavp(p=>k) = "v"; $xavp(p[0]=>k) = 7; $xavp(p[0]=>l) = "w"; $xavp(q) = "plain"; $var(e) = "";
xlog("L_DBG", "$rU $hdr(X-Nope) $rc $(var(s){s.len})\\n");
"""


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('"4"', {"$var(s)": 't"x', "$var(e)": "", "$var(i)": 5}),
        ('"5"', {"$var(s)": 't"x', "$var(e)": "", "$var(i)": 5, "$var(never)": 0}),
        ('"2"', {"$avp(a)": ["b", 1]}),
        ('"3"', {"$avp(a)": ["b", 1], "$avp(n)": []}),
        ('"8"', {"$xavp(p)": [{"l": ["w"], "k": [7, "v"]}]}),
        ('"9"', {"$xavp(p)": [{"l": ["w"], "k": [7, "v"]}], "$xavp(q)": []}),
        ('"16"', {"$rc": 1}),
    ],
)
def test_variables(arguments: str, found: dict[str, object]) -> None:
    never = "if ($var(never) > 0) exit;" if "$var(never)" in found else ""
    proxy = proxy_of(f'{DUMPED} {never} dbg_pv_dump({arguments}, "L_ERR");')
    proxy.feed(request())
    level, text = levels(proxy)[-1]
    assert level == ERROR
    assert json.loads(text) == found


def test_a_dump_of_all_at_level_debug() -> None:
    proxy = proxy_of(DUMPED + "dbg_pv_dump();")
    proxy.feed(request())
    level, text = levels(proxy)[-1]
    assert level == DEBUG
    assert {"$avp(n)", "$var(i)", "$xavp(q)", "$rc"} <= json.loads(text).keys()
    proxy.host.log.threshold = INFO
    assert not proxy.feed(request()).log


MESSAGE = """CONFIG LINE {line}
------------------------- START OF SIP message debug --------------------------
OPTIONS sip:new@uri SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-1
From: <sip:alice@example.com>;tag=t1
To: <sip:bob@example.com>
Call-ID: call-1
CSeq: 1 OPTIONS
Content-Type: text/plain
Content-Length: 11
X-New: 1

some BODY
------------------------------ SIP header diffs -------------------------------
- Max-Forwards: 70
X-New: 1
------------------------------- SIP body diffs --------------------------------
- some body

some BODY
-------------------------- END OF SIP message debug ---------------------------

"""


def test_the_message_and_its_edits() -> None:
    proxy = proxy_of(
        'append_hf("X-New: 1\\r\\n"); remove_hf("Max-Forwards"); $ru = "sip:new@uri";\n'
        'replace_body("body", "BODY");\ndbg_sip_msg("L_ERR");\ndbg_sip_msg();'
    )
    data = request(call_id="call-1", headers="Content-Type: text/plain\n", body="some body\r\n")
    proxy.feed(data)
    records = [(level, text.replace("\r", "")) for level, _, text in proxy.log.records]
    assert records == [
        (ERROR, MESSAGE.replace("{line}", "9")),
        (DEBUG, MESSAGE.replace("{line}", "10")),
    ]


def test_a_message_without_edits() -> None:
    proxy = proxy_of('dbg_sip_msg("L_ERR");')
    text = proxy.feed(request()).log[0]
    assert "SIP header diffs -------------------------------\n------" in text
