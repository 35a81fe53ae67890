"""JSON documents out of a FIFO: cut at their last brace, bounded."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.rpc.jsonstream import MOST_DOCUMENT, Documents


def read(data: bytes) -> list[bytes]:
    return list(Documents().feed(data))


@pytest.mark.parametrize(
    ("data", "documents"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
        (b'\n {"a":{"b":{}}} ', [b'{"a":{"b":{}}}']),
        (b'{"a":"}"}{"a":"\\"}"}', [b'{"a":"}"}', b'{"a":"\\"}"}']),
        (b'{"a":"\\\\"}{}', [b'{"a":"\\\\"}', b"{}"]),
        (b'{"a":"it\'s }"}', [b'{"a":"it\'s }"}']),
        (b'garbage {"a":1}{"b":2}', [b'garbage {"a":1}', b'{"b":2}']),
        (b'}}{"a":1}', [b'}}{"a":1}']),
        (b"", []),
        (b"[1, 2]", []),
    ],
)
def test_documents(data: bytes, documents: list[bytes]) -> None:
    assert read(data) == documents


texts = st.text(st.characters(exclude_characters="\x00"))
values = st.dictionaries(texts, st.one_of(st.integers(), texts, st.lists(texts)), min_size=1)


@given(st.lists(values, max_size=4), st.integers(1, 7))
def test_documents_in_pieces(objects: list[dict[str, Any]], size: int) -> None:
    stream = "\n".join(json.dumps(one) for one in objects).encode()
    documents = Documents()
    found: list[bytes] = []
    for at in range(0, len(stream), size):
        found += documents.feed(stream[at : at + size])
    assert [json.loads(one) for one in found] == objects
    assert not documents.half


def test_what_is_too_long_is_given_up_and_told() -> None:
    documents = Documents()
    halves = [
        (list(documents.feed(piece)), documents.half)
        for piece in (b'{"a":"' + b"x" * (MOST_DOCUMENT - 10), b"x" * 100)
    ]
    assert halves == [([], True), ([b""], False)]
    assert list(documents.feed(b'{"a":1}')) == [b'{"a":1}']


def test_what_came_half_can_be_given_up() -> None:
    documents = Documents()
    assert list(documents.feed(b'{"a":"')) == []
    documents.forget()
    assert list(documents.feed(b'{"b":2}')) == [b'{"b":2}']
