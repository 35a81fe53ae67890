"""cfgutils where time passes: pauses, locks that are waited for; what Kamailio cannot show."""

from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import CfgError, ModuleError, RpcError
from sipproxy.modules.cfgutils import Cfgutils
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
modparam("cfgutils", "lock_set_size", 2)
"""


def proxy_of(route: str, more: str = "") -> ProxyUnderTest:
    return load_cfg_text(f"{HEAD}{more}\nrequest_route {{ {route} }}")


def test_a_pause_holds_up_its_own_message_only() -> None:
    proxy = proxy_of(
        'if ($rm == "INVITE") sleep("2"); else usleep("500000"); sl_send_reply("200", "OK");'
    )
    assert proxy.feed(request("INVITE")).sent == []
    assert proxy.feed(request("OPTIONS", number=2)).sent == []
    assert proxy.advance(0.49).sent == []
    (early,) = proxy.advance(0.02).sent
    assert early.message.cseq.method == "OPTIONS"
    assert proxy.advance(1.48).sent == []
    (late,) = proxy.advance(0.02).sent
    assert late.message.cseq.method == "INVITE"


def test_a_pause_of_nothing_goes_on_at_once() -> None:
    proxy = proxy_of('sleep("0"); usleep("0"); sl_send_reply("200", "OK");')
    assert proxy.feed(request()).statuses == [200]


def test_variables_are_their_message_s_after_a_pause() -> None:
    proxy = proxy_of('$var(x) = $ci; sleep("1"); xlog("$var(x) is $ci\\n");')
    proxy.feed(request(call_id="one"))
    proxy.feed(request(call_id="two", number=2))
    assert sorted(proxy.advance(1).log) == ["one is one\n", "two is two\n"]


LOCKED = (
    'lock("$hdr(X-Key)"); xlog("in $ci\\n"); sleep("1"); unlock("$hdr(X-Key)"); xlog("out\\n");'
)


def test_a_lock_is_waited_for_in_turn() -> None:
    proxy = proxy_of(LOCKED)
    seen = [
        [line.strip() for line in proxy.feed(request(call_id=name, headers="X-Key: k\n")).log]
        for name in "abc"
    ]
    assert seen == [["in a"], [], []]
    for name, then in (("b", "c"), ("c", "")):
        lines = [line.strip() for line in proxy.advance(1).log]
        assert lines == ["out", f"in {name}"], then
    assert [line.strip() for line in proxy.advance(1).log] == ["out"]


def test_keys_of_other_slots_are_not_waited_for() -> None:
    proxy = proxy_of(LOCKED)
    ran = sum(bool(proxy.feed(request(headers=f"X-Key: {key}\n")).log) for key in "abcdefgh")
    assert ran == 4


def test_a_lock_is_freed_with_its_message() -> None:
    proxy = proxy_of('$var(r) = lock("k"); xlog("got $var(r)\\n");')
    for _ in range(2):
        log = proxy.feed(request()).log
        assert log[0] == "got 1\n"
        assert log.has("was still held at the end of the message: freed")


def test_the_next_in_turn_gets_the_lock_of_a_message_that_ended() -> None:
    proxy = proxy_of('lock("k"); xlog("in $ci\\n"); sleep("1");')
    proxy.feed(request(call_id="a"))
    assert not proxy.feed(request(call_id="b")).log
    assert proxy.advance(1).log.has("in b")


def test_a_lock_taken_twice_by_one_message_is_an_error() -> None:
    log = (
        proxy_of('lock("k"); $var(r) = lock("k"); xlog("$var(r)\\n"); unlock("k");')
        .feed(request())
        .log
    )
    assert list(log) == ["the message holds the lock of k already", "-1\n"]


def test_another_message_may_free_a_lock() -> None:
    proxy = proxy_of(
        'if ($rm == "INFO") unlock("k"); else if (!trylock("k")) xlog("busy\\n"); else sleep("9");'
    )
    proxy.feed(request())
    assert list(proxy.feed(request()).log) == ["busy\n"]
    proxy.feed(request("INFO"))
    assert list(proxy.feed(request()).log) == []


def test_without_locks(bench: Any, request_text: Any) -> None:
    module = bench.load(Cfgutils)
    ctx = bench.context(request_text())
    assert not module.trylock(ctx, "k")
    assert not module.unlock(ctx, "k")
    assert bench.lines == [
        "no locks to trylock k: see the parameter lock_set_size",
        "no locks to unlock k: see the parameter lock_set_size",
    ]


@pytest.mark.parametrize("size", [15, -1])
def test_too_many_locks(bench: Any, size: int) -> None:
    bench.load(Cfgutils, lock_set_size=size)
    assert bench.lines == [f"lock set size {size} is made 14"]


def test_chance(bench: Any, request_text: Any) -> None:
    module = bench.load(Cfgutils, initial_probability=30)
    ctx = bench.context(request_text())
    hits = sum(module.rand_event(ctx) for _ in range(2000))
    assert 500 < hits < 700


def test_random_numbers_have_31_bits(bench: Any, request_text: Any) -> None:
    module = bench.load(Cfgutils)
    ctx = bench.context(request_text())
    numbers = [module.random(ctx) for _ in range(200)]
    assert all(0 <= number < 1 << 31 for number in numbers)
    assert max(numbers) > 1 << 30


@pytest.mark.parametrize(
    "call",
    [
        *('rand_set_prob("101")', 'rand_set_prob("x")', 'rand_set_prob("-1")'),
        *('set_gflag("32")', 'reset_gflag("x")', 'is_gflag("$var(x)")', 'sleep("x")'),
    ],
)
def test_calls_that_are_refused(call: str) -> None:
    with pytest.raises(CfgError):
        proxy_of(f"{call};")


def test_a_percentage_above_100_is_refused() -> None:
    with pytest.raises(CfgError, match="initial_probability is a percentage, not 101"):
        proxy_of("exit;", 'modparam("cfgutils", "initial_probability", 101)')


def test_abort_ends_the_script_where_no_server_runs() -> None:
    log = proxy_of('abort(); xlog("not reached\\n");').feed(request()).log
    assert list(log) == ["abort called"]


def test_a_route_that_runs_itself_comes_to_an_end() -> None:
    proxy = proxy_of(
        '$var(n) = 0; route_if_exists("SELF"); xlog("$var(n)\\n");',
        'route[SELF] { $var(n) = $var(n) + 1; route_if_exists("SELF"); return 1; }',
    )
    log = proxy.feed(request()).log
    assert log.has("too many recursive routing table lookups")
    assert log[-1] == "128\n"


def test_the_hash_of_a_file(bench: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.cfg"
    file.write_text("one")
    module = bench.load(Cfgutils, hash_file=str(file))
    module.open()
    assert module.get_hash() == "f97c5d29941bfb1b2fdab0874906ab82"
    assert module.check_hash() == "Identical hash"
    file.write_text("two")
    assert module.check_hash() == "Different hash"
    file.unlink()
    with pytest.raises(RpcError, match="Failed to hash the file"):
        module.check_hash()
    with pytest.raises(ModuleError, match="the hash_file cannot be read"):
        module.open()


def test_no_file_no_hash(bench: Any) -> None:
    module = bench.load(Cfgutils)
    assert module.get_hash() == ""
    with pytest.raises(RpcError, match="No hash file"):
        module.check_hash()
