"""Keepalives: to whom, in which words, and what their answers change."""

from collections.abc import Callable

import pytest

from sipproxy.core.contact import Contact
from sipproxy.testing import ProxyUnderTest, load_cfg_text

Maker = Callable[..., Contact]

CFG = """#!KAMAILIO
listen=udp:10.0.0.1:5060
loadmodule "usrloc.so"
loadmodule "pv.so"
modparam("usrloc", "preload", "location")
modparam("usrloc", "timer_interval", 10)
modparam("usrloc", "nat_bflag", 1)
modparam("usrloc", "ka_mode", {mode})
modparam("usrloc", "ka_timeout", 25)
modparam("usrloc", "ka_loglevel", 1)
modparam("usrloc", "ka_logmsg", " at $si")
request_route {{ exit; }}
"""


def started(mode: int, *contacts: Contact) -> ProxyUnderTest:
    proxy = load_cfg_text(CFG.format(mode=mode))
    table = proxy.host.modules["usrloc"].table("location")  # type: ignore[attr-defined]
    table.change_now("bob", lambda _: contacts)
    return proxy


def contacts(proxy: ProxyUnderTest) -> list[Contact]:
    table = proxy.host.modules["usrloc"].table("location")  # type: ignore[attr-defined]
    return list(table.read_now("bob"))


def test_a_request_and_its_answer(contact: Maker) -> None:
    bob = contact("sip:bob@10.0.0.9:5070", ruid="uloc-1-2-3", path="<sip:10.0.0.8;lr>")
    proxy = started(1, bob)
    (sent,) = proxy.advance(10).sent
    assert sent.flow.remote == ("10.0.0.8", 5060)
    msg = sent.message
    assert msg.first_line == "OPTIONS sip:bob@10.0.0.9:5070 SIP/2.0"
    assert msg.header("route") == "<sip:10.0.0.8;lr>"
    assert msg.to_uri == "sip:bob@kamailio.org"
    assert msg.from_uri == "sip:server@kamailio.org"
    assert (msg.from_.tag or "").startswith("uloc-1-2-3-")
    assert msg.cseq.number == "80"
    copied = ("Via", "From", "To", "Call-ID", "CSeq")
    rows = "".join(f"{row.name}: {row.value}\r\n" for row in msg.headers if row.name in copied)
    proxy.clock.set(proxy.clock.now() + 0.25)
    run = proxy.feed(f"SIP/2.0 200 OK\r\n{rows}Content-Length: 0\r\n\r\n".encode())
    (heard,) = contacts(proxy)
    assert heard.last_keepalive == int(proxy.clock.now())
    assert heard.roundtrip == pytest.approx(250_000, abs=2)
    assert run.log.has("ruid [uloc-1-2-3] at 127.0.0.1")


def test_other_replies_change_nothing(contact: Maker) -> None:
    proxy = started(1, contact("sip:bob@10.0.0.9", ruid="r", last_keepalive=5))
    for tag in ("short", "r-1-2-3", "r-x-1-1-1.1", "r-1-1-1-1.1"):
        proxy.feed(
            f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n"
            f"From: <sip:server@kamailio.org>;tag={tag}\r\nTo: <sip:x>;tag=1\r\nCall-ID: 1\r\n"
            f"CSeq: 80 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()
        )
    assert contacts(proxy)[0].last_keepalive == 5


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (1, ["10.0.0.2", "10.0.0.3", "10.0.0.5"]),
        (2, ["10.0.0.3"]),
        (4, ["10.0.0.2", "10.0.0.3", "10.0.0.5"]),
    ],
)
def test_who_gets_one(contact: Maker, mode: int, expected: list[str]) -> None:
    proxy = started(
        mode,
        contact("sip:a@10.0.0.2", ruid="1"),
        contact("sip:a@192.168.0.1", ruid="2", received="sip:10.0.0.3:9", cflags=2),
        contact("sip:a@no.address", ruid="3"),
        contact("sip:a@10.0.0.4;transport=tcp", ruid="4"),
        contact("sip:a@10.0.0.5", ruid="5", socket=("udp", "10.0.0.1", 5060)),
        contact("nonsense", ruid="6"),
    )
    assert [sent.flow.remote[0] for sent in proxy.advance(10).sent] == expected


def test_who_is_silent_for_long_has_ten_seconds_left(contact: Maker) -> None:
    proxy = started(1, contact("sip:a@10.0.0.2", expires=2_000_000_000))
    start = int(proxy.clock.now())
    (mine,) = contacts(proxy)
    table = proxy.host.modules["usrloc"].table("location")  # type: ignore[attr-defined]
    table.change_now("bob", lambda _: (mine._replace(last_keepalive=start),))
    assert len(proxy.advance(20).sent) == 2
    assert proxy.advance(10).sent == []
    assert contacts(proxy)[0].expires == start + 40
    proxy.advance(10)
    assert contacts(proxy) == []
