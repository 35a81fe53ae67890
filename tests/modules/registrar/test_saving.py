"""save() and unregister() in a cfg. Replies and return codes beside Kamailio's are recorded in the
conformance cases registrar-*."""

import pytest

from sipproxy.modules.registrar.saving import Flags
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

CFG = """#!KAMAILIO
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 1)
{params}
{routes}
"""
SAVE = 'request_route { save("location"); xlog("rc=$rc\\n"); }'


def started(routes: str = SAVE, params: str = "") -> ProxyUnderTest:
    return load_cfg_text(CFG.format(routes=routes, params=params))


def register(*contacts: str, user: str = "bob", number: int = 1, headers: str = "") -> bytes:
    rows = "".join(f"Contact: {contact}\r\n" for contact in contacts)
    uri = f"sip:{user}@example.com"
    return request("REGISTER", "sip:example.com", to_uri=uri, headers=rows + headers, number=number)


@pytest.mark.parametrize(
    ("text", "bits"), [("0", 0), ("18", 18), ("0x1f", 31), ("010", 10), ("31", 31)]
)
def test_flags_in_any_base(text: str, bits: int) -> None:
    assert Flags.parse(text).bits == bits


@pytest.mark.parametrize("text", ["32", "-1", "x", "", "0x20", "0x", "0xg", "0b1"])
def test_flags_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="bad flags"):
        Flags.parse(text)


def test_registrations_are_counted() -> None:
    proxy = started()
    for contact in ("<sip:a>", "<sip:a>;q=7", "<sip:b>"):
        proxy.feed(register(contact))
    stats = {one.name: one.get() for one in proxy.host.statistics.of("registrar")}
    assert (stats["accepted_regs"], stats["rejected_regs"]) == (2, 1)


def test_a_failure_route_may_save() -> None:
    proxy = started(
        """request_route { t_on_failure("F"); $du = "sip:127.0.0.1:7777"; t_relay(); }
        failure_route[F] { save("location"); xlog("rc=$rc\\n"); }"""
    )
    (sent,) = proxy.feed(register("<sip:a@b>")).sent
    vias = "".join(f"Via: {value}\r\n" for value in sent.message.values("via"))
    msg = sent.message
    run = proxy.feed(
        f"SIP/2.0 404 No\r\n{vias}From: {msg.header('from')}\r\nTo: {msg.header('to')};tag=1\r\n"
        f"Call-ID: {msg.call_id}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n".encode(),
        source="127.0.0.1:7777",
    )
    assert run.log.has("rc=1")
    assert run.statuses == [200]


def test_a_reply_of_another_registrar_may_be_saved() -> None:
    """Its contacts, under its To; nothing is answered."""
    proxy = started(
        """request_route { t_on_reply("R"); $du = "sip:127.0.0.1:7777"; t_relay(); }
        onreply_route[R] { save("location"); xlog("rc=$rc\\n"); }"""
    )
    (sent,) = proxy.feed(register("<sip:a@b>")).sent
    msg = sent.message
    vias = "".join(f"Via: {value}\r\n" for value in msg.values("via"))
    run = proxy.feed(
        f"SIP/2.0 200 OK\r\n{vias}From: {msg.header('from')}\r\nTo: {msg.header('to')};tag=1\r\n"
        f"Call-ID: {msg.call_id}\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@b>;expires=300\r\n"
        "Content-Length: 0\r\n\r\n".encode(),
        source="127.0.0.1:7777",
    )
    assert run.log.has("rc=1")
    assert run.statuses == [200]
    assert proxy.rpc("ul.lookup", "location", "bob")["AoR"] == "bob"


def test_the_path_is_not_left_for_a_relay() -> None:
    proxy = started()
    path = "Path: <sip:p@10.0.0.8;lr>\r\nSupported: path\r\n"
    run = proxy.feed(register("<sip:a@b>", headers=path))
    assert run.sent[0].message.header("path") == "<sip:p@10.0.0.8;lr>"
    assert run.context is not None
    assert run.context.path == ""


def test_the_last_reply_of_a_message_is_its_own() -> None:
    """What one message was refused for is not said of the next."""
    proxy = started(
        'request_route { if ($hdr(X-Only) == "1") reg_send_reply(); else save("location"); }'
    )
    assert proxy.feed(register("<sip:a>;q=7")).statuses == [400]
    run = proxy.feed(register(headers="X-Only: 1\r\n", number=2))
    assert run.statuses == [200]
    assert run.sent[0].message.header("p-registrar-error") is None


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('unregister("location", "sip:bob@x")', 1),
        ('unregister("location", "sip:%zz@x")', -1),
        ('unregister("location", "$var(empty)")', -1),
        ('unregister("location", "sip:bob@x", "$var(empty)")', -1),
        ('unregister("location", "$var(empty)", "uloc-1")', -2),
        ('unregister("location", "sip:bob@x", "uloc-1")', -3),
        ('unregister("location", "sip:%zz@x", "uloc-1")', -1),
        ('save("location", "0", "$var(empty)")', -1),
    ],
)
def test_codes(call: str, code: int) -> None:
    routes = f'request_route {{ $var(empty) = ""; {call}; xlog("rc=$rc\\n"); }}'
    assert started(routes).feed(register("<sip:a@b>")).log.has(f"rc={code}")
