"""Paths into JSON, beside the recorded cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.jansson.jsontext import Json
from sipproxy.modules.jansson.path import Path, PathError, get, put, read


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", Path((), "")),
        ("a", Path((), "a")),
        ("a.b", Path(("a",), "b")),
        ("a[1].b", Path(("a", 1), "b")),
        ("[0x10][010][-2][]", Path((16, 8, -2, 0), None)),
        ("a.", Path(("a",), "")),
        ("a[", Path(("a",), "", opened=True)),
        ("a[1]x", Path(("a", 1), None, junk=True)),
    ],
)
def test_read(text: str, path: Path) -> None:
    assert read(text) == path


@pytest.mark.parametrize("text", ["[", "a[1", "a[x]", "a[09]", "a[1 ]", "a[1]x.y", "a[0x]"])
def test_refused(text: str) -> None:
    with pytest.raises(PathError):
        read(text)


@given(st.text("ab.[]01x-", max_size=10), st.booleans())
def test_what_was_put_is_found(path: str, append: bool) -> None:
    root: Json = {"a": [1, {"b": 2}], "b": {"a": []}}
    try:
        put(root, path, {"new": True}, append=append)
        found = get(root, path)
    except PathError:
        return
    last = found[-1] if isinstance(found, list) and found else found
    assert isinstance(last, dict)
    assert last["new"] is True


def test_an_index_beyond_all_numbers() -> None:
    with pytest.raises(PathError):
        get([1], f"[{'9' * 10_000}]")
