import logging
import subprocess
import sys
from pathlib import Path

import pytest
from lark import logger

from sipproxy.script import tables
from sipproxy.script.parse import parse_text
from sipproxy.script.tokens import Source, Token
from sipproxy.script.transform import TreeMaker


def test_shift_reduce_conflicts_are_the_six_that_kamailio_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        tables.build()
    found = [r.getMessage() for r in caplog.records if "conflict" in r.getMessage()]
    terminals = sorted(message.split()[4].rstrip(":") for message in found)
    # a name goes on with a listen or alias list; numbers and dots are an address; a slash belongs
    # to the net; a minus to the host name; an else to the nearest if
    assert terminals == ["DOT", "ELSE", "ID", "ID", "MINUS", "SLASH"]


def test_saved_tables_are_those_of_the_grammar(tmp_path: Path) -> None:
    path = tmp_path / "tables.bin"
    tables.dump(path)
    loaded = tables.load(path)
    assert loaded is not None
    built = tables.build()
    assert loaded.parser.parser._parse_table.states.keys() == (
        built.parser.parser._parse_table.states.keys()
    )


def test_the_shipped_file_fits_when_there_is_one() -> None:
    if not tables.TABLES.exists():
        pytest.skip("this tree was not built: sipproxy/script/grammar.bin is missing")
    assert tables.load() is not None


def test_tables_of_another_grammar_or_lark_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "tables.bin"
    assert tables.load(path) is None
    tables.dump(path)
    path.write_bytes(path.read_bytes().replace(b"lark ", b"lark 0", 1))
    assert tables.load(path) is None


def test_lark_is_imported_only_when_a_cfg_is_read() -> None:
    code = (
        "import sys, sipproxy.script.parse as p; assert 'lark' not in sys.modules;"
        "p.parse_text(';'); assert 'lark' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_parser_is_made_once() -> None:
    parse_text(";")
    assert tables.parser() is tables.parser()


def test_every_rule_has_its_callback() -> None:
    for rule in tables.build().rules:
        passes_through = rule.options.expand1 and not rule.alias and len(rule.expansion) == 1
        name = rule.alias or rule.origin.name
        assert passes_through or callable(getattr(TreeMaker, name, None)), name


def test_the_lexer_hands_on_what_it_gets() -> None:
    tokens = [Token("ID", "a", Source("a.cfg", "a"), 0, 1)]
    assert list(tables.CfgLexer(None).lex(tokens)) == tokens
