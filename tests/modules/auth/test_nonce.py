"""Nonces: those that Kamailio 5.6.3 made, ours, and what is none.

nonces.json was recorded from Kamailio: each is of `www_challenge` for the request below, with the
secret of conftest.py and the parameters that stand beside it.
"""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.modules.auth.codes import Verdict
from sipproxy.modules.auth.nonce import Nonces
from sipproxy.modules.auth.numbering import Counts, Numbers, OneTime
from sipproxy.sip.credentials import Credentials

SECRET = b"one secret of both servers, long enough"
MIDDLE = len(SECRET) - len(SECRET) // 2
RECORDED = json.loads((Path(__file__).parent / "nonces.json").read_text("ascii"))
REQUEST = (
    "OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:21031;branch=z9hG4bK-1\r\n"
    "From: <sip:alice@example.com>;tag=from-tag\r\nTo: <sip:bob@example.com>\r\n"
    "Call-ID: a call\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def nonces(params: dict[str, int], numbers: Numbers | None = None, **more: Any) -> Nonces:
    """Of a server with these parameters; it remembers numbers when it is given some."""
    checks = (
        params.get("auth_checks_register", 0),
        params.get("auth_checks_no_dlg", 0),
        params.get("auth_checks_in_dlg", 0),
    )
    if numbers is not None:
        if "nonce_count" in params:
            more["counts"] = Counts(numbers, 10)
        if "one_time_nonce" in params:
            more["one_time"] = OneTime(numbers, 10)
    secret, second = (SECRET[:MIDDLE], SECRET[MIDDLE:]) if any(checks) else (SECRET, b"")
    lifetime = params.get("nonce_expire", 300)
    return Nonces(secret, second, checks=checks, lifetime=lifetime, numbers=numbers, **more)


def issued(nonce: str) -> int:
    """When it was made, in seconds."""
    (since,) = struct.unpack_from(">4xI", base64.b64decode(nonce))
    assert isinstance(since, int)
    return since


def context(bench: Any, now: float, text: str = REQUEST, source: str = "127.0.0.1") -> Context:
    ctx: Context = bench.context(text, source=(source, 21031))
    ctx.now = now
    return ctx


def verdict(of: Nonces, nonce: str, ctx: Context, nc: str | None = None) -> Verdict:
    return of.check(Credentials(nonce=nonce, nc=nc), ctx)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["form"])
def test_kamailios_nonces_are_good_here(bench: Any, case: Any) -> None:
    nonce = case["nonce"]
    now = issued(nonce)
    own = nonces(case["params"])
    assert verdict(own, nonce, context(bench, now + 2)) is Verdict.GOOD
    lifetime = case["params"].get("nonce_expire", 300)
    assert verdict(own, nonce, context(bench, now + lifetime + 0.9)) is Verdict.GOOD
    assert verdict(own, nonce, context(bench, now + lifetime + 1)) is Verdict.STALE


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["form"])
def test_ours_are_the_same_bytes(bench: Any, case: Any) -> None:
    nonce, params = case["nonce"], case["params"]
    raw = base64.b64decode(nonce)
    numbers = None
    if len(raw) % 8 == 5:
        number, flags = struct.unpack(">IB", raw[-5:])
        numbers = Numbers(1, lambda limit: number - 257)
        assert flags & 0xC0 == (128 if "nonce_count" in params else 0) + (
            64 if "one_time_nonce" in params else 0
        )
    now = issued(nonce)
    made = base64.b64decode(nonces(params, numbers).make(now + 0.5, context(bench, now)))
    if numbers is not None and raw[-1] & 63:
        # Made by a worker with another pool: number and pool are signed with the rest.
        assert (made[:8], len(made)) == (raw[:8], len(raw))
    else:
        assert made == raw


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["form"])
def test_a_number_of_another_server_is_not_known_here(bench: Any, case: Any) -> None:
    nonce, params = case["nonce"], case["params"]
    ctx = context(bench, issued(nonce))
    own = nonces(params, Numbers(1, lambda limit: 5))
    if "one_time_nonce" in params:
        assert verdict(own, nonce, ctx) is Verdict.REUSED
    if "nonce_count" in params:
        assert verdict(own, nonce, ctx, "00000001") is Verdict.STALE


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["form"])
def test_one_changed_bit_is_another_nonce(bench: Any, case: Any) -> None:
    raw = base64.b64decode(case["nonce"])
    own = nonces(case["params"])
    ctx = context(bench, issued(case["nonce"]))
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 128 >> bit % 8
        found = verdict(own, base64.b64encode(changed).decode(), ctx)
        assert found is not Verdict.GOOD, bit


def test_another_secret_makes_another_nonce(bench: Any) -> None:
    ctx = context(bench, 1e9)
    nonce = Nonces(b"one", b"").make(1e9, ctx)
    assert verdict(Nonces(b"one", b""), nonce, ctx) is Verdict.GOOD
    assert verdict(Nonces(b"two", b""), nonce, ctx) is Verdict.FOREIGN


def test_one_second_has_one_nonce_where_nothing_else_is_in_it(bench: Any) -> None:
    own = Nonces(b"s", b"")
    ctx = context(bench, 1e9)
    assert own.make(1e9, ctx) == own.make(1e9 + 0.9, ctx) == own.make(1e9, None)
    assert own.make(1e9 + 1, ctx) != own.make(1e9, ctx)
    counted = Nonces(
        b"s", b"", numbers=(numbers := Numbers(1, lambda n: 1)), counts=Counts(numbers, 9)
    )
    assert len({counted.make(1e9, ctx) for _ in range(50)}) == 50


