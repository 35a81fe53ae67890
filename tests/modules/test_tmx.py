"""Variables and functions of tmx."""

from typing import Any

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request, response

LOADS = "".join(f'loadmodule "{name}.so"\n' for name in ("tm", "tmx", "pv", "xlog", "corex"))
TELL = """route[TELL] {
    xlog("$T_branch_idx $T_reply_code $T_reply_reason $T_reply_last $T(reply_code) $T_branch(uri)");
}
"""


def proxy(route: str, more: str = "") -> Any:
    return load_cfg_text(f"{LOADS}request_route {{\n{route}\n}}\n{TELL}{more}")


def asked(world: Any, method: str = "INVITE", **more: Any) -> Any:
    return world.feed(request(method, "sip:bob@127.0.0.1:5090", **more))


def test_what_is_seen_where() -> None:
    more = "onreply_route[R] { route(TELL); } failure_route[F] { route(TELL); }"
    world = proxy('route(TELL); t_on_reply("R"); t_on_failure("F"); t_relay(); route(TELL);', more)
    run = asked(world)
    assert run.log == ["0 0   0 <null>", "0 100   100 <null>"]
    run = world.feed(response(run.sent[1].raw, 486, "Busy"))
    assert run.log == ["0 486 Busy 486 486 sip:bob@127.0.0.1:5090", "1 486 Busy  486 <null>"]


def test_parts_of_other_messages() -> None:
    more = 'failure_route[F] { xlog("$T_rpl($rs) $T_rpl($hdr(X-A)) $T_req($rm)"); }'
    more += 'onreply_route[R] { xlog("$T_req($rm) $T_req($hdr(X-Q)) $T_rpl($rs)"); }'
    world = proxy(
        'if ($rm == "CANCEL") { xlog("$T_inv($ci)"); t_relay(); exit; }'
        't_on_reply("R"); t_on_failure("F"); t_relay();',
        more,
    )
    sent = asked(world, headers="X-Q: 1").sent[1].raw
    assert asked(world, "CANCEL").log == ["call-1"]
    run = world.feed(response(sent, 486, "Busy", headers="X-A: 2"))
    assert run.log == ["INVITE 1 <null>", "486 2 <null>"]


def test_an_identity_can_be_made() -> None:
    world = proxy('if ($T(id_label) == $null && $T(id_label_n) != $null) xlog("made");')
    assert asked(world).log[0] == "made"


def test_t_drop_leaves_no_answer() -> None:
    world = proxy('t_newtran(); t_drop("480"); xlog("not here");')
    run = asked(world)
    assert run.sent == []
    assert run.log == []


def test_t_cancel_branches() -> None:
    more = 'onreply_route[R] { if ($rs == 183) t_cancel_branches("others"); }'
    route = 't_on_reply("R"); append_branch("sip:two@127.0.0.1:5092"); t_relay();'
    world = proxy(route, more)
    sent = [one.raw for one in asked(world).sent[1:]]
    world.feed(response(sent[1], 180, "Ringing"))
    run = world.feed(response(sent[0], 183, "Progress"))
    assert run.transcript[0] == "CANCEL sip:two@127.0.0.1:5092 -> 127.0.0.1:5092"
    with pytest.raises(CfgError, match="none of all, others, this"):
        proxy("exit;", 'onreply_route[R] { t_cancel_branches("some"); }')


def test_by_call_id() -> None:
    world = proxy(
        'if ($rm == "OPTIONS") { t_reply_callid("call-1", "1", "480", "Gone"); xlog("$rc"); exit; }'
        'if ($rm == "INFO") { t_cancel_callid("call-1", "1", "3"); xlog("$rc"); exit; }'
        "t_relay();"
    )
    sent = asked(world).sent[1].raw
    world.feed(response(sent, 180, "Ringing"))
    assert asked(world, "INFO", number=2).transcript[0].startswith("CANCEL")
    assert asked(world, "OPTIONS", number=3).statuses == [480]
    assert asked(world, "OPTIONS", number=4).log[-1] == "-1"


def test_the_kind_of_route() -> None:
    more = 'failure_route[F] { if (t_is_failure_route()) xlog("failure"); }'
    more += 'branch_route[B] { if (t_is_branch_route()) xlog("branch"); }'
    more += 'onreply_route[R] { if (t_is_reply_route()) xlog("reply"); }'
    route = 'if (t_is_request_route()) xlog("request"); t_on_branch("B"); t_on_reply("R");'
    world = proxy(f'{route} t_on_failure("F"); t_relay();', more)
    run = asked(world, "MESSAGE")
    again = world.feed(response(run.sent[0].raw, 404, "None"))
    assert [*run.log, *again.log] == ["request", "branch", "reply", "failure"]


def test_statistics() -> None:
    world = proxy("t_relay();")
    sent = asked(world, "MESSAGE").sent[0].raw
    world.feed(response(sent, 404, "None"))
    shown = {one.name: one.get() for one in world.host.statistics.of("tmx")}
    assert shown["UAS_transactions"] == 1
    assert shown["4xx_transactions"] == shown["rpl_relayed"] == shown["rpl_sent"] == 1
    assert shown["active_transactions"] == shown["rpl_absorbed"] == 0


def test_t_reuse_branch() -> None:
    more = """event_route[tm:branch-failure:x] {
        $ru = "sip:other@x"; t_reuse_branch(); xlog("$ru");
    }"""
    world = proxy('t_on_branch_failure("x"); t_relay();', more)
    sent = asked(world, "MESSAGE").sent[0].raw
    assert world.feed(response(sent, 404, "None")).log == ["sip:bob@127.0.0.1:5090"]
