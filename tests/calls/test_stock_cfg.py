"""Calls through the stock kamailio.cfg, unmodified: SIPp phones around sipproxy and Kamailio."""

from collections.abc import Callable
from typing import Any

import pytest

Story = Callable[[Any], None]

pytestmark = pytest.mark.peer


def registers(stage: Any) -> None:
    first = stage.play("register", user="reg", contact=40000, expires=600)
    first.done()
    stage.play("register", user="reg", contact=40001, expires=600).done()
    [answer] = stage.rpc("ul.lookup", "location", "reg")
    assert "sip:reg@127.0.0.1:40000" in repr(answer)
    assert "sip:reg@127.0.0.1:40001" in repr(answer)


def calls(stage: Any) -> None:
    callee = stage.answer("callee", "basic")
    caller = stage.play("caller", caller="ann", callee="basic")
    caller.done()
    callee.done()
    assert callee.received() == ["INVITE", "ACK", "BYE"]
    [invite] = [message for received, message in callee.events() if received][:1]
    assert f"Record-Route: <sip:127.0.0.1:{stage.port};lr>" in invite


def calls_nobody(stage: Any) -> None:
    stage.play("nobody", caller="ann", callee="nobody").done()


def cancels(stage: Any) -> None:
    callee = stage.answer("rings", "cx")
    stage.play("cancels", caller="ann", callee="cx").done()
    callee.done()
    assert callee.received() == ["INVITE", "CANCEL", "ACK"]


def finds_busy(stage: Any) -> None:
    callee = stage.answer("busy", "busy")
    stage.play("finds_busy", caller="ann", callee="busy").done()
    callee.done()


def leaves_a_message(stage: Any) -> None:
    mailbox = stage.answer("callee")
    stage.rpc("cfg.sets", "voicemail", "srv_ip", "127.0.0.1")
    stage.rpc("cfg.sets", "voicemail", "srv_port", str(mailbox.port))
    try:
        callee = stage.answer("busy", "away")
        stage.play("caller", caller="ann", callee="away").done()
        callee.done()
        mailbox.done()
    finally:
        stage.rpc("cfg.sets", "voicemail", "srv_ip", "")
    assert mailbox.received() == ["INVITE", "ACK", "BYE"]


def forks(stage: Any) -> None:
    first, second = stage.answer("rings", "many"), stage.answer("callee", "many")
    stage.play("caller", caller="ann", callee="many").done()
    second.done()
    first.done()
    assert first.received() == ["INVITE", "CANCEL", "ACK"]


def changes_the_call(stage: Any) -> None:
    callee = stage.answer("held", "held")
    stage.play("holds", caller="ann", callee="held").done()
    callee.done()


def hears_early(stage: Any) -> None:
    callee = stage.answer("plays", "plays")
    stage.play("hears", caller="ann", callee="plays").done()
    callee.done()


def loses_the_answer(stage: Any) -> None:
    callee = stage.answer("callee", "lossy")
    caller = stage.play("loses_200", caller="ann", callee="lossy")
    caller.done()
    callee.done()
    assert caller.received().count("SIP/2.0 200 OK") >= 3
    assert callee.received().count("ACK") == 1


def loses_the_ack(stage: Any) -> None:
    callee = stage.answer("deaf", "deaf", "-nr")
    stage.play("patient", caller="ann", callee="deaf").done()
    callee.done()
    assert callee.received() == ["INVITE", "ACK", "ACK", "BYE"]


@pytest.mark.parametrize(
    "story",
    [
        registers,
        calls,
        calls_nobody,
        cancels,
        finds_busy,
        leaves_a_message,
        forks,
        changes_the_call,
        hears_early,
        loses_the_answer,
        loses_the_ack,
    ],
)
def test_story(same: Callable[[Story], None], story: Story) -> None:
    same(story)
