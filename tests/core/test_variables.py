"""Variables of the core itself."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request

CFG = """#!KAMAILIO
#!define WITH_X
#!define NUM 42
loadmodule "xlog.so"
request_route {{
    {statements}
}}
"""
REQUEST = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
)


def log_of(statements: str) -> list[str]:
    return [
        line.strip() for line in load_cfg_text(CFG.format(statements=statements)).feed(REQUEST).log
    ]


def test_they_need_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_NAME", "value")
    text = "$null $env(SHELL_NAME) $env(NOT_THERE) $def(NUM) $defn(NUM) [$def(WITH_X)] $def(NO)"
    assert log_of(f'xlog("{text}\\n");') == ["<null> value <null> 42 42 [] <null>"]


def test_the_code_of_the_last_function() -> None:
    assert log_of('xlog("x\\n"); xlog("$rc $retcode $?\\n");') == ["x", "1 1 1"]


@pytest.mark.parametrize("text", ["$env()", "$def()"])
def test_a_name_is_needed(text: str) -> None:
    proxy: Any = load_cfg_text(CFG.format(statements="exit;"))
    with pytest.raises(ResolveError):
        proxy.host.pv(text)


def test_the_environment_needs_a_name() -> None:
    with pytest.raises(CfgError, match="nothing in its parentheses"):
        load_cfg_text(CFG.format(statements='xlog("$env()");'))
    proxy = load_cfg_text(CFG.format(statements='xlog("[$envn(NO_SUCH_NAME_HERE)]");'))
    assert len(proxy.feed(request("OPTIONS")).log) == 1


@pytest.mark.parametrize("text", ["$def", "$defn", "$env"])
def test_parentheses_are_needed(text: str) -> None:
    with pytest.raises(CfgError, match="a name is missing"):
        log_of(f'xlog("{text}");')
