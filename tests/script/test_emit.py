"""Nodes with the positions of the cfg, and names that clash with nothing."""

import ast

import pytest

from sipproxy.errors import Span
from sipproxy.script.emit import Emitter, Positions, unstamped


def emitter(**sources: str) -> Emitter:
    positions = Positions({f"{name}.cfg": text for name, text in sources.items()})
    positions.enter("route_A", "main.cfg")
    emit = Emitter(positions)
    emit.span = Span("main.cfg", 1, 1, 1, 4)
    return emit


def test_columns_count_from_0_in_bytes() -> None:
    emit = emitter(main="grün x\nplain\n\udcfc y")
    for span, start, end in (
        (Span("main.cfg", 1, 6, 1, 7), 6, 7),
        (Span("main.cfg", 2, 1, 2, 6), 0, 5),
        (Span("main.cfg", 3, 3, 3, 4), 3, 4),
        (Span("main.cfg", 9, 3, 9, 4), 2, 3),
    ):
        node = emit.at(ast.Pass(), span)
        assert isinstance(node, ast.Pass)
        assert (node.lineno, node.col_offset, node.end_col_offset) == (span.line, start, end)


def test_a_span_that_ends_before_it_begins_is_a_point() -> None:
    node = emitter(main="x").at(ast.Pass(), Span("main.cfg", 5, 9, 3, 1))
    assert isinstance(node, ast.Pass)
    assert (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == (5, 5, 8, 8)


def test_code_of_another_file_is_remembered() -> None:
    emit = emitter(main="x")
    span = Span("part.cfg", 7, 3, 7, 9)
    emit.at(ast.Pass(), span)
    assert emit.positions.foreign == {("route_A", 7, 2): span}


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        ("xlog", "xlog"),
        ("s.substr", "s_substr"),
        ("$var(x)", "var_x"),
        ("5", "_5"),
        ("", "x"),
        ("if", "_if"),
        ("c", "_c"),
        ("r", "_r"),
        ("e", "_e"),
        ("t12", "_t12"),
        ("int", "_int"),
        ("sum", "_sum"),
        ("pv_si", "_pv_si"),
        ("größe", "gr_e"),
    ],
)
def test_names_of_objects(hint: str, name: str) -> None:
    emit = emitter()
    node = emit.bind(object(), hint)
    assert isinstance(node, ast.Name) and node.id == name


def test_one_object_has_one_name_and_others_have_others() -> None:
    emit, one, two = emitter(), object(), object()
    names = [emit.bind(value, "x") for value in (one, two, one)]
    assert [node.id for node in names if isinstance(node, ast.Name)] == ["x", "x_2", "x"]
    assert emit.reserve("x", None) == "x_3"
    assert list(emit.constants) == ["x", "x_2", "x_3"]
    assert emit.temporary() != emit.temporary()


def test_texts_are_joined_flat() -> None:
    emit = emitter()
    inner = emit.joined([emit.const("a"), emit.name("x")])
    assert ast.unparse(emit.joined([inner, emit.const("b")])) == "f'a{x}b'"


@pytest.mark.parametrize("text", ["line\n", "back\\slash", "'\""])
def test_what_an_f_string_cannot_hold_is_joined_otherwise(text: str) -> None:
    emit = emitter()
    piece = emit.call(emit.name("str"), emit.const(text))
    node = emit.joined([emit.const("a"), piece])
    assert eval(ast.unparse(node)) == f"a{text}"
    expression = ast.Expression(node)
    ast.fix_missing_locations(expression)
    assert eval(compile(expression, "x", "eval")) == f"a{text}"


def test_texts_in_texts_can_be_written_out() -> None:
    emit = emitter()
    node = emit.const("x")
    for _ in range(6):
        node = emit.joined([emit.const("a"), emit.call(emit.name("str"), node)])
    assert eval(ast.unparse(node)) == "aaaaaax"


def test_tests_are_joined_flat() -> None:
    emit = emitter()
    one = emit.boolean(ast.And(), [emit.name("a"), emit.name("b")])
    both = emit.boolean(ast.And(), [one, emit.name("d")])
    other = emit.boolean(ast.Or(), [both, emit.name("f")])
    assert isinstance(both, ast.BoolOp) and len(both.values) == 3
    assert isinstance(other, ast.BoolOp) and len(other.values) == 2


def test_empty_bodies_are_filled() -> None:
    emit = emitter()
    function = emit.function("f", [emit.when(emit.name("a"), [])])
    assert ast.unparse(function) == "def f(c):\n    if a:\n        pass"
    assert ast.unparse(emit.function("g", [], is_async=True)) == "async def g(c):\n    pass"
    assert unstamped(function) == []
    assert len(unstamped(ast.Pass())) == 1
