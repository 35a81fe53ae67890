"""What a REGISTER asks for: its checks, its path, the seconds that are granted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.contacts import Offer
from sipproxy.modules.registrar.errors import Refused, Verdict
from sipproxy.modules.registrar.request import _varied, grant, path_of, read, tags
from sipproxy.testing.bench import START

NOW = int(START)


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        ("60", 60), ("0", 0), (" 77 88", 77), ("soon", None), ("-1", None), ("12345678901", None),
        ("4294967296", 0), ("3000000000", None),
    ],
)  # fmt: skip
def test_the_expires_header(bench: Any, row: str, seconds: int | None) -> None:
    bench.set()
    assert read(bench.module, bench.request(f"Expires: {row}")).expires == seconds


def test_offers_and_star(bench: Any) -> None:
    bench.set()
    request = read(bench.module, bench.request("Contact: <sip:a>, <sip:b>", "m: <sip:c>"))
    assert [offer.uri for offer in request.offers] == ["sip:b", "sip:a", "sip:c"]
    assert not request.star
    assert read(bench.module, bench.request("Contact: *", "Expires: 0")).star
    assert read(bench.module, bench.request()).offers == []


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        (["Expires: "], errors.PARSE_EXP),
        (["Contact: foo"], errors.PARSE_CONT),
        (["Contact: *"], errors.STAR_EXP),
        (["Contact: *", "Expires: 5"], errors.STAR_EXP),
        (["Contact: *", "Contact: <sip:a>", "Expires: 0"], errors.STAR_CONT),
        (["Contact: <sip:a>", "Contact: *"], errors.STAR_CONT),
        ([f"Contact: <sip:{'a' * 509}>"], errors.CONTACT_LEN),
        ([f'Contact: <sip:a>;received="{"a" * 245}"'], errors.CONTACT_LEN),
        (["Require: foo, Outbound"], errors.OB_REQD),
    ],
)
def test_what_is_refused(bench: Any, headers: list[str], verdict: Verdict) -> None:
    bench.set()
    with pytest.raises(Refused) as caught:
        read(bench.module, bench.request(*headers))
    assert caught.value.verdict is verdict


@pytest.mark.parametrize(
    ("mode", "headers", "verdict"),
    [
        (2, ["Supported: path"], errors.OB_UNSUP),
        (1, ["Supported: outbound", "Via: SIP/2.0/UDP 1.1.1.1"], errors.OB_UNSUP_EDGE),
        (
            1,
            ["Path: <sip:p;lr>", "Supported: outbound", "Via: SIP/2.0/UDP x"],
            errors.OB_UNSUP_EDGE,
        ),
        (1, ["Path: nonsense", "Via: SIP/2.0/UDP 1.1.1.1"], errors.FINE),
    ],
)
def test_outbound_is_refused(bench: Any, mode: int, headers: list[str], verdict: Verdict) -> None:
    bench.set(outbound_mode=mode)
    with pytest.raises(Refused) as caught:
        read(bench.module, bench.request("Contact: <sip:a>;reg-id=1", *headers))
    assert caught.value.verdict is verdict


@pytest.mark.parametrize(
    ("parameters", "headers", "counts"),
    [
        ({"outbound_mode": 0}, ["Via: SIP/2.0/UDP 1.1.1.1"], True),
        ({"outbound_mode": 1}, [], True),
        ({"outbound_mode": 1}, ["Via: SIP/2.0/UDP 1.1.1.1"], False),
        ({"outbound_mode": 1, "regid_mode": 1}, ["Via: SIP/2.0/UDP 1.1.1.1"], True),
        ({"outbound_mode": 1}, ["Via: SIP/2.0/UDP x", "Path: <sip:p;lr;ob>"], True),
        ({"outbound_mode": 2}, ["Supported: outbound"], True),
    ],
)
def test_when_a_reg_id_counts(
    bench: Any, parameters: dict[str, int], headers: list[str], counts: bool
) -> None:
    bench.set(**parameters)
    request = read(bench.module, bench.request("Contact: <sip:a>;reg-id=1", *headers))
    assert request.use_regid is counts


def test_option_tags_in_any_case_and_row(bench: Any) -> None:
    msg = bench.request("Supported: Path, gruu", "k: OUTBOUND").msg
    assert tags(msg, "supported") == {"path", "gruu", "outbound"}
    assert tags(msg, "require") == set()


def test_a_path_of_several_rows(bench: Any) -> None:
    msg = bench.request(
        "Path: <sip:a;lr;received=sip:1.1.1.1%3Btransport%3Dtcp>", "Path: <sip:b>"
    ).msg
    whole = "<sip:a;lr;received=sip:1.1.1.1%3Btransport%3Dtcp>,<sip:b>"
    assert path_of(msg, use_received=False) == (whole, "")
    assert path_of(msg, use_received=True) == (whole, "sip:1.1.1.1;transport=tcp")
    assert path_of(bench.request().msg, use_received=True) == ("", "")


@pytest.mark.parametrize(
    "path",
    ["<sip:a>", "sip:a;lr", "foo", f"<sip:{'a' * 246};lr>", "<sip:a;lr;received=%zz>", "<sip:%;lr"],
)
def test_paths_that_are_refused(bench: Any, path: str) -> None:
    with pytest.raises(Refused) as caught:
        path_of(bench.request(f"Path: {path}").msg, use_received=True)
    assert caught.value.verdict is errors.PARSE_PATH


def granted(bench: Any, offer: str | None, header: int | None, *, vary: bool = False) -> int:
    expires = grant(bench.module, bench.ctx, Offer("sip:a", expires=offer), header, vary=vary)
    return expires and expires - NOW


@pytest.mark.parametrize(
    ("offer", "header", "seconds"),
    [
        ("100", 200, 100), (None, 200, 200), ("", 200, 200), (None, None, 1800), ("x", 200, 1800),
        ("0", 200, 0), (None, 0, 0), ("5", None, 60), ("99999", None, 7200),
        ("4294967295", None, 7200),
    ],
)  # fmt: skip
def test_the_seconds_that_are_granted(
    bench: Any, offer: str | None, header: int | None, seconds: int
) -> None:
    bench.set(default_expires=1800, max_expires=7200)
    assert granted(bench, offer, header) == seconds


def test_too_brief_an_interval(bench: Any) -> None:
    bench.set(min_expires_mode=1)
    with pytest.raises(Refused) as caught:
        granted(bench, "59", None)
    assert caught.value.verdict is errors.LOW_EXP
    assert granted(bench, "60", None) == 60


def test_a_range_takes_some_off(bench: Any) -> None:
    bench.set(expires_range=50, default_expires_range=10, min_expires=0)
    asked = [granted(bench, "1000", None, vary=True) for _ in range(200)]
    assert 500 <= min(asked) < 550
    assert 950 < max(asked) < 1000
    default = [granted(bench, None, None, vary=True) for _ in range(200)]
    assert 3240 <= min(default) < 3300
    assert granted(bench, "1000", None) == 1000
    bench.module.min_expires = 900
    assert min(granted(bench, "1000", None, vary=True) for _ in range(50)) == 900


@given(st.integers(1, 10**6), st.integers(0, 100), st.integers(0, 99))
def test_variation_stays_within_its_range(seconds: int, spread: int, chance: int) -> None:
    assert int(seconds * (100 - spread) / 100) - 1 <= _varied(seconds, spread, chance) <= seconds


def test_the_cfg_has_the_last_word(bench: Any) -> None:
    bench.set(xavp_cfg="cfg", max_expires=500)
    bench.ctx.xavps["cfg"] = [[("expires", 300)]]
    assert granted(bench, "1000", 1000) == 300
    bench.ctx.xavps["cfg"] = [[("expires", -1)]]
    assert granted(bench, "400", None) == 400
    bench.ctx.xavps["cfg"] = [[("expires", 0)]]
    assert granted(bench, "400", None) == 0
