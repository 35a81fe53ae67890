"""The exact reading: start lines, header rows, what ends the reading."""

import pytest

from sipproxy.errors import HeaderError, MessageError
from sipproxy.sip import scan

ROWS = "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 X\r\n"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("INVITE sip:a SIP/2.0\r\n", (True, "INVITE", "sip:a", "SIP/2.0", 0, "")),
        ("x \t sip/2.0y \r\n", (True, "x", "", "sip/2.0y", 0, "")),
        ("SIP/2.0 200 OK  then\n", (False, "", "", "SIP/2.0", 200, "OK  then")),
        ("sip/2.0 100 \r\n", (False, "", "", "sip/2.0", 100, "")),
    ],
)
def test_start_lines(line: str, parts: tuple[object, ...]) -> None:
    found = scan.start_line(line + "X")
    assert found[:6] == parts
    assert found.end == len(line)


@pytest.mark.parametrize(
    "line",
    [
        "INVITE sip:a SIP/2.0",
        "INVITE sip:a SIP/2.0\r",
        "INVITE  sip:a SIP/2.0\r\nX",
        "INVITE sip:a SIP/3.0\r\nX",
        "SIP/2.0 200\r\nX",
        "SIP/2.0 2000 x\r\nX",
        "",
    ],
)
def test_bad_start_lines_are_dropped_silently(line: str) -> None:
    with pytest.raises(MessageError) as caught:
        scan.start_line(line)
    assert caught.value.status == 0


def test_rows_have_exact_places() -> None:
    head = "S\r\nSubject :  a\r\n\tb \r\n" + ROWS + "x:\n\r\n"
    found = scan.rows(head, 3)
    first, *_, last = found.rows
    assert first == ("subject", "Subject", "a\r\n\tb ", 3, 22, 14)
    assert head[first.start : first.end] == "Subject :  a\r\n\tb \r\n"
    assert head[first.value_at :].startswith(first.value)
    assert (last.id, last.name, last.value) == ("session-expires", "x", "")
    assert found.end == len(head) - 2
    assert found.malformed == ""
    assert "".join(head[row.start : row.end] for row in found.rows) == head[3:-2]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("no colon\r\n", "bad header line"),
        ("Via: x\r\n", "bad Via"),
        ("To: <x\r\n", "To twice"),
        ("From: x\r\n", "From twice"),
        ("Content-Length: 2147483640\r\n", "bad Content-Length"),
        ("Content-Length: -1\r\n", "bad Content-Length"),
        ("Max-Forwards: 1\r\nMax-Forwards: 1\r\n", "Max-Forwards twice"),
        ("Retry-After: 12345678901\r\n", "bad Retry-After"),
        ("Retry-After: x\r\n", "bad Retry-After"),
    ],
)
def test_a_malformed_row_matters_only_before_the_mandatory_ones(bad: str, why: str) -> None:
    late = scan.rows(ROWS + "Aa: 1\r\n" + bad + "Bb: 2\r\n\r\n", 0)
    assert late.malformed.startswith(why)
    assert "aa" in late.table and "bb" not in late.table
    if "twice" in why and "Max" not in why:
        return
    with pytest.raises(MessageError) as caught:
        scan.rows(bad + ROWS + "\r\n", 0)
    assert caught.value.status == 0
    assert caught.value.reason.startswith(why)


@pytest.mark.parametrize(
    ("bad", "why"), [("To: <x\r\n", "bad address"), ("CSeq: x\r\n", "bad CSeq")]
)
def test_malformed_values_of_mandatory_headers(bad: str, why: str) -> None:
    with pytest.raises(MessageError, match=why):
        scan.rows(bad + ROWS + "\r\n", 0)


def test_good_retry_after() -> None:
    assert scan.rows(ROWS + "Retry-After: 5 (soon)\r\n\r\n", 0).malformed == ""


def test_a_row_without_a_line_end_is_malformed() -> None:
    assert scan.rows(ROWS + "Subject: x", 0).malformed == "bad header line"


def test_missing_headers_are_named() -> None:
    with pytest.raises(HeaderError, match="no CSeq, To") as caught:
        scan.rows("Via: SIP/2.0/UDP h\r\nf: x\r\ni: 1\r\n\r\n", 0)
    assert caught.value.missing


def test_a_bad_row_before_the_mandatory_ones_is_no_missing_header() -> None:
    with pytest.raises(HeaderError, match="bad header line") as caught:
        scan.rows("what is this\r\n\r\n", 0)
    assert not caught.value.missing


def test_end_of_head() -> None:
    assert [
        bool(scan.END_OF_HEAD.search(data)) for data in (b"\n\r\n", b"\n\n", b"\n\rX", b"\nX")
    ] == [
        True,
        True,
        True,
        False,
    ]
