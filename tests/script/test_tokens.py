from sipproxy.errors import Span
from sipproxy.script.tokens import Source, Token


def test_positions_count_lines_and_columns_from_one() -> None:
    source = Source("a.cfg", "ab\n\ncäd\n")
    assert [source.position(at) for at in (0, 2, 3, 4, 6, 8)] == [
        (1, 1),
        (1, 3),
        (2, 1),
        (3, 1),
        (3, 3),
        (4, 1),
    ]


def test_an_included_file_points_to_its_include() -> None:
    place = Span("main.cfg", 3, 1, 3, 20)
    source = Source("inc.cfg", "x", place)
    assert source.span(0, 1).origin == place
    define = Span("main.cfg", 1, 1, 1, 5)
    assert source.span(0, 1, define).origin == define


def test_a_stretch_over_tokens_stays_in_one_file() -> None:
    one, two = Source("a", "x y"), Source("b", "z")
    first, second, other = (
        Token("ID", "x", one, 0, 1),
        Token("ID", "y", one, 2, 3),
        Token("ID", "z", two, 0, 1),
    )
    assert first.to(second) == Span("a", 1, 1, 1, 4)
    assert first.to(other) == first.span


def test_what_stands_around_a_token() -> None:
    source = Source("a", "exit;\n  route [X] {")
    token = Token("ROUTE", "route", source, 8, 13)
    assert token.begins_line()
    assert token.begins_route()
    assert not Token("SEMICOLON", ";", source, 4, 5).begins_line()


def test_a_token_shows_itself() -> None:
    shown = repr(Token("ID", "foo", Source("a.cfg", "foo"), 0, 3))
    assert shown.startswith("Token(ID, 'foo', ")
