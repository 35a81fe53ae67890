from sipproxy.errors import Span
from sipproxy.script.buffer import Buffer
from sipproxy.script.tokens import Source
from sipproxy.testing import load_cfg_text, request

DEFINED = Span("a", 9, 1, 9, 2)


def buffer(text: str) -> Buffer:
    return Buffer(Source("a", text))


def test_a_define_stands_where_its_name_stood() -> None:
    b = buffer("x NAME y")
    assert b.splice("NAME", "one two", DEFINED, 2, 6)
    assert b.text[b.at :] == "one two y"
    for start, end in ((0, 3), (4, 7)):
        span = b.span(start, end)
        assert (span.column, span.end_column, span.origin) == (3, 7, DEFINED)
    assert b.span(8, 9) == Span("a", 1, 8, 1, 9)


def test_a_token_may_reach_out_of_an_expansion() -> None:
    b = buffer('OPEN def" ;')
    b.splice("OPEN", '"abc', DEFINED, 0, 4)
    assert b.text == '"abc def" ;'
    assert (b.span(0, 9).column, b.span(0, 9).end_column) == (1, 10)
    assert b.span(10, 11).column == 11


def test_inner_expansions_keep_the_outer_use() -> None:
    inner = Span("a", 8, 1, 8, 2)
    b = buffer("A;")
    b.splice("A", "1 + B + 2", DEFINED, 0, 1)
    b.splice("B", "33", inner, 4, 5)
    assert b.text == "33 + 2;"
    assert (b.span(0, 2).column, b.span(0, 2).origin) == (1, inner)
    assert (b.span(5, 6).column, b.span(5, 6).origin) == (1, DEFINED)
    assert b.span(6, 7) == Span("a", 1, 2, 1, 3)


def test_an_endless_expansion_is_noticed() -> None:
    b = buffer("A")
    assert b.splice("A", "B", None, 0, 1)
    assert b.splice("B", "A", None, 0, 1)
    assert not b.splice("A", "B", None, 0, 1)


def test_the_same_define_twice_in_a_row_is_no_loop() -> None:
    b = buffer("A A")
    assert b.splice("A", "x", None, 0, 1)
    assert b.splice("A", "x", None, 2, 3)
    assert b.text == "x"


def test_a_define_next_to_its_own_end_is_no_loop() -> None:
    b = buffer("A B")
    b.splice("A", "B", None, 0, 1)
    b.splice("B", "", None, 0, 1)
    assert b.splice("B", "1", None, 1, 2)


def test_an_expansion_that_is_over_no_longer_counts() -> None:
    """ONE stands for TWO THREE: behind TWO's text, TWO may be expanded again."""
    proxy = load_cfg_text(
        "#!define ONE TWO + THREE\n#!define TWO 1\n#!define THREE TWO\n"
        'loadmodule "pv.so"\nloadmodule "xlog.so"\n'
        'request_route { $var(x) = ONE; xlog("$var(x)"); }'
    )
    assert list(proxy.feed(request("OPTIONS")).log) == ["2"]
