"""Calls through the stock kamailio.cfg, unmodified: SIPp phones around sipproxy and Kamailio."""

import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.testing import request

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


def is_refused(stage: Any) -> None:
    """A redirection and a challenge are kept from the caller."""
    for scenario in ("moved", "challenges"):
        callee = stage.answer(scenario, scenario)
        stage.play("nobody", caller="ann", callee=scenario).done()
        callee.done()


def calls_the_world(stage: Any) -> None:
    gateway = stage.answer("callee")
    stage.rpc("cfg.sets", "pstn", "gw_ip", "127.0.0.1")
    stage.rpc("cfg.sets", "pstn", "gw_port", str(gateway.port))
    try:
        stage.play("caller", caller="ann", callee="00491234567").done()
        gateway.done()
    finally:
        stage.rpc("cfg.sets", "pstn", "gw_ip", "")
    invite = next(message for received, message in gateway.events() if received)
    assert invite.startswith(f"INVITE sip:+491234567@127.0.0.1:{gateway.port} ")


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


def floods(stage: Any) -> None:
    """Beyond 16 requests in two seconds a stranger gets no answer; he is banned."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.settimeout(1)
        answered = 0
        for number in range(100):
            source = f"127.0.0.2:{stranger.getsockname()[1]}"
            uri = f"sip:127.0.0.1:{stage.port}"
            data = request("OPTIONS", uri, source=source, number=number)
            stranger.sendto(data, ("127.0.0.1", stage.port))
            try:
                answered += stranger.recv(2000).startswith(b"SIP/2.0 200")
            except TimeoutError:
                break
    assert 16 <= answered < 40
    assert "127.0.0.2" in repr(stage.rpc("htable.dump", "ipban"))


@pytest.mark.parametrize(
    "story",
    [
        registers,
        calls,
        calls_nobody,
        cancels,
        finds_busy,
        leaves_a_message,
        is_refused,
        calls_the_world,
        forks,
        changes_the_call,
        hears_early,
        loses_the_answer,
        loses_the_ack,
        floods,
    ],
)
def test_story(same: Callable[[Story], None], story: Story) -> None:
    same(story)


@pytest.mark.parametrize(
    "features",
    [
        *("", "ANTIFLOOD", "BLOCK3XX", "BLOCK401407", "VOICEMAIL", "PSTN"),
        "MYSQL AUTH USRLOCDB ACCDB",
    ],
)
def test_the_stock_cfg_is_right(features: str, stock: str) -> None:
    defines = [word for feature in features.split() for word in ("-A", f"WITH_{feature}")]
    words = [sys.executable, "-m", "sipproxy", "check", "--format", "json", *defines, stock]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout
    assert "SP011" not in done.stdout  # a module that is not there
