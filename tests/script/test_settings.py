import ast
from pathlib import Path

import pytest

import sipproxy
from sipproxy.script import settings
from sipproxy.script.parse import parse_text
from sipproxy.script.settings import SETTINGS, free_flag, without_effect


def test_flags_get_the_lowest_free_number() -> None:
    assert free_flag({}) == 0
    assert free_flag({"A": 0, "B": 2}) == 1
    assert free_flag({str(n): n for n in range(32)}) == -1


def test_spellings_are_one_setting() -> None:
    assert SETTINGS["memlog"] is SETTINGS["mem_log"]
    assert {s.kind for s in SETTINGS.values()} == {
        *("bool", "int", "signed", "string", "word"),
        *("facility", "tos", "proto", "ipv4", "ipv6", "tls"),
    }


@pytest.mark.parametrize("name", sorted({s.name for s in SETTINGS.values()}))
def test_every_default_fits_its_type(name: str) -> None:
    setting = SETTINGS[name]
    if setting.kind in ("bool", "int", "signed") and setting.default:
        assert str(int(setting.default)) == setting.default


def test_what_does_nothing_here_is_noted_once() -> None:
    config = parse_text("mlock_pages=yes\ndebug=1\nmlock_pages=no\nmemdbg=5\nfoo.bar=1")
    assert [(p.span.line, p.message, p.severity) for p in without_effect(config)] == [
        (1, "mlock_pages has no effect here", "note"),
        (4, "memdbg has no effect here", "note"),
    ]


def words_of_the_code() -> set[str]:
    """Every name, attribute and text in the package, the table of the settings itself aside."""
    found = set()
    for path in Path(sipproxy.__file__).parent.rglob("*.py"):
        if path == Path(settings.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Attribute(attr=word) | ast.Constant(value=str(word)):
                    found.add(word)
    return found


def test_what_counts_as_effective_is_read_somewhere() -> None:
    effective = {setting.name for setting in SETTINGS.values() if setting.effective}
    assert effective - words_of_the_code() == set()
