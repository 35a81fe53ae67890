"""Selects: what is refused, and settings that change."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.pv.selects import Step, steps_of


def test_steps() -> None:
    assert steps_of('a.b[2].c["x y"]') == (Step("a", None), Step("b", "2"), Step("c", "x y"))


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[1", "a b"])
def test_no_steps(text: str) -> None:
    with pytest.raises(ValueError):
        steps_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        "from.nope",
        "from.uri.nope",
        "from.tag.x",
        "cseq.nope",
        "via.nope",
        "msg.nope",
        "src",
        "src.nope",
        "contact[1].uri",
        "cfg_get.a",
        "cfg_get.core.nope",
        "authorization.nope",
        "call_id.x",
        "rpid.party",
        "refer_to.nope",
        "msg.request.status",
        "msg.response.x",
        "status.x",
        "dst_uri.nope",
    ],
)
def test_unknown_ones_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)


def test_a_setting_is_text_and_may_change(bench: Any) -> None:
    access = bench.host.select("cfg_get.pstn.gw")
    assert access.read(bench.ctx) == "5"
    bench.host.settings.custom["pstn", "gw"] = 6
    assert access.read(bench.ctx) == "6"
    assert bench.value("$sel(cfg_get.core.server_id)") == "3"
    assert bench.value("$sel(cfg_get.pstn.none)") is None


def test_parts_of_the_request(bench: Any) -> None:
    assert bench.show("$sel(from.uri.user) $sel(ruri.transport) $sel(via.host)") == (
        "alice tcp 10.0.0.9"
    )


REFER = """REFER sip:bob@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP h;branch=z9hG4bK1
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: 1
CSeq: 1 REFER
Contact: <sip:c@d>
Date: Sat
Identity: "abc"
Identity-Info: <http://x>
Min-SE: 90
Organization: Org Inc
Priority: urgent
Session-Expires: 1800;refresher=uac
SIP-If-Match: etag
Refer-To: "N" <sip:r@rh;u=1>;a=b;tag=2
Remote-Party-ID: "R" <sip:rp@h>;party=calling;screen=yes

"""
REPLY = """SIP/2.0 183 Session Progress
Via: SIP/2.0/UDP h;branch=z9hG4bK1
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: 1
CSeq: 1 REFER

"""
# As Kamailio 5.6.3 showed them: in the request with $du, without it, in the reply.
SHOWN = [
    ("m.uri", "sip:c@d", "sip:c@d", None),
    ("m.uri.user", "c", "c", None),
    ("message.first_line", "REFER sip:bob@127.0.0.1 SIP/2.0", ..., "SIP/2.0 183 Session Progress"),
    ("request_uri", "sip:bob@127.0.0.1", ..., None),
    ("request_uri.user", "bob", ..., None),
    ("date", "Sat", ..., None),
    ("identity", '"abc"', ..., None),
    ("identity_info", "<http://x>", ..., None),
    ("min_se", "90", ..., None),
    ("organization", "Org Inc", ..., None),
    ("priority", "urgent", ..., None),
    ("session_expires", "1800;refresher=uac", ..., None),
    ("sip_if_match", "etag", ..., None),
    ("refer_to", '"N" <sip:r@rh;u=1>;a=b;tag=2', ..., None),
    ("refer_to.uri", "sip:r@rh;u=1", ..., None),
    ("refer_to.uri.host", "rh", ..., None),
    ("refer_to.tag", "2", ..., None),
    ("refer_to.name", '"N"', ..., None),
    ("refer_to.params.a", "b", ..., None),
    ("rpid", '"R" <sip:rp@h>;party=calling;screen=yes', ..., None),
    ("rpid.uri.user", "rp", ..., None),
    ("remote_party_id.params.party", "calling", ..., None),
    ("rpid.name", '"R"', ..., None),
    ("dst_uri", "sip:d:p@h.example:7000;x=y", None, None),
    ("dst_uri.user", "d", None, None),
    ("dst_uri.port", "7000", None, None),
    ("next_hop", "sip:d:p@h.example:7000;x=y", "sip:bob@127.0.0.1", None),
    ("next_hop.port", "7000", None, None),
    ("next_hop.host", "h.example", "127.0.0.1", None),
    ("status", None, None, "183"),
    ("code", None, None, "183"),
    ("reason", None, None, "Session Progress"),
    ("version", "SIP/2.0", ..., "SIP/2.0"),
    ("msg.request.method", "REFER", ..., None),
    ("msg.request.uri", "sip:bob@127.0.0.1", ..., None),
    ("msg.request.version", "SIP/2.0", ..., None),
    ("msg.response.status", None, None, "183"),
    ("msg.response.code", None, None, "183"),
    ("msg.response.reason", None, None, "Session Progress"),
    ("msg.response.version", None, None, "SIP/2.0"),
]


@pytest.mark.parametrize(("name", "with_du", "without", "in_reply"), SHOWN)
def test_values(bench: Any, name: str, with_du: Any, without: Any, in_reply: Any) -> None:
    ctx = bench.take(REFER)
    ctx.dst_uri = "sip:d:p@h.example:7000;x=y"
    assert bench.value(f"$sel({name})") == with_du
    ctx.dst_uri = ""
    assert bench.value(f"$sel({name})") == (with_du if without is ... else without)
    bench.take(REPLY)
    assert bench.value(f"$sel({name})") == in_reply
