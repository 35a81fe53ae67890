"""Names in any case and compact form."""

import pytest

from sipproxy.sip.names import COMPACT, HEADERS, REASONS, header_id, spelling


@pytest.mark.parametrize(
    ("name", "full"),
    [("v", "Via"), ("VIA", "Via"), ("I", "Call-ID"), ("call-id", "Call-ID"), ("cSeQ", "CSeq")],
)
def test_known_names_have_one_spelling(name: str, full: str) -> None:
    assert spelling(name) == full
    assert header_id(name) == full.lower()


def test_unknown_names_are_known_by_lower_case() -> None:
    assert spelling("X-Foo") == header_id("x-FOO") == "x-foo"


def test_case_folding_leaves_what_is_not_ascii() -> None:
    assert spelling("X-\xc4") == "x-\xc4"


def test_compact_forms_stand_for_known_headers() -> None:
    assert set(COMPACT.values()) <= HEADERS
    assert not {name for name in COMPACT if name in HEADERS}


def test_reasons_cover_every_class() -> None:
    assert {status // 100 for status in REASONS} == {1, 2, 3, 4, 5, 6}
