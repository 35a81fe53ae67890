"""Credentials a request carries, and those that were found right."""

from typing import Any

from sipproxy.core.bindings import AUTHORIZED, CHECKED_HEADERS
from sipproxy.sip.credentials import Credentials

MESSAGE = """REGISTER sip:x SIP/2.0
Via: SIP/2.0/UDP h;branch=z9hG4bK1
From: <sip:alice@dom>;tag=1
To: <sip:alice@dom>
Call-ID: 1
CSeq: 1 REGISTER
Authorization: Digest username="bob@r.example", realm="r", nonce="n", uri="", response="x"

"""


def test_fields(bench: Any) -> None:
    bench.take(MESSAGE)
    assert bench.show("$au|$ad|$aU|$ar|$adn|$adu|[$aa]") == (
        "bob|r.example|bob@r.example|r|n|<null>|[]"
    )


def test_the_account_is_from_until_credentials_are_right(bench: Any) -> None:
    ctx = bench.take(MESSAGE)
    assert bench.show("$Au $AU") == "alice@dom alice"
    ctx.scratch[AUTHORIZED] = Credentials(username="bob", realm="r")
    assert bench.show("$Au $AU") == "bob@r bob"
    ctx.scratch[AUTHORIZED] = Credentials(username="bob@home", realm="r")
    assert bench.show("$Au $AU") == "bob@home bob"


def test_malformed_credentials(bench: Any) -> None:
    bench.take(MESSAGE.replace("response=", "response"))
    assert bench.show("$au $ar") == "<null> <null>"
    # A name goes on to the next equals sign.
    bench.take(MESSAGE.replace("username=", "username"))
    assert bench.show("[$au] [$ar] $adn") == "[] [] n"


def test_a_header_of_another_scheme_before_checked_credentials(bench: Any) -> None:
    ctx = bench.take(MESSAGE.replace("Authorization:", "Authorization: Basic abc\nAuthorization:"))
    assert bench.show("$au $ar $adu") == "<null> <null> <null>"
    ctx.scratch[CHECKED_HEADERS] = {"proxy": "Digest"}
    assert bench.show("$au $ar $adu") == "<null> <null> <null>"
    ctx.scratch[CHECKED_HEADERS] = {"www": "Digest"}
    assert bench.show("[$au] [$ar] $adu") == "[] [] <null>"