CHANGES = {
    1: REQUEST.replace("OPTIONS sip:bob@", "OPTIONS sip:eve@"),
    2: REQUEST.replace("a call", "b call"),
    4: REQUEST.replace("tag=from-tag", "tag=x"),
}


@pytest.mark.parametrize("checks", range(1, 16))
def test_what_a_nonce_is_bound_to(bench: Any, checks: int) -> None:
    own = nonces({"auth_checks_no_dlg": checks})
    nonce = own.make(1e9, context(bench, 1e9))
    assert verdict(own, nonce, context(bench, 1e9)) is Verdict.GOOD
    for bit, text in CHANGES.items():
        expected = Verdict.STALE if checks & bit else Verdict.GOOD
        assert verdict(own, nonce, context(bench, 1e9, text)) is expected
    moved = Verdict.STALE if checks & 8 else Verdict.GOOD
    for source in ("127.0.0.2", "2001:db8::1"):
        assert verdict(own, nonce, context(bench, 1e9, source=source)) is moved
    sixth = own.make(1e9, context(bench, 1e9, source="2001:db8::1"))
    assert verdict(own, sixth, context(bench, 1e9, source="2001:DB8:0::1")) is Verdict.GOOD


def test_kinds_of_requests_have_their_own_checks(bench: Any) -> None:
    own = nonces({"auth_checks_register": 1, "auth_checks_in_dlg": 2})
    inside = REQUEST.replace("bob@example.com>", "bob@example.com>;tag=1")
    register = REQUEST.replace("OPTIONS", "REGISTER")
    sizes = {
        text: len(base64.b64decode(own.make(1e9, context(bench, 1e9, text))))
        for text in (REQUEST, inside, register)
    }
    assert sizes == {REQUEST: 24, inside: 40, register: 40}
    unbound = own.make(1e9, None)
    assert verdict(own, unbound, context(bench, 1e9)) is Verdict.GOOD
    assert verdict(own, unbound, context(bench, 1e9, inside)) is Verdict.FOREIGN


def test_time(bench: Any) -> None:
    old = Nonces(b"s", b"", started=1000)
    future = Nonces(b"s", b"", drift=3)
    early = Nonces(b"s", b"").make(999, None)
    assert verdict(old, early, context(bench, 1001)) is Verdict.STALE
    assert verdict(Nonces(b"s", b""), early, context(bench, 1001)) is Verdict.GOOD
    later = future.make(1010, None)
    assert verdict(future, later, context(bench, 1007)) is Verdict.GOOD
    assert verdict(future, later, context(bench, 1006)) is Verdict.STALE
    # A clock that was set back does not make what it shows now older than the start.
    assert verdict(old, Nonces(b"s", b"").make(500, None), context(bench, 500)) is Verdict.GOOD
    never = Nonces(b"s", b"", lifetime=-1)
    assert verdict(never, never.make(1000, None), context(bench, 1000)) is Verdict.STALE
    assert verdict(never, future.make(1 << 31, None), context(bench, (1 << 31))) is Verdict.STALE


def test_counts_and_single_use(bench: Any) -> None:
    numbers = Numbers(1, lambda limit: 3)
    own = Nonces(
        b"s", b"", numbers=numbers, counts=Counts(numbers, 8), one_time=OneTime(numbers, 8)
    )
    ctx = context(bench, 1e9)
    nonce = own.make(1e9, ctx)
    tries = [("00000001", "GOOD"), ("00000001", "STALE"), ("0000000a", "GOOD"), (None, "GOOD")]
    tries += [(None, "REUSED"), ("", "REUSED"), ("000000FF", "GOOD"), ("00000100", "STALE")]
    tries += [(bad, "FOREIGN") for bad in ("1", "0000000g", "+0000001", "0x000001", "\u0661" * 8)]
    assert [verdict(own, nonce, ctx, nc).name for nc, _ in tries] == [name for _, name in tries]
    simple = Nonces(b"s", b"").make(1e9, ctx)
    assert verdict(own, simple, ctx) is Verdict.STALE
    only_counts = Nonces(b"s", b"", numbers=numbers, counts=Counts(numbers, 8))
    assert verdict(only_counts, simple, ctx, "00000001") is Verdict.GOOD


@pytest.mark.parametrize(
    ("nonce", "expected"),
    [
        ("", "FOREIGN"),
        ("A" * 31, "FOREIGN"),
        ("A" * 32, "STALE"),
        ("A" * 33, "FOREIGN"),
        ("A" * 64, "STALE"),
        ("A" * 68, "FOREIGN"),
        ("A" * 34 + "=A", "FOREIGN"),
        ("A" * 34 + "==", "STALE"),
        ("=" * 32, "FOREIGN"),
        ("O5rKA" + "\u00e9" * 27, "FOREIGN"),
        ("/" * 32, "STALE"),
        ("-" * 36, "STALE"),
        ("O5rKADuay" + "-" * 23, "STALE"),
    ],
)
def test_what_is_no_nonce(bench: Any, nonce: str, expected: str) -> None:
    assert verdict(Nonces(b"s", b"", started=1), nonce, context(bench, 1e9)).name == expected
