"""Kamailio's hash; its values stand in golden/strings.json too."""

from sipproxy.core.hashing import core_hash


def test_values_that_kamailio_gave() -> None:
    assert [core_hash(text) for text in ("", "x", "Hello World")] == [0, 119, 2764307758]


def test_bytes_count_as_signed() -> None:
    assert core_hash("é") == 3760405700
