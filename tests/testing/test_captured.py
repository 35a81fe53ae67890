"""Messages of a capture in a test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.program import load_text
from sipproxy.testing import RIGHT, STALE, WRONG, Captured, load_cfg_text, request
from sipproxy.testing.captured import Answers, address_of, as_bytes, as_text
from sipproxy.testing.proxy import ProxyUnderTest

CFG = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
loadmodule "auth.so"
loadmodule "dispatcher.so"
modparam("htable", "htable", "n=>size=4;autoexpire=5")
request_route {
    if (!(uri == myself) && $sht(n=>k) == $null) { sl_send_reply("404", "Not Ours"); exit; }
    $sht(n=>k) = 1;
    if (pv_auth_check("example.com", "x", "0", "0") > 0) { sl_send_reply("200", "OK"); exit; }
    if ($rc == -4) { sl_send_reply("401", "Again"); exit; }
    if (ds_select_dst("1", "4")) { sl_send_reply("503", "x"); exit; }
    if ($rc == 7) { forward(192.0.2.9); exit; }
    drop;
}
"""
LINE = (
    'Authorization: Digest username="bob", realm="example.com", nonce="n", uri="sip:x", '
    'response="00000000000000000000000000000000"'
)
REGISTER = """
        REGISTER sip:192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.12:5060;branch=z9hG4bK-7
        From: <sip:bob@example.com>;tag=t7
        To: <sip:bob@example.com>
        Call-ID: call-7
        CSeq: 1 REGISTER
        %s
        Content-Length: 0

        """
FROM = "192.0.2.12:5060"


def proxy(**stubs: int) -> ProxyUnderTest:
    program = load_text(CFG)
    return ProxyUnderTest(program, start=1000.0, stubs=stubs, us=["192.0.2.1:5060"])


@pytest.mark.parametrize(
    ("credentials", "verdict"),
    [(RIGHT, "answered 200"), (STALE, "answered 401"), (WRONG, "dropped"), ((WRONG,), "dropped")],
)
def test_credentials_are_worth_what_the_message_says(credentials: int, verdict: str) -> None:
    message = Captured(1001.0, FROM, REGISTER % LINE, credentials)
    assert proxy().play([message]).verdict == verdict


def test_without_credentials_there_is_nothing_to_judge() -> None:
    message = Captured(1001.0, FROM, REGISTER % "Expires: 60", RIGHT)
    assert proxy().play([message]).verdict == "dropped"


def test_each_message_comes_at_its_own_time() -> None:
    """The mark of the first lives for five seconds."""
    other = (REGISTER % LINE).replace("sip:192.0.2.1 ", "sip:elsewhere ")
    for time, verdict in ((1005.0, "answered 200"), (1007.5, "answered 404")):
        played = proxy().play(
            [
                Captured(1001.0, FROM, REGISTER % LINE, RIGHT),
                Captured(time, FROM, other, RIGHT),
            ]
        )
        assert played.verdict == verdict


def test_a_message_that_is_late_comes_at_once() -> None:
    one = proxy()
    one.play([Captured(t, FROM, REGISTER % LINE, RIGHT) for t in (1005.0, 1001.0)])
    assert one.clock.now() == 1005.0


def test_what_is_not_there_has_a_stand_in() -> None:
    message = Captured(1001.0, FROM, REGISTER % LINE)
    assert proxy(ds_select_dst=1).play([message]).verdict == "answered 503"
    assert proxy(ds_select_dst=7).play([message]).verdict == "answered 503"
    assert proxy(ds_select_dst=-7).play([message]).verdict == "dropped"


def test_several_answers_in_a_row() -> None:
    judge = Answers()
    judge.turn_to(Captured(0.0, FROM, b"", (WRONG, RIGHT)))
    codes = [judge.judge(None, None, "", "") for _ in range(3)]  # type: ignore[arg-type]
    assert codes == [WRONG, RIGHT, RIGHT]


def test_a_verdict_in_words() -> None:
    text = 'loadmodule "sl.so"\nrequest_route { %s }\n'
    rows = {
        'sl_send_reply("100", "Trying"); sl_send_reply("486", "Busy");': "answered 486",
        'sl_send_reply("100", "Trying");': "answered 100",
        "forward(192.0.2.9);": "relayed to 192.0.2.9:5060",
        "drop;": "dropped",
    }
    for act, verdict in rows.items():
        assert load_cfg_text(text % act).feed(request()).verdict == verdict


@given(
    st.lists(st.sampled_from(["a: b", "", " folded", "x\ty", "ü", '"', "\\", "é: 1"]), max_size=8)
)
def test_a_text_means_the_bytes_that_it_was_made_of(lines: list[str]) -> None:
    data = "\r\n".join(["OPTIONS sip:x SIP/2.0", *lines, "", ""]).encode()
    text = as_text(data, "    ")
    assert text is None or as_bytes(f"{text}    ") == data


@pytest.mark.parametrize(
    "data", [b"a\nb\r\n", b"\xff\r\n", b"a\0\r\n", b'"""\r\n', b"a\\n\r\n", b" a\r\n b\r\n"]
)
def test_bytes_that_cannot_be_written_as_text(data: bytes) -> None:
    assert as_text(data, "    ") is None


def test_addresses() -> None:
    assert address_of("192.0.2.1:5070") == ("192.0.2.1", 5070)
    assert address_of("[::1]:5060") == ("::1", 5060)
