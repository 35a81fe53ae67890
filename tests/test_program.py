"""A cfg that was read: settings, and the version of Kamailio it asks for."""

from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.program import load_file, load_text
from sipproxy.testing import Messages, ProxyUnderTest


def test_a_file_and_a_text(tmp_path: Path) -> None:
    cfg = tmp_path / "x.cfg"
    cfg.write_text("debug=2\n#!ifdef MORE\ndebug=3\n#!endif\n")
    assert load_file(str(cfg)).settings.debug == 2
    assert load_file(str(cfg), defines={"MORE": None}).settings.debug == 3
    assert load_file(str(cfg)).file == str(cfg)
    assert load_text(cfg.read_text(), file="named.cfg").file == "named.cfg"


@pytest.mark.parametrize(
    ("text", "asked", "compat"),
    [
        (";", "", "5.6"),
        (";", "6.1", "6.1"),
        ("#!sipproxy compat=3.0\n;", "", "3.0"),
        ("#!sipproxy compat=3.0\n;", "6.1", "6.1"),
    ],
)
def test_the_version_asked_for(text: str, asked: str, compat: str) -> None:
    assert load_text(text, compat=asked).compat == compat


def test_what_is_wrong_is_told_together() -> None:
    with pytest.raises(CfgError) as caught:
        load_text("debug==1\nrequest_route { 5; }\n")
    assert len(caught.value.problems) == 2


def test_many_proxies_of_one_program(sip: Messages) -> None:
    program = load_text("listen=udp:127.0.0.1:5060\nrequest_route { exit; }")
    one, two = ProxyUnderTest(program), ProxyUnderTest(program)
    assert one.feed(sip.options()).exited and two.feed(sip.options()).exited
    assert one.host is not two.host
