"""The proxy as one object: datagrams in, outbox and deadlines out, faults told in cfg terms."""

import pytest

from sipproxy.core.context import Context
from sipproxy.core.module import Module, function
from sipproxy.core.values import Value
from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request, response

HEAD = """#!KAMAILIO
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "slow.so"
"""


class Slow(Module, name="slow"):
    """Functions that wait, and one that breaks."""

    @function()
    async def slow_answer(self, ctx: Context, seconds: int) -> int:
        """1 after a time."""
        await self.host.sleep(seconds)
        return 1

    @function()
    async def quick_answer(self, ctx: Context) -> bool:
        """Never waits."""
        return True

    @function()
    def broken(self, ctx: Context, value: Value) -> None:
        """Raises."""
        raise KeyError(value)


def load(text: str) -> ProxyUnderTest:
    return load_cfg_text(HEAD + text, modules={"slow": Slow})


def test_garbage_and_keepalives_are_counted_and_dropped() -> None:
    proxy = load('request_route { sl_send_reply("200", "OK"); }')
    for data in (b"\r\n\r\n", b"\0", b"", b"hello\r\n\r\n", b"\xff" * 300):
        assert proxy.feed(data).sent == []
    assert proxy.host.counters["core.keepalives"] == 3
    assert proxy.host.counters["core.bad_messages"] == 2
    assert not proxy.host.traffic.events


def test_messages_dropped_for_a_header_are_counted_by_kind() -> None:
    proxy = load('request_route { sl_send_reply("200", "OK"); }')
    via = b"Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK-1\r\n"
    for data in (b"INFO sip:a@b SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n"):
        assert proxy.feed(data + via + b"\r\n").sent == []
        assert proxy.feed(data + b"what is this\r\n" + via + b"\r\n").sent == []
    assert proxy.host.traffic.events == {"err_requests": 1, "err_replies": 1, "bad_msg_hdr": 2}
    assert proxy.feed(request()).statuses == [200]


def test_a_route_that_waits_lets_others_pass_and_keeps_its_variables() -> None:
    proxy = load(
        """request_route {
             $var(user) = $rU;
             if ($rU == "slow") slow_answer(5);
             xlog("$var(user)");
             sl_send_reply("200", "OK");
           }"""
    )
    assert proxy.feed(request(uri="sip:slow@example.com")).sent == []
    assert proxy.feed(request(uri="sip:fast@example.com")).log == ["fast"]
    assert proxy.proxy.next_deadline == proxy.clock.now() + 5
    run = proxy.advance(5)
    assert run.statuses == [200]
    assert run.log == ["slow"]


def test_waiting_inside_expressions_and_routes() -> None:
    proxy = load(
        """request_route {
             $var(x) = 10 + route(ASK);
             if (quick_answer() && route(ASK)) xlog("x $var(x)");
             route("A" + "SK");
             xlog("done");
           }
           route[ASK] { slow_answer(1); return 2; }"""
    )
    assert proxy.feed(request()).log == []
    assert proxy.advance(1).log == []
    assert proxy.advance(1).log == ["x 11"]
    assert proxy.advance(1).log == ["done"]


def test_a_fault_ends_that_message_only_and_names_the_cfg_line() -> None:
    proxy = load(
        'request_route {\n  if ($rU == "bad")\n    broken("x" + $rU);\n'
        '  sl_send_reply("200", "OK");\n}'
    )
    run = proxy.feed(request(uri="sip:bad@example.com"))
    assert run.statuses == [500]
    (log,) = run.log
    assert 'File "test.cfg", line 9, in request_route' in log
    assert '    broken("x" + $rU);\n    ^^^^^^^^^^^^^^^^^' in log
    assert log.endswith("KeyError: 'xbad'")
    assert proxy.host.counters["core.faults"] == 1
    assert proxy.feed(request(uri="sip:good@example.com")).statuses == [200]


def test_replies_are_relayed_by_via_unless_dropped() -> None:
    proxy = load("request_route { forward(); }\nreply_route { if ($rs == 480) drop; }")
    (sent,) = proxy.feed(request(uri="sip:bob@127.0.0.1:5090")).sent
    assert sent.flow.remote == ("127.0.0.1", 5090)
    answer = response(sent.raw, 200)
    (relayed,) = proxy.feed(answer, source="127.0.0.1:5090").sent
    assert (relayed.status, relayed.flow.remote) == (200, ("127.0.0.1", 5080))
    assert proxy.feed(response(sent.raw, 480, "Gone"), source="127.0.0.1:5090").sent == []


