"""Replies to registrations: their headers."""

from typing import Any

import pytest

from sipproxy.core.contact import Contact
from sipproxy.core.hashing import core_hash
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.errors import Verdict
from sipproxy.sip.message import Message
from sipproxy.testing.bench import START

NOW = int(START)


def contact(**fields: Any) -> Contact:
    plain = Contact(
        *("sip:a", "uloc-1", NOW + 60, -1, "c", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)
    )
    return plain._replace(**fields)


def listed(bench: Any, *contacts: Contact, aor: str = "bob") -> str:
    bench.module.list_contacts(bench.ctx, aor, contacts, "x.org")
    text: str = bench.module.answer(bench.ctx).contacts
    return text


def sent(bench: Any) -> Message:
    assert bench.module.reg_send_reply(bench.ctx)
    ((data, flow),) = bench.host.outbox
    return Message.parse(data, source=flow.local, dest=flow.remote)


def test_valid_contacts_are_listed(bench: Any) -> None:
    bench.set()
    bench.request()
    over = contact(expires=NOW)
    listing = listed(bench, contact(q=500), over, contact(uri="sip:b", received="sip:r", reg_id=2))
    entries = '<sip:a>;q=0.5;expires=60, <sip:b>;expires=60;received="sip:r";reg-id=2'
    assert listing == f"Contact: {entries}\r\n"
    assert listed(bench, over) == ""
    assert listed(bench) == ""


def test_gruus_are_for_who_supports_them(bench: Any) -> None:
    bench.set()
    bench.request()
    phone = contact(instance="<urn:1>")
    plain = 'Contact: <sip:a>;expires=60;+sip.instance="<urn:1>"\r\n'
    assert listed(bench, phone) == plain
    bench.request("Supported: gruu")
    digits = f"{core_hash('bob'):x}"[::-1]
    gruus = f';pub-gruu="sip:bob@x.org;gr=urn:1";temp-gruu="sip:uloc-1-{digits}@x.org;gr"'
    assert listed(bench, phone) == plain.replace(";+sip", f"{gruus};+sip")
    assert 'pub-gruu="sip:bob@y;gr=urn:1"' in listed(bench, phone, aor="bob@y")
    assert 'temp-gruu="sip:uloc-1-@x.org;gr"' in listed(bench, phone, aor="")
    bench.module.gruu_enabled = 0
    assert listed(bench, phone) == plain


@pytest.mark.parametrize(("name", "shown"), [("src", ';src="sip:r"'), ("", "")])
def test_the_parameter_with_the_source(bench: Any, name: str, shown: str) -> None:
    bench.set(received_param=name)
    bench.request()
    assert listed(bench, contact(received="sip:r")) == f"Contact: <sip:a>;expires=60{shown}\r\n"


def test_details_go_to_an_xavp(bench: Any) -> None:
    bench.set(xavp_rcd="rcd")
    bench.request()
    listed(bench, contact(), contact(uri="sip:b", received="sip:r", path="<p>"))
    assert bench.ctx.xavps["rcd"] == [
        [
            *(("path", "<p>"), ("expires", 60), ("contact", "sip:b"), ("received", "sip:r")),
            *(("ruid", "uloc-1"), ("expires", 60), ("contact", "sip:a"), ("ruid", "uloc-1")),
        ]
    ]
    for mask, left in ((31, []), (30, ["ruid"]), (29, ["contact"]), (27, ["expires"])):
        bench.request()
        bench.module.xavp_rcd_mask = mask
        listed(bench, contact())
        assert [name for name, _ in bench.ctx.xavps["rcd"][0]] == left


@pytest.mark.parametrize(
    ("verdict", "status", "rows"),
    [
        (errors.FINE, 200, {}),
        (errors.TOO_MANY, 503, {"Retry-After": "9"}),
        (errors.INV_Q, 400, {}),
        (errors.LOW_EXP, 423, {"Min-Expires": "60"}),
        (errors.OB_REQD, 420, {"Unsupported": "outbound"}),
        (errors.OB_UNSUP, 421, {"Require": "outbound", "Supported": "outbound"}),
        (errors.OB_UNSUP_EDGE, 439, {}),
    ],
)
def test_what_a_verdict_looks_like(
    bench: Any, verdict: Verdict, status: int, rows: dict[str, str]
) -> None:
    bench.set(retry_after=9)
    bench.request()
    bench.module.answer(bench.ctx).verdict = verdict
    reply = sent(bench)
    assert reply.status == status
    error = reply.header("p-registrar-error")
    assert error == (None if verdict is errors.FINE else verdict.text)
    for name in ("Retry-After", "Min-Expires", "Unsupported", "Require", "Supported"):
        assert reply.header(name) == rows.get(name)


@pytest.mark.parametrize(
    ("mode", "supported", "status", "shown"),
    [
        (0, "path", 200, False),
        (1, "path", 200, True),
        (1, "timer", 200, False),
        (2, "path", 200, True),
        (2, "timer", 420, True),
    ],
)
def test_the_path_in_a_reply(
    bench: Any, mode: int, supported: str, status: int, shown: bool
) -> None:
    bench.set(use_path=1, path_mode=mode)
    bench.request(f"Supported: {supported}")
    bench.ctx.path = "<sip:p;lr>"
    reply = sent(bench)
    assert reply.status == status
    assert reply.header("path") == ("<sip:p;lr>" if shown else None)
    assert reply.header("unsupported") == ("path" if status == 420 else None)


@pytest.mark.parametrize(
    ("mode", "header", "required", "supported"),
    [
        (0, "Supported: outbound", None, None),
        (1, "X: y", None, "outbound"),
        (1, "Supported: outbound", "outbound", "outbound"),
        (1, "Require: outbound", "outbound", "outbound"),
        (2, "X: y", "outbound", "outbound"),
    ],
)
def test_outbound_in_a_reply(
    bench: Any, mode: int, header: str, required: str | None, supported: str | None
) -> None:
    bench.set(outbound_mode=mode, flow_timer=20 if mode else 0)
    bench.request(header)
    reply = sent(bench)
    assert (reply.header("require"), reply.header("supported")) == (required, supported)
    assert reply.header("flow-timer") == ("20" if required else None)


def test_a_reply_that_cannot_be_sent(bench: Any) -> None:
    bench.set()
    bench.request(method="ACK")
    assert not bench.module.reg_send_reply(bench.ctx)
    assert bench.log.records[-1][2] == "failed to send 200 OK"
