"""Core conditions: each answer was given by Kamailio 5.6.3 to the same message."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = """#!KAMAILIO
listen=udp:127.0.0.1:5971
loadmodule "pv.so"
loadmodule "xlog.so"
"""
BEFORE = """$var(z) = 0; $var(q) = 5971; $var(re) = "^SIP:b"; $var(ip) = "127.0.0.1";
$var(net) = "127.0.0.0/8"; $var(s) = "nonsense"; $var(port) = "5971";
"""
TRUE = """
uri == myself
myself == uri
to_uri == myself
src_ip == myself
dst_ip == myself
uri == "sip:bob@127.0.0.1:5971"
uri == "SIP:BOB@127.0.0.1:5971"
uri =~ "^sip:BOB@"
uri =~ $var(re)
uri != $avp(none)
from_uri =~ "alice"
method == OPTIONS
method == "OPTIONS"
method == options
method != INVITE
method != $var(q)
method =~ "^OPT"
method =~ "opt"
src_ip == 127.0.0.1
src_ip == 127.0.0.0/8
src_ip != 10.0.0.0/255.0.0.0
src_ip == 127.0.0.0/255.0.0.0
src_ip == "127.0.0.1"
src_ip == $var(ip)
src_ip == $var(net)
src_ip =~ "^127"
dst_ip == 127.0.0.1
dst_port == 5971
dst_port > 5000
dst_port == $var(q)
dst_port == 5970 + 1
dst_port != $var(port)
proto == UDP
proto == udp
proto != TCP
af == INET
af == inet
af != INET6
msg:len > 100
msg:len >= $var(z)
"""
FALSE = """
uri != myself
from_uri == myself
to_uri != myself
src_ip != myself
uri != "SIP:BOB@127.0.0.1:5971"
uri == $avp(none)
to_uri =~ "carol"
method == $var(q)
method =~ $var(re)
status == "200"
src_ip == 10.0.0.0/8
src_ip != $var(net)
src_ip == $var(s)
src_ip =~ $var(re)
dst_port != 5971
dst_port <= 5000
dst_port == $var(port)
dst_port == $avp(none)
src_port == 1
proto == TCP
af == INET6
msg:len < 100
msg:len > $var(port)
src_ip == ::1
src_ip == [::1]
"""


def load(body: str) -> ProxyUnderTest:
    return load_cfg_text(f"{HEAD}{body}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(line, True) for line in TRUE.split("\n") if line]
    + [(line, False) for line in FALSE.split("\n") if line],
)
def test_a_condition(text: str, expected: bool) -> None:
    proxy = load(f'request_route {{ {BEFORE} if ({text}) xlog("T"); else xlog("F"); }}')
    run = proxy.feed(request("OPTIONS", "sip:bob@127.0.0.1:5971"), source="127.0.0.1:5080")
    assert run.log[-1] == ("T" if expected else "F")
    assert not run.fault


def test_a_bad_address_at_run_time_is_logged() -> None:
    proxy = load('request_route { $var(s) = "nonsense"; if (src_ip == $var(s)) xlog("T"); }')
    (line,) = proxy.feed(request()).log
    assert "cannot compare 127.0.0.1 with 'nonsense'" in line


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("src_ip == 10.0.0.0/33", "a net of 32 bits has no /33"),
        ("src_ip == 10.0.0.0/ffff::", ""),
        ("proto == CARRIER_PIGEON", "CARRIER_PIGEON"),
        ('uri =~ "("', "bad regular expression"),
        ('src_ip =~ "("', "bad regular expression"),
    ],
)
def test_refusals(text: str, problem: str) -> None:
    with pytest.raises(CfgError) as caught:
        load(f"request_route {{ if ({text}) exit; }}")
    assert problem in str(caught.value)


def test_in_a_reply_uri_is_the_status() -> None:
    proxy = load(
        'reply_route { if (status == "180") xlog("s"); if (uri == "180") xlog("u"); '
        'if (status =~ "^1[0-9]+$") xlog("r"); drop; }'
    )
    data = (
        b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5971;branch=z9hG4bK1\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert proxy.feed(data).log[:1] == ["s"]
    assert proxy.feed(data).log[-1] == "r"


def test_generated_code_for_networks_is_a_plain_test() -> None:
    source = load("request_route { if (src_ip == 10.0.0.0/8) exit; }").proxy.compiled.source()
    assert "if c.flow.remote[0] in net:" in source
