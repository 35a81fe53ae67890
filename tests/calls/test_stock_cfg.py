"""Calls through the stock kamailio.cfg, unmodified: SIPp phones around sipproxy and Kamailio."""

from collections.abc import Callable
from typing import Any

import pytest

Events = list[tuple[str, str, str]]

pytestmark = pytest.mark.peer


def test_registration(stage: Any) -> None:
    stage.play("register", user="reg", contact=40000, expires=600).done()
    stage.play("register", user="reg", contact=40001, expires=600).done()
    [answer] = stage.rpc("ul.lookup", "location", "reg")
    assert "sip:reg@127.0.0.1:40000" in repr(answer)
    assert "sip:reg@127.0.0.1:40001" in repr(answer)


def test_call(stage: Any) -> None:
    callee = stage.answer("callee", "basic")
    caller = stage.play("caller", caller="ann", callee="basic")
    caller.done()
    callee.done()


def test_unknown_user(stage: Any) -> None:
    stage.play("nobody", caller="ann", callee="nobody").done()


def test_cancel(stage: Any) -> None:
    callee = stage.answer("rings", "cx")
    stage.play("cancels", caller="ann", callee="cx").done()
    callee.done()


def test_busy(stage: Any) -> None:
    callee = stage.answer("busy", "busy")
    stage.play("finds_busy", caller="ann", callee="busy").done()
    callee.done()


def test_early_media(stage: Any) -> None:
    callee = stage.answer("plays", "plays")
    stage.play("hears", caller="ann", callee="plays").done()
    callee.done()


def test_reinvite(stage: Any) -> None:
    callee = stage.answer("held", "held")
    stage.play("holds", caller="ann", callee="held").done()
    callee.done()


def test_fork(stage: Any) -> None:
    first, second = stage.answer("rings", "many"), stage.answer("callee", "many")
    stage.play("caller", caller="ann", callee="many").done()
    second.done()
    first.done()
