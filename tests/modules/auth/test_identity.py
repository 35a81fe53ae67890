"""Who a request says it is from, against the user of its credentials."""

from typing import Any

import pytest

from sipproxy.modules.auth.identity import SKIP_FORWARDED, check_identity

SAME, OTHER, BROKEN = 1, -8, -1


def check(
    bench: Any, first: str, sender: str, to: str, user: str, domain: bool = False, flags: int = 0
) -> int:
    method = first.split()[0]
    ctx = bench.context(
        f"{first} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <{sender}>;tag=1\r\n"
        f"To: <{to}>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n\r\n"
    )
    return check_identity(ctx, user, use_domain=domain, flags=flags)


@pytest.mark.parametrize(
    ("method", "sender", "to", "user", "code"),
    [
        ("INVITE", "sip:a@d", "sip:b@d", "a", SAME),
        ("INVITE", "sip:a@d", "sip:b@d", "b", OTHER),
        ("INVITE", "sip:a@d", "sip:b@d", "A", OTHER),
        ("REGISTER", "sip:a@d", "sip:a@d", "a", SAME),
        ("REGISTER", "sip:a@d", "sip:b@d", "a", OTHER),
        ("REGISTER", "sip:a@d", "sip:b@d", "b", OTHER),
        ("REGISTER", "sip:d", "sip:d", "", SAME),
        ("PUBLISH", "sip:a@d", "sip:a@d", "a", SAME),
        ("PUBLISH", "sip:b@d", "sip:a@d", "a", OTHER),
        ("OPTIONS", "nonsense", "sip:a@d", "a", BROKEN),
        ("REGISTER", "sip:a@d", "nonsense", "a", BROKEN),
    ],
)
def test_users(bench: Any, method: str, sender: str, to: str, user: str, code: int) -> None:
    assert check(bench, f"{method} sip:a@d", sender, to, user) == code


@pytest.mark.parametrize(
    ("first", "sender", "to"),
    [
        ("REGISTER sip:d", "sip:a@d", "sip:a@e"),
        ("PUBLISH sip:a@d", "sip:a@d", "sip:a@e"),
        ("PUBLISH sip:a@e", "sip:a@d", "sip:a@d"),
    ],
)
def test_domains_count_when_asked_for(bench: Any, first: str, sender: str, to: str) -> None:
    assert check(bench, first, sender, to, "a") == SAME
    assert check(bench, first, sender, to, "a", domain=True) == OTHER


def test_the_destination_of_a_publication(bench: Any) -> None:
    assert check(bench, "PUBLISH sip:b@d", "sip:a@d", "sip:a@d", "a") == OTHER
    assert check(bench, "PUBLISH nonsense", "sip:a@d", "sip:a@d", "a") == BROKEN


@pytest.mark.parametrize(
    ("method", "code"),
    [(m, SAME) for m in ("INVITE", "BYE", "PRACK", "UPDATE", "MESSAGE")]
    + [(m, OTHER) for m in ("OPTIONS", "SUBSCRIBE", "REGISTER", "PUBLISH")],
)
def test_what_is_forwarded_may_be_for_others(bench: Any, method: str, code: int) -> None:
    found = check(bench, f"{method} sip:a@d", "sip:a@d", "sip:a@d", "b", flags=SKIP_FORWARDED)
    assert found == code