@pytest.mark.parametrize(
    ("end", "relayed"),
    [
        ("exit;", True),
        ("return 5;", True),
        ("drop;", False),
        ("return 0;", False),
        ("route(ZERO); $var(x) = 1;", False),
        ("return -1;", False),
        ("slow_answer(1); return 0;", False),
        ("slow_answer(1);", True),
    ],
)
def test_how_reply_route_ends_decides_whether_the_reply_goes_on(end: str, relayed: bool) -> None:
    proxy = load(
        f"request_route {{ forward(); }}\nreply_route {{ {end} }}\nroute[ZERO] {{ return 0; }}"
    )
    (sent,) = proxy.feed(request(uri="sip:bob@127.0.0.1:5090")).sent
    run = proxy.feed(response(sent.raw, 200), source="127.0.0.1:5090")
    later = proxy.advance(2) if "slow" in end else run
    assert bool(later.sent) is relayed
    assert ("error while trying onreply script" in run.log) is ("-1" in end)


def test_where_the_script_ended() -> None:
    proxy = load('request_route {\n  if ($rU == "x")\n    exit;\n  drop;\n}')
    assert proxy.feed(request(uri="sip:x@example.com")).left_at == "test.cfg:9"
    assert proxy.feed(request(uri="sip:y@example.com")).left_at == "test.cfg:10"


def test_two_proxies_do_not_meet() -> None:
    cfg = 'request_route { $var(n) = $var(n) + 1; xlog("$var(n)"); }'
    one, two = load(cfg), load(cfg)
    assert [one.feed(request()).log, one.feed(request()).log] == [["1"], ["2"]]
    assert two.feed(request()).log == ["1"]


RECEIVED = """
received_route_mode={mode}
event_route[core:msg-received] {{
    if ($(rcv(buf)) =~ "^DROPPED") {{ drop; }}
    if ($(rcv(buf)) =~ "^REFUSED") {{ return -1; }}
    if ($(rcv(buf)) =~ "^EMPTIED") {{ $(rcv(buf)) = $null; }}
    if ($(rcv(buf)) =~ "^NUMBERED") {{ $(rcv(buf)) = 5; }}
    if ($(rcv(buf)) =~ "^CHANGED") {{ $(rcv(buf)) = $(rcv(buf){{s.replace,CHANGED,OPTIONS}}); }}
    if ($(rcv(buf)) =~ "^WAITED") {{ slow_answer("3"); }}
    if ($(rcv(buf)) =~ "^BROKEN") {{ broken("x"); }}
    xinfo("$rcv(srcip):$rcv(srcport) $rcv(len)");
    return 0;
}}
request_route {{ xinfo("$rm <$rcv(buf)>"); sl_send_reply("200", "OK"); }}
"""


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("OPTIONS", ["10.0.0.7:5070 {length}", "OPTIONS <<null>>"]),
        ("CHANGED", ["10.0.0.7:5070 {length}", "OPTIONS <<null>>"]),
        ("NUMBERED", ["10.0.0.7:5070 {length}", "NUMBERED <<null>>"]),
        ("EMPTIED", ["10.0.0.7:5070 0"]),
        ("DROPPED", []),
        ("REFUSED", []),
        ("BROKEN", []),
    ],
)
def test_a_route_may_change_what_came_in(method: str, lines: list[str]) -> None:
    proxy = load(RECEIVED.format(mode=1))
    data = bytes(request("OPTIONS")).replace(b"OPTIONS", method.encode(), 1)
    if method == "NUMBERED":
        data = data.replace(b"1 OPTIONS", b"1 NUMBERED")
    run = proxy.feed(data, source="10.0.0.7:5070")
    told = [text for _, origin, text in proxy.log.records if origin == "<script>"]
    assert told == [line.format(length=len(data)) for line in lines]
    assert len(run.sent) == (len(lines) == 2)


def test_what_came_in_is_not_shown_without_the_mode() -> None:
    proxy = load(RECEIVED.format(mode=0))
    proxy.feed(bytes(request("OPTIONS")))
    assert [text for _, _, text in proxy.log.records] == ["OPTIONS <<null>>"]


