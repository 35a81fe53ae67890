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


@pytest.mark.parametrize(
    "line",
    [
        "#!define N 3",
        "#!trydef N 3",
        "#!redefine N 3",
        "#!ifndef N\n#!define N 3\n#!endif",
        '#!substdef "!N!3!g"',
        '#!substdef "!N!3!g"\n#!redef N 4',
    ],
)
def test_an_override_stands_in_place_of_what_the_cfg_defines(line: str) -> None:
    text = f'{line}\ndebug=N\nmodparam("x", "y", "a N b")\n'
    plain, other = load_text(text), load_text(text, overrides={"N": "2"}, defines={"N": "9"})
    assert other.settings.debug == 2
    assert other.config.defines["N"] == "2"
    assert plain.settings.debug in (3, 4)
    value = other.config.items[-1].value.text  # type: ignore[union-attr]
    assert value == ("a 2 b" if "subst" in line else "a N b")


def test_an_override_of_a_quoted_text_is_quoted() -> None:
    text = '#!substdefs "!WHO!alice!g"\nlog_prefix=WHO\nmodparam("x", "y", "WHO")\n'
    program = load_text(text, overrides={"WHO": r"b\1b"})
    assert program.config.defines["WHO"] == r'"b\1b"'
    assert program.config.items[-1].value.text == r"b\1b"  # type: ignore[union-attr]


def test_what_is_wrong_is_told_together() -> None:
    with pytest.raises(CfgError) as caught:
        load_text("debug==1\nrequest_route { 5; }\n")
    assert len(caught.value.problems) == 2


def test_many_proxies_of_one_program(sip: Messages) -> None:
    program = load_text("listen=udp:127.0.0.1:5060\nrequest_route { exit; }")
    one, two = ProxyUnderTest(program), ProxyUnderTest(program)
    assert one.feed(sip.options()).exited and two.feed(sip.options()).exited
    assert one.host is not two.host
