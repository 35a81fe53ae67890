"""Encoded Contacts, beside the recorded cases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.siputils import Siputils
from sipproxy.modules.siputils.contacts import CodingError, decoded, encoded
from sipproxy.modules.sl import Sl
from sipproxy.sip.build import build_forwarded_reply

names = st.text("ab1.", min_size=1, max_size=5).map(lambda text: f"x{text}")


@given(names, names | st.just(""), names, st.integers(1, 65535) | st.none(), st.booleans())
def test_what_was_encoded_is_decoded(
    user: str, password: str, host: str, port: int | None, tcp: bool
) -> None:
    secret = f":{password}" if password else ""
    where = f"{host}:{port}" if port else host
    uri = f"sip:{user}{secret}@{where}{';transport=tcp' if tcp else ''}"
    made = encoded(uri, "p", "192.0.2.1:5062", "|")
    assert made.endswith("@192.0.2.1:5062")
    assert decoded(made, "|") == uri


@pytest.mark.parametrize(
    ("text", "code"), [("x", -1), ("xyz", -25), ("xy:z", -26), ("sips:a@b", -509)]
)
def test_not_encoded(text: str, code: int) -> None:
    with pytest.raises(CodingError) as caught:
        encoded(text, "p", "h", "*")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x", -22),
        ("sip:x", -23),
        ("sip:a*b*c@h", -26),
        ("sip:a*b*c*d*e*f*g@h", -24),
        ("sip:a*b****@h", -2),
        ("sip:a**c*d**@h", -3),
    ],
)
def test_not_decoded(text: str, code: int) -> None:
    with pytest.raises(CodingError) as caught:
        decoded(text, "*")
    assert caught.value.code == code


def test_contacts_of_a_reply(bench: Any, reply_text: Any) -> None:
    bench.load(Sl)
    siputils = bench.load(Siputils, contact_flds_separator="#")
    ctx = bench.context(reply_text(headers="Contact: <sip:bob@10.0.0.5>\r\n"), "reply")
    assert siputils.encode_contact(ctx, "gw", "192.0.2.1") == 1
    sent = build_forwarded_reply(ctx.msg, ctx.lumps).decode()
    assert "\r\nContact: <sip:gw#bob##10.0.0.5##@192.0.2.1>\r\n" in sent


def test_too_long_a_contact(bench: Any, request_text: Any) -> None:
    bench.load(Sl)
    siputils = bench.load(Siputils)
    ctx = bench.context(request_text(headers=f"Contact: <sip:{'b' * 800}@h>\r\n"))
    assert siputils.contact_param_encode(ctx, "fx", "sip:h") == -2
    assert not ctx.lumps
