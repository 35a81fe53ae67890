import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.script.lexemes import TOKEN, integer, module_name, unescape
from sipproxy.text import encode


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("5060", 5060),
        ("017", 15),
        ("0x1F", 31),
        ("101b", 5),
        ("2147483648", -2147483648),
        ("4294967296", 0),
        ("99999999999999999999", -1),
        ("0xFFFFFFFF", -1),
        ("08", None),
        ("1abc", None),
        ("0x", None),
        ("102b", None),
    ],
)
def test_numbers_are_those_of_the_scanner_of_kamailio(written: str, value: int | None) -> None:
    assert integer(written) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (r"a\n\r\t\a", "a\n\r\t\a"),
        (r"\"\\", '"\\'),
        (r"\x41\x4", "A\x04"),
        (r"\101\12", "A\n"),
        (r"\1", "\\1"),
        (r"\d\$\.", r"\d\$\."),
        ("a\\\nb", "ab"),
        (r"cut\x00here", "cut"),
        (r"\xc3\xa4", "ä"),
        (r"\xff", "\udcff"),
    ],
)
def test_escapes(body: str, value: str) -> None:
    assert unescape(body) == value


@given(st.text(alphabet=st.characters(exclude_characters="\\\0", exclude_categories=["Cs"])))
def test_a_string_without_backslashes_stays(body: str) -> None:
    assert unescape(body) == body


@given(st.binary())
def test_hex_escapes_give_the_bytes(data: bytes) -> None:
    escaped = "".join(f"\\x{byte:02x}" for byte in data)
    assert encode(unescape(escaped)) == data.partition(b"\0")[0]


@pytest.mark.parametrize("path", ["tm", "tm.so", "./modules/tm.so", "/usr/lib/kamailio/tm"])
def test_module_names(path: str) -> None:
    assert module_name(path) == "tm"


@pytest.mark.parametrize(
    ("text", "kind", "taken"),
    [
        ("::1", "ipv6", "::1"),
        ("fe80::1:2 x", "ipv6", "fe80::1:2"),
        ("1:2:3:4:5:6:7:8", "ipv6", "1:2:3:4:5:6:7:8"),
        ("abc:5", "word", "abc"),
        ("msg:len", "word", "msg:len"),
        ("uri:hostx", "word", "uri:host"),
        ("$var(a(b)c)d", "pv", "$var(a(b)c)"),
        ("$(ru{s.substr,(1),2})", "pv", "$(ru{s.substr,(1),2})"),
        ("$rcv", "return_code", "$rc"),
        ("=~0", "op", "=~"),
        ("(int)x", "cast", "(int)"),
        ("( int )", "op", "("),
        ("#!define X 1", "directive", "#!define "),
        ("#!defined", "bang", "#!defined"),
        ("!!x", "op", "!"),
        ("##!endif\nx", "word", "x"),
    ],
)
def test_the_longest_match_counts(text: str, kind: str, taken: str) -> None:
    match = TOKEN.match(text)
    assert match is not None
    assert (match.lastgroup, match[kind]) == (kind, taken)


@given(st.text(max_size=200))
def test_something_always_matches_in_linear_time(text: str) -> None:
    at = 0
    while True:
        match = TOKEN.match(text, at)
        assert match is not None
        if match.lastgroup == "end":
            break
        assert match.end() > at
        at = match.end()
