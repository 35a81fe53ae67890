import re
from pathlib import Path

import sipproxy.script.keywords as module
from sipproxy.script.keywords import KEYWORDS, TOP_LEVEL, WORD_NUMBERS
from sipproxy.script.lexemes import OPERATORS
from sipproxy.script.settings import SETTINGS

GRAMMAR = Path(module.__file__).with_name("grammar.lark").read_text()
DECLARED = set(re.findall(r"[A-Z_]+", " ".join(re.findall(r"%declare (.*)", GRAMMAR))))


def test_every_keyword_has_a_terminal_of_the_grammar() -> None:
    assert set(KEYWORDS.values()) <= DECLARED
    assert DECLARED >= TOP_LEVEL
    assert set(OPERATORS.values()) <= DECLARED


def test_the_table_is_that_of_the_scanner_of_kamailio() -> None:
    assert len(KEYWORDS) == 397
    assert all(re.fullmatch(r"[A-Za-z_][\w:]*", word) for word in KEYWORDS)


def test_parameters_are_keywords() -> None:
    own = {"force_rport", "add_rport", "udp_mtu_try_proto"}
    assert all(KEYWORDS[name] == "CORE_PARAM" for name in SETTINGS if name not in own)
    assert KEYWORDS["force_rport"] == "FORCE_RPORT"


def test_words_that_are_numbers() -> None:
    assert {word: WORD_NUMBERS[word] for word in ("yes", "off", "INET", "ipv6")} == {
        "yes": 1,
        "off": 0,
        "INET": 2,
        "ipv6": 10,
    }
    assert all(KEYWORDS[word] == "NUMBER" for word in WORD_NUMBERS)
