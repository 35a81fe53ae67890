"""Any text is a cfg or has problems that are told: soups of words, examples changed at random."""

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy.errors import CfgError
from sipproxy.program import program_of
from sipproxy.testing import ProxyUnderTest, load_cfg_text

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [
    path.read_text(encoding="utf-8")
    for path in (
        *sorted((ROOT / "examples" / "kamailio_cfg").glob("*.cfg")),
        ROOT / "tests" / "golden" / "representative.cfg",
    )
]
_WORD = re.compile(r'"[^"\n]*"|#!\w+|\$[\w(){}.,=>]+|\w+|[^\s\w]')
WORDS = [
    *sorted({word for text in EXAMPLES for word in _WORD.findall(text)}),
    *("{", "}", "(", ")", ";", '"', "'", "/*", "*/", "#", "//", "\n", "\\", "\0", "é", "\udcff"),
    *(
        "#!ifdef A\n",
        "#!ifexp 1==\n",
        "#!else\n",
        "#!endif\n",
        "#!define A B\n",
        "#!define A(x) x\n",
    ),
    *(
        '#!subst "/a/b/"\n',
        '#!substdef "!A!B!g"\n',
        "#!trydef A\n",
        "#!redefine A 1\n",
        "#!defenv\n",
    ),
    *("if", "else", "while", "switch", "case 1:", "default:", "break;", "return", "exit;", "drop;"),
    *(
        "==",
        "=~",
        "!~",
        "&&",
        "||",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<<",
        "!",
        "~",
        "not",
        "defined",
        "mod",
    ),
    *(
        "request_route",
        "route[A]",
        "event_route[",
        "failure_route[",
        "onsend_route",
        "include_file",
    ),
    *("$null", "$var(x)", "$(var(x)", "$(", "${", "$sht(a=>b)", "$(ru{s.len})", "{s.", "$def(A)"),
    *(
        "0x",
        "1.2.3.4",
        "::1",
        "[::1]",
        "99999999999999999999",
        "-1",
        "uri",
        "src_ip",
        "myself",
        "@to",
    ),
]
HEAD = 'loadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "sl.so"\nloadmodule "htable.so"\n'

soups = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
texts = st.one_of(
    soups,
    soups.map(lambda soup: f"{HEAD}request_route {{ {soup} }}\n"),
    soups.map(lambda soup: f"request_route {{ if ({soup}) exit; }}\n"),
    st.text(max_size=60),
)
places = st.floats(0, 1, exclude_max=True)
changes = st.lists(
    st.tuples(places, st.sampled_from([0, 0, 1, 2, 5, 30]), st.sampled_from(WORDS) | places),
    min_size=1,
    max_size=4,
)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """An example, or a stretch of it, with some places changed."""
    text: str = draw(st.sampled_from(EXAMPLES))
    if draw(st.booleans()):
        middle = int(draw(places) * len(text))
        text = text[max(0, middle - 700) : middle + 700]
    for place, length, put in draw(changes):
        start = int(place * len(text))
        if isinstance(put, float):
            put = text[int(put * len(text)) :][:100]
        text = text[:start] + put + text[start + length :]
    return text


def load_or_tell(text: str) -> None:
    """A proxy is made of it, or each problem has a place and a sentence."""
    try:
        load_cfg_text(text)
    except CfgError as refused:
        assert refused.problems
        assert all(one.message and one.span.line >= 1 for one in refused.problems)
        assert str(refused)
        if refused.readable is not None:
            load_what_can_be_read(refused.readable)


def load_what_can_be_read(config: Any) -> None:
    """As `check` does, to find more mistakes than one pass can."""
    with contextlib.suppress(CfgError):
        ProxyUnderTest(program_of(config))


@settings(max_examples=1000, deadline=None)
@given(texts)
def test_any_words(text: str) -> None:
    load_or_tell(text)


@settings(max_examples=80, deadline=None)
@given(mutants())
def test_any_change_of_an_example(text: str) -> None:
    load_or_tell(text)


@pytest.mark.soak
@settings(max_examples=200_000, deadline=None)
@given(texts)
def test_any_words_at_length(text: str) -> None:
    load_or_tell(text)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(mutants())
def test_any_change_of_an_example_at_length(text: str) -> None:
    load_or_tell(text)
