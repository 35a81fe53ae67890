"""A cfg is reloaded while its tables, limits, transactions and timers go on."""

import pytest

from sipproxy.errors import CfgError, ModuleError
from sipproxy.testing.messages import Messages
from sipproxy.testing.proxy import ProxyUnderTest, load_cfg_text

HEAD = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "htable.so"
"""
COUNT = """
event_route[htable:expired:calls] { xlog("L_WARN", "NAME: $shtrecord(key) is over\\n"); }
request_route {
    $shv(seen) = $shv(seen) + 1;
    sl_send_reply("200", "NAME $shtinc(calls=>$fU) $shv(seen)");
}
"""


def cfg(name: str, tables: str, rest: str = COUNT) -> str:
    return HEAD + tables + rest.replace("NAME", name)


def table(text: str) -> str:
    return f'modparam("htable", "htable", "{text}")\n'


CALLS = table("calls=>size=4;autoexpire=60;initval=0")


def reasons(proxy: ProxyUnderTest, sip: Messages) -> str:
    (sent,) = proxy.feed(sip.options()).sent
    return sent.message.reason


def test_tables_go_on_by_their_names(sip: Messages) -> None:
    proxy = load_cfg_text(cfg("old", CALLS + table("gone=>size=4")))
    assert reasons(proxy, sip) == "old 1 1"
    proxy.sht["gone"]["x"] = 1
    proxy.reload(cfg("new", CALLS + table("fresh=>size=4")))
    assert reasons(proxy, sip) == "new 2 2"
    assert len(proxy.sht["fresh"]) == 0
    with pytest.raises(KeyError, match="gone"):
        proxy.sht["gone"]


def test_a_new_autoexpire_counts_for_what_is_written_later(sip: Messages) -> None:
    proxy = load_cfg_text(cfg("old", CALLS))
    proxy.sht["calls"]["bob"] = 7
    proxy.reload(cfg("new", table("calls=>size=8;autoexpire=600")))
    proxy.sht["calls"]["carol"] = 8
    run = proxy.advance(100)
    assert [line.strip() for line in run.log] == ["new: bob is over"]
    assert proxy.sht["calls"].items() == [("carol", 8)]
    run = proxy.advance(700)
    assert [line.strip() for line in run.log] == ["new: carol is over"], "one sweep, not two"


def test_mod_init_sets_what_the_new_cfg_sets_otherwise(sip: Messages) -> None:
    init = """event_route[htable:mod-init] {
        $sht(calls=>limit) = LIMIT;
        $sht(calls=>count) = 0;
        if ($sht(calls=>first) == $null) $sht(calls=>first) = "NAME";
        ADD
    }"""
    calls = table("calls=>size=4;autoexpire=60")
    old = cfg("old", calls, init.replace("LIMIT", "5").replace("ADD", "") + COUNT)
    proxy = load_cfg_text(old)
    cells = proxy.sht["calls"]
    cells["count"] = 17
    cells["bob"] = 3
    assert cells["limit"] == 5
    more = "$sht(calls=>more) = 1;"
    proxy.reload(cfg("new", calls, init.replace("LIMIT", "9").replace("ADD", more) + COUNT))
    assert proxy.sht["calls"].items() == [
        ("bob", 3),
        ("count", 17),
        ("first", "old"),
        ("limit", 9),
        ("more", 1),
    ]


def test_a_refused_cfg_changes_nothing(sip: Messages) -> None:
    proxy = load_cfg_text(cfg("old", CALLS))
    reasons(proxy, sip)
    with pytest.raises(CfgError, match="sl_sendreply"):
        proxy.reload(cfg("new", CALLS).replace("sl_send_reply", "sl_sendreply"))
    dropping = "event_route[htable:mod-init] { $sht(calls=>alice) = 100; drop; }"
    with pytest.raises(ModuleError, match="ended in drop"):
        proxy.reload(cfg("new", CALLS, dropping + COUNT))
    assert reasons(proxy, sip) == "old 2 2"
    proxy.reload(cfg("new", CALLS))
    assert reasons(proxy, sip) == "new 3 3"


def test_a_shared_variable_that_starts_otherwise_begins_anew(sip: Messages) -> None:
    preset = 'modparam("pv", "shvset", "seen=i:NUMBER")\n'
    proxy = load_cfg_text(cfg("old", CALLS + preset.replace("NUMBER", "10")))
    assert reasons(proxy, sip) == "old 1 11"
    proxy.reload(cfg("new", CALLS + preset.replace("NUMBER", "10")))
    assert reasons(proxy, sip) == "new 2 12"
    proxy.reload(cfg("newer", CALLS + preset.replace("NUMBER", "50")))
    assert reasons(proxy, sip) == "newer 3 51"


TM = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "textops.so"
request_route {
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    t_on_failure("NAME");
    t_relay_to_udp("127.0.0.1", "5099");
}
failure_route[NAME] { t_reply("480", "NAME"); }
"""


def test_a_transaction_keeps_the_cfg_it_was_born_under(sip: Messages) -> None:
    proxy = load_cfg_text(TM.replace("NAME", "OLD"))
    invite = sip.invite()
    trying, relayed = proxy.feed(invite).sent
    assert trying.message.status == 100
    proxy.reload(TM.replace("NAME", "NEW"))

    assert [sent.message.status for sent in proxy.feed(invite).sent] == [100], "it is known"
    busy = sip.response(relayed.raw, 486, "Busy Here")
    ack, answer = sorted(proxy.feed(busy).sent, key=lambda sent: sent.message.is_request)[::-1]
    assert ack.message.method == "ACK"
    assert (answer.message.status, answer.message.reason) == (480, "OLD")

    other = sip.invite()
    _, relayed = proxy.feed(other).sent
    sent = proxy.feed(sip.response(relayed.raw, 486, "Busy Here")).sent
    assert [one.message.reason for one in sent if not one.message.is_request] == ["NEW"]


