"""Route rows: addresses with their places, parameters as Kamailio finds them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.modules.rr.routes import Cursor, entries, is_double, is_loose
from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.sip.uri import Uri


def message(request_text: Any, *rows: str) -> Message:
    text = request_text(headers="".join(f"Route: {row}\r\n" for row in rows))
    return Message.parse(text.encode(), source=("10.0.0.9", 5070), dest=("10.0.0.1", 5060))


def left(msg: Message, lumps: Lumps) -> list[str]:
    """The Route rows once the edits are applied."""
    lines = rebuild(msg, lumps).decode().split("\r\n")
    return [line.partition(": ")[2] for line in lines if line.startswith("Route")]


def pieces(request_text: Any, row: str) -> list[tuple[str, str]]:
    """(URI, text with display name and parameters) of each address of a row."""
    msg = message(request_text, row)
    return [(e.uri, msg.head[e.start : e.end]) for e in entries(msg.rows("route")[0])]


def test_places(request_text: Any) -> None:
    row = '"A, <b" <sip:a;lr> , x <sip:b>;p=1;q="c,d" ,\t<sip:c> '
    assert pieces(request_text, row) == [
        ("sip:a;lr", '"A, <b" <sip:a;lr>'),
        ("sip:b", 'x <sip:b>;p=1;q="c,d"'),
        ("sip:c", "<sip:c>"),
    ]


@pytest.mark.parametrize("row", ["sip:a", "<sip:a", "<sip:a>,", "<sip:a> x", "<sip:a>;", "", ","])
def test_rows_that_are_refused(request_text: Any, row: str) -> None:
    with pytest.raises(MessageError):
        pieces(request_text, row)


@pytest.mark.parametrize(
    ("params", "loose"),
    [
        ("lr", True),
        ("LR", True),
        (" lr ", True),
        ("x;lr=on", True),
        ("x;lr;y", True),
        ('x="a;lr";lr', True),
        ("", False),
        ("x=lr", False),
        ("lrx", False),
        ("xlr", False),
        ("l;lr", False),
        (";lr", False),
        ('x="a;lr"', False),
        ('x="a;lr', False),
    ],
)
def test_lr(params: str, loose: bool) -> None:
    uri = Uri("sip", None, None, "a", None, params)
    assert is_loose(uri) == loose
    other = params.translate(str.maketrans("lLrR", "rR22"))
    assert is_double(Uri("sip", None, None, "a", None, other)) == loose


@given(st.text('lLrR2;= "\\x\t', max_size=30))
def test_parameters_are_found_as_the_automaton_finds_them(params: str) -> None:
    uri = Uri("sip", None, None, "a", None, params)
    assert is_loose(uri) == automaton(params, "lL", "rR")
    assert is_double(uri) == automaton(params, "rR", "2")


def automaton(params: str, first: str, second: str) -> bool:
    """A two-letter parameter looked for character by character: the states of parse_rr.h."""
    state = 0
    for char in params:
        blank = char in " \t\r\n"
        if state == 0:
            state = 0 if blank else 1 if char in first else 4
        elif state == 1:
            state = 2 if char in second else 4
        elif state in (2, 3):
            if char in ";=":
                return True
            state = 3 if blank else 4
        elif state == 4:
            state = {'"': 5, ";": 0}.get(char, 4)
        elif state == 5:
            state = {"\\": 6, '"': 4}.get(char, 5)
        else:
            state = 5
    return state in (2, 3)


def test_a_cursor_goes_through_all_rows(request_text: Any) -> None:
    msg = message(request_text, "<sip:a>, <sip:b>", "<sip:c>")
    lumps, cursor = Lumps(msg), Cursor(msg)
    seen = [cursor.entry.uri]
    while cursor.advance(lumps):
        seen.append(cursor.entry.uri)
    assert seen == ["sip:a", "sip:b", "sip:c"]
    assert left(msg, lumps) == []


def test_what_a_cursor_removes(request_text: Any) -> None:
    msg = message(request_text, "<sip:a>, <sip:b>, <sip:c>")
    lumps, cursor = Lumps(msg), Cursor(msg)
    cursor.advance(lumps)
    assert left(msg, lumps) == ["<sip:a>, <sip:b>, <sip:c>"]
    cursor.drop_before(lumps)
    assert left(msg, lumps) == ["<sip:b>, <sip:c>"]
    lumps = Lumps(msg)
    cursor.drop(lumps)
    assert left(msg, lumps) == ["<sip:c>"]
    cursor.to_last()
    lumps = Lumps(msg)
    cursor.drop_last(lumps)
    assert left(msg, lumps) == ["<sip:a>, <sip:b>"]


def test_a_later_row_is_read_when_it_is_reached(request_text: Any) -> None:
    msg = message(request_text, "<sip:a>", "bad")
    cursor = Cursor(msg)
    with pytest.raises(MessageError):
        cursor.advance(Lumps(msg))
