"""The file of pattern groups."""

from io import BytesIO

import pytest

from sipproxy.modules.regex import groups


def read(text: bytes, max_groups: int = 20, max_size: int = 8192) -> list[bytes]:
    return groups.read(BytesIO(text), max_groups, max_size)


def test_lines_are_alternatives() -> None:
    text = b"# c\n[0]\na\n\n b\nc\\d\n[7]\n[]x\nd"
    assert read(text) == [b"((a)|(c\\d))", b"^$", b"((d))"]


def test_a_long_line_goes_on() -> None:
    assert read(b"[0]\n" + b"a" * 500 + b"\nb\n") == [b"((%s)(aaaaa)|(b))" % (b"a" * 495)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "no patterns"),
        (b"# only\n\n", "no patterns"),
        (b"a\n[0]\n", "must be opened"),
        (b"[0]\n[1]\n[2]\n", "max_groups"),
        (b"[0]\n" + b"a" * 60 + b"\n", "group_max_size"),
    ],
)
def test_refused(text: bytes, says: str) -> None:
    with pytest.raises(groups.GroupsError, match=says):
        read(text, max_groups=2, max_size=64)