def test_timers_of_the_old_cfg_end_what_began_under_it(sip: Messages) -> None:
    proxy = load_cfg_text(TM.replace("NAME", "OLD"))
    proxy.feed(sip.request("MESSAGE"))
    proxy.reload(TM.replace("NAME", "NEW"))
    run = proxy.advance(60)
    assert [one.message.reason for one in run.sent if not one.message.is_request] == ["OLD"]
    stats = proxy.rpc("tm.stats")
    assert (stats["created"], stats["current"], stats["freed"]) == (1, 0, 1)


def test_a_cancel_goes_to_the_cfg_of_its_invite(sip: Messages) -> None:
    proxy = load_cfg_text(TM.replace("NAME", "OLD"))
    invite = sip.invite()
    _, relayed = proxy.feed(invite).sent
    proxy.feed(sip.response(relayed.raw, 180, "Ringing"))
    proxy.reload(TM.replace("NAME", "NEW").replace("t_check_trans()", "1 == 2"))
    sent = proxy.feed(sip.cancel(invite)).sent
    assert {"CANCEL"} == {one.message.method for one in sent if one.message.is_request}


LIMITS = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "pike.so"
loadmodule "pipelimit.so"
loadmodule "ratelimit.so"
loadmodule "mqueue.so"
loadmodule "auth.so"
loadmodule "statistics.so"
modparam("statistics", "variable", "mine")
modparam("mqueue", "mqueue", "name=jobs")
modparam("pike", "reqs_density_per_unit", 3)
modparam("ratelimit", "pipe", "0:TAILDROP:1")
request_route {
    update_stat("mine", "+1");
    mq_add("jobs", "$ci", "x");
    pl_check("one", "TAILDROP", "2");
    $var(pl) = $rc;
    rl_check("0");
    $var(rl) = $rc;
    pike_check_req();
    sl_send_reply("200", "NAME $rc $var(pl) $var(rl) $stat(mine) $mq_size(jobs)");
}
"""


def test_limits_queues_and_statistics_count_on(sip: Messages) -> None:
    proxy = load_cfg_text(LIMITS.replace("NAME", "old"))
    expected = [reasons(proxy, sip) for _ in range(25)]
    other = load_cfg_text(LIMITS.replace("NAME", "old"))
    got = []
    for number in range(25):
        if number % 4 == 3:
            other.reload(LIMITS.replace("NAME", "old"))
        got.append(reasons(other, sip))
    assert got == expected
    assert {line.split()[1] for line in expected} == {"1", "-1", "-2"}, "pike was at its limit"


def test_nonces_stay_good_unless_the_cfg_says_otherwise() -> None:
    proxy = load_cfg_text(LIMITS)

    def nonces() -> object:
        return vars(proxy.host.modules["auth"])["nonces"]

    first = nonces()
    proxy.reload(LIMITS)
    assert nonces() is first
    secret = 'modparam("auth", "secret", "abcdefgh")\nrequest_route'
    proxy.reload(LIMITS.replace("request_route", secret))
    assert nonces() is not first


def test_older_proxies_go_when_their_last_transaction_is_over(sip: Messages) -> None:
    proxy = load_cfg_text(TM.replace("NAME", "OLD"))
    proxy.feed(sip.request("MESSAGE"))
    generations = proxy._generations
    for _ in range(3):
        proxy.reload(TM.replace("NAME", "NEW"))
    assert len(generations.older) == 1, "those without a transaction went at once"
    proxy.advance(60)
    assert generations.older == []


LOCATION = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "db_sqlite.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
MODPARAMS
request_route {
    if (method == "REGISTER") {
        save("location");
        exit;
    }
    sl_send_reply("200", "NAME");
}
"""


def location(name: str, *modparams: str) -> str:
    lines = "".join(f'modparam("usrloc", {one})\n' for one in modparams)
    return LOCATION.replace("NAME", name).replace("MODPARAMS", lines)


def registered(proxy: ProxyUnderTest) -> dict[str, int]:
    """How many contacts each user has, in the order of the table."""
    module = proxy.host.modules["usrloc"]
    rows = vars(module)["tables"]["location"].by_slot()
    return {aor: len(contacts) for records in rows for aor, contacts in records}


def test_phones_stay_registered(sip: Messages) -> None:
    proxy = load_cfg_text(location("old"))
    for user in ("alice", "bob"):
        proxy.feed(sip.register(user, source=f"127.0.0.1:{5070 + len(user)}"))
    proxy.reload(location("new", '"hash_size", 3', '"timer_interval", 10'))
    proxy.feed(sip.register("carol", expires=60))
    assert registered(proxy) == {"alice": 1, "bob": 1, "carol": 1}
    assert proxy.rpc("ul.dump", "brief")["Domains"]
    proxy.feed(sip.register("bob", expires=0, source="127.0.0.1:5073"))
    proxy.advance(80)
    assert registered(proxy) == {"alice": 1}
    proxy.reload(location("newer").replace('save("location");', 'sl_send_reply("403", "No");'))
    assert registered(proxy) == {"alice": 1}, "though no function names the table"


def test_the_database_of_the_phones_cannot_change(sip: Messages) -> None:
    proxy = load_cfg_text(location("old"))
    with pytest.raises(CfgError, match="db_mode changes with a restart only"):
        proxy.reload(location("new", '"db_mode", 1', '"db_url", "sqlite:////tmp/none"'))
    proxy.feed(sip.register("alice"))
    assert registered(proxy) == {"alice": 1}
