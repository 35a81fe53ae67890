"""What the constant arguments of textops functions take and refuse."""

from typing import Any

import pytest

from sipproxy.modules.textops.params import (
    HeaderName,
    Methods,
    Mime,
    Pattern,
    Privacy,
    Sed,
    Separator,
    WholePattern,
    privacy_values,
)


@pytest.mark.parametrize(
    ("text", "method", "matches"),
    [
        ("INVITE", "INVITE", True),
        ("invite|ack", "ACK", True),
        ("INVITE,BYE", "BYE", True),
        ("INVITE", "invite", True),
        ("INVITE", "BYE", False),
        ("FOO", "foo", True),
        ("FOO", "BAR", False),
        ("FOO", "INVITE", False),
    ],
)
def test_methods(text: str, method: str, matches: bool) -> None:
    assert Methods.parse(text).match(method) is matches


@pytest.mark.parametrize("text", ["", "INVITE|FOO", "INVITE||BYE"])
def test_bad_methods(text: str) -> None:
    with pytest.raises(ValueError, match="method"):
        Methods.parse(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Pattern, "("),
        (HeaderName, ""),
        (Sed, "/"),
        (Mime, "text"),
        (Mime, "a/b/c"),
        (Separator, ""),
        (Separator, ",,"),
        (Privacy, "secret"),
    ],
)
def test_refused(kind: Any, text: str) -> None:
    with pytest.raises(ValueError):
        kind.parse(text)


def test_a_bad_substitution_is_refused_when_it_is_bound(bench: Any) -> None:
    with pytest.raises(ValueError, match="form"):
        Sed.parse("abc").bind(bench.host)


def test_lines_matter_to_one_kind_of_pattern() -> None:
    assert Pattern.parse("^b").regex.search("a\nb")
    assert not WholePattern.parse("^b").regex.search("a\nb")


def test_header_names_have_one_id() -> None:
    assert HeaderName.parse("m").id == HeaderName.parse("CONTACT").id == "contact"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("id", {"id"}),
        ("ID; Critical", {"id", "critical"}),
        ("none", {"none"}),
        ("none;id", None),
        ("foo", None),
        ("", None),
        ("id;", None),
    ],
)
def test_privacy(text: str, values: set[str] | None) -> None:
    assert privacy_values(text) == values
