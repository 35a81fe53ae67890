"""Helpers for tests of the compiler: a route body in, log lines out."""

from collections.abc import Callable

import pytest

from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

PROLOGUE = """#!KAMAILIO
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "siputils.so"
"""


@pytest.fixture
def compiled() -> Callable[[str], ProxyUnderTest]:
    """A proxy from the text of a cfg after a prologue that loads pv, xlog, sl, siputils."""

    def load(text: str) -> ProxyUnderTest:
        return load_cfg_text(PROLOGUE + text)

    return load


@pytest.fixture
def lines(compiled: Callable[[str], ProxyUnderTest]) -> Callable[[str], list[str]]:
    """What a cfg logs for one OPTIONS of bob, one entry a line."""

    def run(text: str) -> list[str]:
        log = compiled(text).feed(request("OPTIONS", "sip:bob@example.com", number=1)).log
        return [line.removesuffix("\n") for line in log]

    return run
