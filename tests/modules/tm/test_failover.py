"""tm: names of targets, and the next place of a name when one fails (add_uac_dns_fallback)."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.dns.records import Srv
from sipproxy.core.flow import Flow
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request, response
from sipproxy.testing.names import Peers
from sipproxy.testing.run import Run

CFG = """
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5061
listen=udp:[::1]:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
modparam("tm", "fr_timer", 3000)
request_route {
    $ru = "sip:x@" + $rU + ".example";
    %s
    if (!t_relay()) sl_reply_error();
}
"""


@pytest.fixture
def make() -> Callable[..., ProxyUnderTest]:
    def made(settings: str = "use_dns_failover=yes\n", action: str = "") -> ProxyUnderTest:
        proxy = load_cfg_text(settings + CFG % action)
        proxy.names.add("one.example", "A", "192.0.2.1")
        proxy.names.add("two.example", "A", "192.0.2.1", "192.0.2.2")
        proxy.names.add("_sip._udp.mixed.example", "SRV", Srv(1, 1, 5070, "one.example"))
        proxy.names.add("both.example", "A", "192.0.2.1")
        proxy.names.add("both.example", "AAAA", "2001:db8::1")
        return proxy

    return made


def targets(run: Run) -> list[tuple[str, int]]:
    """Where its requests went."""
    return [sent.flow.remote for sent in run.sent if sent.message.is_request]


def call(proxy: ProxyUnderTest, user: str, method: str = "MESSAGE", **more: Any) -> Run:
    return proxy.feed(request(method, f"sip:{user}@127.0.0.1", **more))


def test_a_name_is_looked_up_while_others_are_served(make: Any) -> None:
    proxy = make(action='$ru = $ru + ":5062";')
    proxy.names.delay = 2.0
    assert call(proxy, "one").sent == []
    assert call(proxy, "one").sent == []  # a retransmission is absorbed
    assert call(proxy, "two", number=2).sent == []
    assert call(proxy, "one", number=3).sent == []  # asked for already
    assert proxy.names.asked.count(("one.example", "A")) == 1
    assert sorted(targets(proxy.advance(4))[:3]) == [
        ("192.0.2.1", 5062),
        ("192.0.2.1", 5062),
        ("192.0.2.1", 5062),
    ]
    proxy.names.delay = 60.0
    assert targets(call(proxy, "one", number=4)) == [("192.0.2.1", 5062)]  # it is known now


def test_an_unknown_name(make: Any) -> None:
    run = call(make(), "nosuch")
    assert run.statuses == [500, 478]  # sl_reply_error, then the transaction's own
    assert 'could not resolve hostname: "nosuch.example"' in run.log


def test_without_failover_one_place_is_all(make: Any) -> None:
    proxy = make("")
    assert targets(call(proxy, "two")) == [("192.0.2.1", 5060)]
    run = proxy.advance(3)
    assert {*targets(run)} == {("192.0.2.1", 5060)} and run.statuses[-1] == 408


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_silence_goes_on_to_the_next_place(make: Any, method: str) -> None:
    proxy = make()
    (first,) = [s for s in call(proxy, "two", method).sent if s.message.is_request]
    run = proxy.advance(3)
    (second,) = [s for s in run.sent if s.flow.remote == ("192.0.2.2", 5060)]
    shown = str(first.message.via.branch)[:-1]
    assert (first.message.via.branch, second.message.via.branch) == (f"{shown}0", f"{shown}1")
    assert second.raw.replace(f"{shown}1".encode(), f"{shown}0".encode()) == first.raw
    answered = proxy.feed(response(second.raw, 200), source="192.0.2.2:5060")
    assert answered.statuses[-1] == 200
    assert 408 not in [*run.statuses, *answered.statuses]


def test_the_last_place_ends_it(make: Any) -> None:
    proxy = make()
    call(proxy, "two")
    assert 408 not in proxy.advance(3).statuses
    assert proxy.advance(3).statuses[-1:] == [408]
    proxy.advance(60)
    assert proxy.proxy.next_deadline is None


def test_503_goes_on_and_other_failures_do_not(make: Any) -> None:
    for status, goes_on in ((503, True), (500, False), (404, False)):
        proxy = make()
        (first,) = call(proxy, "two").sent
        run = proxy.feed(response(first.raw, status), source="192.0.2.1:5060")
        assert targets(run) == ([("192.0.2.2", 5060)] if goes_on else [])


def test_the_script_may_forbid_it(make: Any) -> None:
    proxy = make(action='t_set_disable_failover("1");')
    (first,) = call(proxy, "two").sent
    assert targets(proxy.feed(response(first.raw, 503), source="192.0.2.1:5060")) == []


def test_a_canceled_call_goes_nowhere(make: Any) -> None:
    proxy = make()
    invite = call(proxy, "two", "INVITE")
    assert targets(invite) == [("192.0.2.1", 5060)]
    call(proxy, "two", "CANCEL")
    assert ("192.0.2.2", 5060) not in targets(proxy.advance(40))


def test_another_family_leaves_by_another_socket(make: Any) -> None:
    proxy = make()
    call(proxy, "both")
    (sent,) = [s for s in proxy.advance(3).sent if s.flow.remote[0] == "2001:db8::1"]
    assert sent.flow.local == ("::1", 5060)
    via = sent.message.via
    assert (via.transport, via.host, via.port) == ("UDP", "[::1]", 5060)


class Refused(Peers):
    """Streams of which those to one address cannot be begun."""

    def reach(self, flow: Flow) -> bool:
        return flow.remote[0] != "192.0.2.1"


def test_a_refused_connection_goes_on_at_once(make: Any) -> None:
    proxy = make(action='$ru = $ru + ";transport=tcp";')
    proxy.host.streams = Refused()
    run = call(proxy, "two")
    assert targets(run) == [("192.0.2.2", 5060)]
    proxy.host.streams = Refused()
    alone = call(proxy, "one", number=2)
    assert targets(alone) == []
    assert 477 in alone.statuses
