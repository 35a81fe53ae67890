"""The module in a cfg, without sockets and on a clock that the test moves."""

import pytest

from sipproxy.errors import CfgError, RpcError
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg_text

CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "penalty.so"
modparam("penalty", "offence", "guess=4")
modparam("penalty", "fade", 10)

request_route {
    if (penalty_over("$si")) {
        penalty_wait("$si");
        sl_send_reply("403", "Later");
        exit;
    }
    penalty_add("$si", "guess");
    sl_send_reply("401", "Wrong");
}

route[FORGIVE] {
    $penalty($si) = 1;
}

event_route[penalty:over] {
    xlog("$penalty_key is over the limit\\n");
}
"""

SOURCE = "203.0.113.9:5060"


@pytest.fixture
def proxy() -> ProxyUnderTest:
    return load_cfg_text(CFG)


def test_three_guesses_then_a_wait(proxy: ProxyUnderTest, sip: Messages) -> None:
    for number in range(3):
        run = proxy.feed(sip.register("alice", source=SOURCE))
        assert run.statuses == [401]
        assert run.log.has("203.0.113.9 is over the limit") == (number == 2)
    assert proxy.feed(sip.register("alice", source=SOURCE)).statuses == []
    assert proxy.advance(1.1).statuses == []
    assert proxy.advance(0.2).statuses == [403], "twelve points: 1.2 seconds"
    assert proxy.feed(sip.register("bob", source="192.0.2.7:5060")).statuses == [401]


def test_points_fade(proxy: ProxyUnderTest, sip: Messages) -> None:
    for _ in range(3):
        proxy.feed(sip.register("alice", source=SOURCE))
    assert proxy.rpc("penalty.list") == [{"key": "203.0.113.9", "points": 12}]
    proxy.advance(31)
    assert proxy.rpc("penalty.list") == [{"key": "203.0.113.9", "points": 9}]
    assert proxy.feed(sip.register("alice", source=SOURCE)).statuses == [401]
    proxy.advance(200)
    assert proxy.rpc("penalty.list") == []
    with pytest.raises(RpcError, match="No such key"):
        proxy.rpc("penalty.forget", "203.0.113.9")


def test_points_can_be_set_and_forgotten(proxy: ProxyUnderTest, sip: Messages) -> None:
    proxy.run_route("FORGIVE", sip.register("alice", source=SOURCE))
    assert proxy.host.pv("$penalty(203.0.113.9)").read(proxy.host.outside()) == 1
    proxy.rpc("penalty.forget", "203.0.113.9")
    assert proxy.rpc("penalty.list") == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('modparam("penalty", "limit", 0)', "penalty.limit must be at least 1"),
        ('modparam("penalty", "offence", "guess")', 'penalty: "guess" is not name=points'),
        ('route[X] { penalty_add("$si", "gues"); }', 'no offence is named "gues" (guess)'),
        ('route[X] { penalty_add("$si"); }', "penalty_add"),
        ('route[X] { $penalty_key = "a"; }', "cannot be written to"),
    ],
)
def test_mistakes_are_found_when_the_cfg_is_read(wrong: str, told: str) -> None:
    with pytest.raises(CfgError) as caught:
        load_cfg_text(CFG + wrong)
    assert told in str(caught.value)
