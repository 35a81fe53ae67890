"""lookup() and registered() in a cfg. Kamailio's answers are recorded in registrar-lookup,
registrar-path and registrar-instances."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.contact import Contact
from sipproxy.core.flow import Address
from sipproxy.core.hashing import core_hash
from sipproxy.core.streams import NoStreams
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

CFG = """#!KAMAILIO
listen=udp:10.0.0.1:5060
max_branches=4
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
{params}
request_route {{ {route} }}
"""
SHOW = 'xlog("rc=$var(r) ru=$ru du=$du n=$branch(count)\\n");'
LOOKUP = f'$var(r) = lookup("location"); {SHOW}'


def contact(uri: str, **fields: Any) -> Contact:
    plain = Contact(
        *(uri, f"ruid of {uri}", 0, -1, "c", 1, "agent", "", "", None, 0xFFFFFFFF, 0, 0, "", 0),
        *(-1, 0),
    )
    return plain._replace(**fields)


def started(*contacts: Contact, route: str = LOOKUP, params: str = "") -> ProxyUnderTest:
    proxy = load_cfg_text(CFG.format(route=route, params=params))
    usrloc: Any = proxy.host.modules["usrloc"]
    usrloc.table("location").change_now("bob", lambda _: contacts)
    return proxy


def param(name: str, value: int) -> str:
    return f'modparam("registrar", "{name}", {value})\n'


def test_the_record_goes_with_the_request_and_its_branches() -> None:
    phone = contact("sip:a@10.0.0.9", instance="<i>", reg_id=3, q=700, cflags=4)
    other = contact("sip:b@10.0.0.9", received="sip:10.0.0.8", q=100, cflags=8)
    run = started(phone, other).feed(request("MESSAGE", "sip:bob@x"))
    ctx = run.context
    assert ctx is not None
    assert (ctx.ruid, ctx.instance, ctx.reg_id, ctx.location_ua) == (phone.ruid, "<i>", 3, "agent")
    assert (ctx.ruri_q, ctx.bflags) == (700, 4)
    (branch,) = ctx.branches
    assert (branch.uri, branch.dst_uri, branch.ruid) == (other.uri, "sip:10.0.0.8", other.ruid)
    assert (branch.q, branch.bflags, branch.location_ua) == (100, 8, "agent")


@pytest.mark.parametrize(("value", "code"), [(0, -1), (1, 1)])
def test_expired_contacts(value: int, code: int) -> None:
    proxy = started(contact("sip:a@b", expires=1), params=param("use_expired_contacts", value))
    assert proxy.feed(request("MESSAGE", "sip:bob@x")).log.has(f"rc={code} ")


def test_there_are_only_so_many_branches() -> None:
    proxy = started(*(contact(f"sip:{number}@b") for number in range(9)))
    run = proxy.feed(request("MESSAGE", "sip:bob@x"))
    assert run.log.has("rc=1 ru=sip:0@b du=<null> n=3")
    assert run.log.has("too many")


def test_only_standing_connections() -> None:
    class Connections(NoStreams):
        def peer(self, connection: int) -> Address | None:
            """Connection 2 stands."""
            return ("10.0.0.9", 5060) if connection == 2 else None

    contacts = contact("sip:a@b", connection=1), contact("sip:c@d", connection=2)
    proxy = started(*contacts, params=param("lookup_filter_mode", 2))
    proxy.host.streams = Connections()
    assert proxy.feed(request("MESSAGE", "sip:bob@x")).log.has("rc=1 ru=sip:c@d du=<null> n=<null>")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("<sip:10.0.0.8;lr>,<sip:x>", "du=sip:10.0.0.8;lr"),
        ("<sip:10.0.0.1;lr>,<sip:10.0.0.7;lr>", "du=sip:10.0.0.7;lr"),
        ("<sip:10.0.0.1;lr>", "du=sip:10.0.0.6"),
        ("nonsense<", "rc=-3"),
    ],
)
def test_a_path_that_begins_with_us(path: str, expected: str) -> None:
    phone = contact("sip:a@b", path=path, received="sip:10.0.0.6")
    proxy = started(phone, params=param("path_check_local", 1))
    run = proxy.feed(request("MESSAGE", "sip:bob@x"))
    assert run.log.has(expected)


def test_a_branch_with_a_bad_path_is_left_out() -> None:
    run = started(contact("sip:a@b"), contact("sip:c@d", path="<")).feed(
        request("MESSAGE", "sip:bob@x")
    )
    assert run.log.has("n=<null>")


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("sip:-26@x;gr", -1),
        ("sip:nosuch-26@x;gr", -1),
        ("sip:26@x;gr", -3),
        ("sip:r-xy@x;gr", -3),
        ("sip:bob@x;gr=urn:1", 1),
        ("sip:bob@x;gr=urn:2", -1),
        ("sip:nobody@x;gr=urn:1", -1),
    ],
)
def test_gruus(uri: str, code: int) -> None:
    proxy = started(contact("sip:a@b", instance="<urn:1>"))
    assert proxy.run_route("request_route", request("MESSAGE", uri)).log.has(f"rc={code} ")


def test_a_temporary_gruu_leads_to_valid_contacts_only() -> None:
    digits = f"{core_hash('bob'):x}"[::-1]
    allowing = param("method_filtering", 1)
    for expires, methods, code in ((0, 0xFFFF, 1), (1, 0xFFFF, -1), (0, 1, -2)):
        phone = contact("sip:a@b", ruid="r", expires=expires, methods=methods)
        run = started(phone, params=allowing).feed(request("MESSAGE", f"sip:r-{digits}@x;gr"))
        assert run.log.has(f"rc={code} ")


def test_the_xavp_of_a_contact_comes_back() -> None:
    contacts = contact("sip:a@b", xavp=[("k", "one")]), contact("sip:c@d", xavp=[("k", "two")])
    show = 'xlog("$xavp(x=>k) $xavp(x[1]=>k)");'
    params = 'modparam("usrloc", "xavp_contact", "x")\n'
    proxy = started(*contacts, route=f'lookup("location"); {show}', params=params)
    assert proxy.feed(request("MESSAGE", "sip:bob@x")).log == ["one two"]
    route = f'registered("location", "sip:bob@x", "0", "1"); {show}'
    assert started(*contacts, route=route, params=params).feed(request()).log == ["one <null>"]
    last = started(
        contact("sip:a@b"), contacts[1], route=f'lookup("location"); {show}', params=params
    )
    assert last.feed(request("MESSAGE", "sip:bob@x")).log == ["<null> two"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('lookup("location", "$var(e)")', -1),
        ('registered("location", "$var(e)")', -1),
        ('registered("location")', 1),
        ('registered("location", "nonsense")', -1),
        ('add_sock_hdr("$var(e)")', -1),
    ],
)
def test_codes(call: str, code: int) -> None:
    proxy = started(contact("sip:a@b"), route=f'$var(e) = ""; $var(r) = {call}; {SHOW}')
    assert proxy.feed(request("MESSAGE", "sip:bob@x")).log.has(f"rc={code} ")


def test_in_a_reply_to_says_who() -> None:
    proxy = load_cfg_text(
        CFG.format(route="exit;", params="")
        + 'reply_route { registered("location"); xlog("rc=$rc\\n"); }\n'
    )
    usrloc: Any = proxy.host.modules["usrloc"]
    usrloc.table("location").change_now("bob", lambda _: (contact("sip:a@b"),))
    reply: Callable[[str], bytes] = lambda user: (  # noqa: E731 - it reads as what it is
        f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nFrom: <sip:x@y>;tag=1\r\n"
        f"To: <sip:{user}@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\r\n".encode()
    )
    assert proxy.feed(reply("bob")).log.has("rc=1")
    assert proxy.feed(reply("eve")).log.has("rc=-1")


@pytest.mark.parametrize(
    ("local", "text"),
    [(("10.0.0.1", 5060), "udp:10.0.0.1:5060"), (("::1", 5060), "udp:[::1]:5060")],
)
def test_a_header_with_the_socket(local: tuple[str, int], text: str) -> None:
    route = 'add_sock_hdr("Sock"); $du = "sip:10.0.0.9"; forward();'
    (sent,) = started(route=route).feed(request(), local=local).sent
    assert sent.message.header("sock") == text
