"""Functions that ask and answer."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import CfgError

ASK = """route[ASK] {
    $var(s) = "";
    if (t_check_status("48.")) $var(s) = $var(s) + " 48x";
    if (t_any_replied()) $var(s) = $var(s) + " any";
    if (t_any_timeout()) $var(s) = $var(s) + " timeout";
    if (t_grep_status("486")) $var(s) = $var(s) + " grep";
    if (t_is_canceled()) $var(s) = $var(s) + " canceled";
    if (t_is_expired()) $var(s) = $var(s) + " expired";
    $var(c) = t_get_status_code();
    xlog("$var(c)$var(s)\\n");
}
failure_route[F] { route(ASK); }
"""


def test_what_a_failure_route_is_told(call: Callable[..., Any]) -> None:
    world = call('t_on_failure("F"); t_relay();', ASK)
    world.send("INVITE")
    world.answer(180)
    world.answer(486)
    assert world.log == ["486 48x any grep"]


def test_and_after_silence(call: Callable[..., Any]) -> None:
    world = call('t_on_failure("F"); t_relay();', ASK, 'modparam("tm", "fr_timer", 900)')
    world.send("INVITE")
    world.wait(1)
    assert world.log == ["408 timeout"]


def test_one_answer_only(call: Callable[..., Any]) -> None:
    route = 't_newtran(); t_reply("183", "Soon"); t_reply("486", "No"); t_reply("200", "Yes");'
    assert call(route).send("INVITE") == ["183", "486"]


def test_t_send_reply_makes_its_transaction(call: Callable[..., Any]) -> None:
    world = call('t_send_reply("480", "Away");')
    assert world.send("MESSAGE") == ["480"]
    assert world.only.status == 480


def test_a_redirection_names_the_branches(call: Callable[..., Any]) -> None:
    route = '$ru = "sip:a@x"; append_branch("sip:b@x", "0.5"); t_newtran(); t_reply("302", "Go");'
    world = call(route)
    world.send("MESSAGE")
    assert b"Contact: <sip:a@x>, <sip:b@x>;q=0.5\r\n" in world.replies[-1]


def test_t_retransmit_reply(call: Callable[..., Any]) -> None:
    world = call('t_newtran(); t_reply("183", "Soon"); t_retransmit_reply(); t_release();')
    assert world.send("INVITE") == ["183", "183"]


def test_t_drop_replies_leaves_none(call: Callable[..., Any]) -> None:
    world = call('t_on_failure("F"); t_relay();', "failure_route[F] { t_drop_replies(); }")
    world.send("MESSAGE")
    assert world.answer(404) == ["500"]


@pytest.mark.parametrize("name", ["t_write_req", "t_write_unix"])
def test_what_is_refused_at_load(call: Callable[..., Any], name: str) -> None:
    with pytest.raises(CfgError, match="text protocol"):
        call(f'{name}("/tmp/x", "y");')
