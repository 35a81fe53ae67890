"""Contacts made of offers: what they share, what one takes from another, what is refused."""

from typing import Any

import pytest

from sipproxy.core.contact import MEMORY_ONLY, Contact
from sipproxy.core.flow import Flow
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.modules.pv import Pv
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.errors import Refused, Verdict
from sipproxy.modules.registrar.pack import Packer
from sipproxy.modules.registrar.request import read
from sipproxy.testing.bench import START


def packed(bench: Any, *headers: str, memory_only: bool = False) -> list[Contact]:
    ctx = bench.request(*headers) if headers else bench.ctx
    request = read(bench.module, ctx)
    packer = Packer(bench.module, ctx, request, memory_only=memory_only)
    packer.begin()
    return [packer.next(offer, 99) for offer in request.offers]


def test_the_fields_of_a_contact(bench: Any) -> None:
    bench.set(use_path=1)
    bench.request(
        'Contact: <sip:a>;q=0.5;methods="BYE";received="sip:r";+sip.instance="<i>";reg-id=3',
        *("User-Agent: phone", "Path: <sip:p;lr>"),
    )
    bench.ctx.bflags = 6
    (contact,) = packed(bench, memory_only=True)
    assert contact.ruid.startswith("uloc-")
    assert contact == Contact(
        uri="sip:a",
        ruid=contact.ruid,
        expires=99,
        q=500,
        callid="call",
        cseq=7,
        user_agent="phone",
        received="sip:r",
        path="<sip:p;lr>",
        socket=("udp", "10.0.0.1", 5060),
        methods=8,
        flags=MEMORY_ONLY,
        cflags=6,
        instance="<i>",
        reg_id=3,
        connection=-1,
        last_modified=int(START),
        last_keepalive=int(START),
    )
    assert bench.ctx.path == "<sip:p;lr>"


def test_what_is_left_out(bench: Any) -> None:
    bench.set(default_q=300)
    (contact,) = packed(bench, "Contact: <sip:a>", "Path: <sip:p;lr>", "Allow: INVITE, ACK")
    assert (contact.q, contact.methods, contact.user_agent) == (300, 5, "n/a")
    assert (contact.path, contact.received, contact.instance, bench.ctx.path) == ("", "", "", "")
    (contact,) = packed(bench, "Contact: <sip:a>", f"User-Agent: {'u' * 255}")
    assert contact.user_agent == "n/a"


def test_later_ones_take_received_and_reg_id_of_those_before(bench: Any) -> None:
    bench.set()
    third = '<sip:c>;received="sip:3"'
    first = '<sip:a>;received="sip:1";+sip.instance="i";reg-id=2'
    contacts = packed(bench, f"Contact: {third}", "Contact: <sip:b>", f"Contact: {first}")
    assert [(c.uri, c.received, c.reg_id) for c in contacts] == [
        *(("sip:c", "sip:3", 0), ("sip:b", "sip:3", 0), ("sip:a", "sip:3", 2)),
    ]
    assert len({c.ruid for c in contacts}) == 3


def test_the_source_address_of_an_avp_or_a_path(bench: Any) -> None:
    bench.usrloc.nat_bflag = 2
    bench.host.load(Pv)
    bench.set(received_avp="$avp(rcv)", use_path=1, path_use_received=1)
    bench.request("Contact: <sip:a>")
    bench.ctx.avps["rcv"] = ["sip:9.9.9.9"]
    (contact,) = packed(bench)
    assert (contact.received, contact.cflags, contact.keepalive) == ("sip:9.9.9.9", 0, 0)
    path = "Path: <sip:p;lr;received=sip:8.8.8.8>"
    (contact,) = packed(bench, 'Contact: <sip:a>;received="sip:7"', path)
    assert (contact.received, contact.cflags, contact.keepalive) == ("sip:8.8.8.8", 4, 1)
    bench.request("Contact: <sip:a>")
    bench.ctx.avps["rcv"] = [f"sip:{'9' * 252}"]
    with pytest.raises(Refused) as caught:
        packed(bench)
    assert caught.value.verdict is errors.CONTACT_LEN


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        (["Contact: <sip:a>;q=7"], errors.INV_Q),
        (['Contact: <sip:a>;methods="(";received=x'], errors.PARSE),
        (['Contact: <sip:a>;+sip.instance="i";reg-id=0'], errors.FINE),
        (['Contact: <sip:b>;+sip.instance="i";reg-id=x', "Contact: <sip:a>"], errors.FINE),
        (["Contact: <sip:a>", 'Contact: <sip:b>;+sip.instance="i";reg-id=x'], errors.INV_REGID),
    ],
)
def test_what_is_refused(bench: Any, headers: list[str], verdict: Verdict) -> None:
    bench.set()
    with pytest.raises(Refused) as caught:
        packed(bench, *headers)
    assert caught.value.verdict is verdict


def test_the_cfg_may_give_q(bench: Any) -> None:
    bench.set(xavp_cfg="cfg")
    bench.request("Contact: <sip:a>;q=0.1")
    for given in (0, 250, 1000):
        bench.ctx.xavps["cfg"] = [[("q", given)]]
        assert packed(bench)[0].q == given
    bench.ctx.xavps["cfg"] = [[("q", 1001)]]
    with pytest.raises(Refused):
        packed(bench)


def test_a_contact_of_a_connection(bench: Any) -> None:
    bench.set()
    ctx = bench.request("Contact: <sip:a>")
    ctx.flow = Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 5070), 12)
    (contact,) = packed(bench)
    assert (contact.connection, contact.socket) == (12, ("tcp", "10.0.0.1", 5060))


def test_the_advertised_socket(bench: Any) -> None:
    bench.host.own = OwnAddresses([ListenSocket("udp", "10.0.0.1", 5060, ("sip.x", 0))])
    bench.set(sock_mode=1)
    assert packed(bench, "Contact: <sip:a>")[0].socket == ("udp", "sip.x", 5060)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        *(
            ("udp:10.0.0.2:5080", 5080),
            ("10.0.0.2", 5080),
            ("tcp:10.0.0.2:5080", 5060),
            ("foo", 5060),
        ),
        *(("", 5060), ("udp:10.0.0.2:x", 5060)),
    ],
)
def test_a_header_or_an_xavp_names_the_socket(bench: Any, text: str, port: int) -> None:
    sockets = [ListenSocket("udp", "10.0.0.1", 5060), ListenSocket("udp", "10.0.0.2", 5080)]
    bench.host.own = OwnAddresses(sockets)
    bench.set(sock_flag=3, sock_hdr_name="X-Socket")
    bench.request("Contact: <sip:a>", f"X-Socket: {text}")
    assert packed(bench)[0].socket == ("udp", "10.0.0.1", 5060)
    bench.ctx.flags = 8
    socket = packed(bench)[0].socket
    assert socket is not None
    assert socket[2] == port
    bench.module.sock_hdr_name = ""
    bench.module.xavp_cfg = "cfg"
    bench.ctx.xavps["cfg"] = [[("socket", text)]]
    assert packed(bench)[0].socket == socket
