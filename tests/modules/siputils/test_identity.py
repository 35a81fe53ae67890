"""Who is calling, beside the recorded cases."""

import re
from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.pv import Pv
from sipproxy.modules.siputils import Siputils
from sipproxy.modules.sl import Sl
from sipproxy.sip.build import build_forwarded
from sipproxy.sip.credentials import Credentials


@pytest.fixture
def siputils(bench: Any) -> Siputils:
    bench.load(Pv)
    bench.load(Sl)
    loaded: Siputils = bench.load(Siputils)
    return loaded


def test_the_checked_user(bench: Any, siputils: Siputils, request_text: Any) -> None:
    ctx = bench.context(request_text())
    assert not siputils.is_user(ctx, "alice")
    ctx.scratch["authorized"] = Credentials(username="alice@example.com")
    assert siputils.is_user(ctx, "alice")
    assert not siputils.is_user(ctx, "bob")
    ctx.scratch["authorized"] = Credentials()
    assert not siputils.is_user(ctx, "")


def test_another_avp(bench: Any, siputils: Siputils, request_text: Any) -> None:
    siputils.rpid_avp = "$avp(caller)"
    siputils.ready()
    ctx = bench.context(request_text())
    assert not siputils.append_rpid_hf(ctx)
    ctx.avps["caller"] = ["<sip:+49@h>"]
    assert siputils.append_rpid_hf(ctx)
    suffix = ";party=calling;id-type=subscriber;screen=yes"
    (edit,) = ctx.lumps.edits
    assert edit.text == f"Remote-Party-ID: <sip:+49@h>{suffix}\r\n"


@pytest.mark.parametrize("name", ["$var(x)", "x", "$nothing(x)"])
def test_no_avp(siputils: Siputils, name: str) -> None:
    siputils.rpid_avp = name
    with pytest.raises(ModuleError):
        siputils.ready()


def test_the_default_needs_no_module(bench: Any, request_text: Any) -> None:
    bench.load(Sl)
    siputils = bench.load(Siputils)
    siputils.ready()
    assert not siputils.append_rpid_hf(bench.context(request_text()))
    assert bench.lines == ["rpid avp not defined"]


def test_vectors_are_generated(bench: Any, siputils: Siputils, request_text: Any) -> None:
    seen = set()
    for flags, headers in (("g", ""), ("G", ""), ("f", "P-Charging-Vector: icid-value=1\r\n")):
        ctx = bench.context(request_text(headers=headers))
        assert siputils.sip_p_charging_vector(ctx, flags) == 1
        sent = build_forwarded(ctx.msg, ctx.lumps, via="SIP/2.0/UDP h;branch=1").decode()
        found = re.findall(r"P-Charging-Vector: icid-value=([0-9A-F]{32}); (.*)\r\n", sent)
        ((identifier, rest),) = found
        assert rest == "icid-generated-at=10.0.0.1"
        assert bytes.fromhex(identifier)[:7] == b"IVS\x0a\x00\x00\x01"
        assert bench.host.pv("$pcv(value)").read(ctx) == identifier
        assert bench.host.pv("$pcv(all)").read(ctx).startswith("P-Charging-Vector: icid-value=")
        seen.add(identifier)
    assert len(seen) == 3


def test_a_vector_is_not_generated_where_there_is_one(
    bench: Any, siputils: Siputils, request_text: Any
) -> None:
    ctx = bench.context(request_text(headers="P-Charging-Vector: icid-value=1;orig-ioi=a,b\r\n"))
    assert siputils.sip_p_charging_vector(ctx, "g") == 1
    assert not ctx.lumps
    assert bench.host.pv("$pcv(orig)").read(ctx) == "a"


def test_unknown_part(bench: Any, siputils: Siputils) -> None:
    with pytest.raises(Exception, match="it is written"):
        bench.host.pv("$pcv(x)")