def test_the_route_that_is_shown_what_came_in_may_wait() -> None:
    proxy = load(RECEIVED.format(mode=1))
    data = bytes(request("OPTIONS")).replace(b"OPTIONS", b"WAITED")
    assert not proxy.feed(data).sent
    proxy.advance(3)
    assert [text.split()[-1] for _, _, text in proxy.log.records] == [str(len(data)), "<<null>>"]


PRE_ROUTING = """
event_route[core:pre-routing] {{
    if (is_method("MESSAGE")) {{ drop; }}
    if ($ci =~ "^waits") {{ slow_answer("2"); }}
    if ($ci =~ "^breaks") {{ broken("x"); }}
    $avp(seen) = $rm + "-" + $rs;
    $var(seen) = $ci;
    setflag(3);
    xinfo("before");
    {end}
}}
request_route {{
    xinfo("$avp(seen) $var(seen) $rc");
    if (isflagset(3)) {{ sl_send_reply("200", "OK"); }}
}}
reply_route {{ xinfo("reply $avp(seen)"); }}
"""
TEXTOPS = 'loadmodule "textops.so"\n'


@pytest.mark.parametrize("end", ["", "exit;", "return -1;", "return 0;"])
def test_a_message_is_shown_before_it_is_routed(end: str) -> None:
    proxy = load(TEXTOPS + PRE_ROUTING.format(end=end))
    run = proxy.feed(request("OPTIONS", call_id="plain"))
    assert run.log == ["before", "OPTIONS- plain 0"]
    assert [reply.status for reply in run.sent] == [200]


def test_a_reply_is_shown_too() -> None:
    proxy = load(TEXTOPS + PRE_ROUTING.format(end=""))
    assert proxy.feed(response(request("OPTIONS"), 200)).log == ["before", "reply OPTIONS-200"]


def test_what_is_dropped_before_it_is_routed_is_gone_and_not_counted() -> None:
    proxy = load('loadmodule "kex.so"\n' + TEXTOPS + PRE_ROUTING.format(end=""))
    assert not proxy.feed(request("MESSAGE")).sent
    proxy.feed(request("OPTIONS"))
    assert proxy.rpc("stats.fetch", "core:rcv_requests") == {"core.rcv_requests": "1"}


def test_what_comes_before_routing_may_wait_with_its_variables() -> None:
    proxy = load(TEXTOPS + PRE_ROUTING.format(end=""))
    assert not proxy.feed(request("OPTIONS", call_id="waits")).sent
    assert proxy.feed(request("OPTIONS", call_id="meanwhile")).sent
    run = proxy.advance(2)
    assert [reply.status for reply in run.sent] == [200]
    assert run.log[-1] == "OPTIONS- waits 0"


def test_a_fault_before_routing_ends_the_message() -> None:
    proxy = load(TEXTOPS + PRE_ROUTING.format(end=""))
    assert [r.status for r in proxy.feed(request("OPTIONS", call_id="breaks")).sent] == [500]


def test_a_lock_of_pre_routing_is_held_until_the_message_ends() -> None:
    proxy = load(
        """
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=2;")
event_route[core:pre-routing] { sht_lock("t=>k"); $sht(t=>k) = 1; }
request_route { slow_answer("1"); 
    $sht(t=>k) = $sht(t=>k) + 1; xinfo("$sht(t=>k)"); sht_unlock("t=>k"); }
"""
    )
    proxy.feed(request("OPTIONS", call_id="a"))
    proxy.feed(request("OPTIONS", call_id="b"))
    proxy.advance(5)
    assert [text for _, _, text in proxy.log.records] == ["2", "2"]


def test_the_first_worker_has_a_route_of_its_own() -> None:
    cfg = """
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=2;")
event_route[htable:mod-init] { $sht(t=>n) = 1; }
event_route[core:worker-one-init] { $sht(t=>n) = $sht(t=>n) + 1; xinfo("$ru $sht(t=>n)"); }
request_route { exit; }
"""
    assert [text for _, _, text in load(cfg).log.records] == ["sip:you@kamailio.org 2"]


def test_the_first_worker_may_refuse_to_begin() -> None:
    with pytest.raises(CfgError, match=r"worker-one-init\] ended in drop, at .*:8") as refused:
        load("event_route[core:worker-one-init] {\n drop; }\nrequest_route { exit; }")
    assert refused.value.problems[-1].span.line == 7
