"""Where names lie in a replay."""

from sipproxy.core.dns.records import Found, Srv
from sipproxy.replay.places import Places, Sent
from sipproxy.standins import StandIns

ME, GATEWAY = ("192.0.2.100", 5060), ("203.0.113.5", 5080)


def places(*requests: tuple[bytes, tuple[str, int]]) -> tuple[Places, StandIns]:
    sent = Sent()
    for request, dest in requests:
        sent.take(request, dest)
    stand_ins = StandIns()
    return Places(sent, frozenset({ME}), stand_ins), stand_ins


def ask(made: Places, name: str, kind: str) -> tuple[object, ...]:
    told: list[Found | None] = []
    made.ask(name, kind, told.append)
    (found,) = told
    assert found is not None and found.ttl == 0
    return found.records


INVITE = b"INVITE sip:12@Carrier.example;x=y SIP/2.0\r\n"


def test_a_name_lies_where_the_capture_shows_it() -> None:
    made, stand_ins = places((INVITE, ME), (INVITE, ME), (INVITE, GATEWAY))
    assert ask(made, "carrier.example", "A") == ("203.0.113.5",)
    assert ask(made, "carrier.example", "AAAA") == ()
    assert ask(made, "_sip._udp.carrier.example", "SRV") == (Srv(0, 0, 5080, "carrier.example"),)
    assert ask(made, "carrier.example", "NAPTR") == ()
    assert [(one.name, one.answer, one.uses) for one in stand_ins] == [
        ("carrier.example", "203.0.113.5", 1)
    ]


def test_our_own_name_is_ours() -> None:
    made, _ = places((b"REGISTER sip:us.example SIP/2.0\r\n", ME))
    assert ask(made, "us.example", "A") == ("192.0.2.100",)
    assert ask(made, "_sip._udp.us.example", "SRV") == ()


def test_ipv6() -> None:
    made, _ = places((b"OPTIONS sips:x.example:5061 SIP/2.0\r\n", ("2001:db8::1", 5061)))
    assert ask(made, "x.example", "AAAA") == ("2001:db8::1",)
    assert ask(made, "x.example", "A") == ()


def test_a_name_that_the_capture_does_not_show_lies_somewhere_made_up() -> None:
    made, stand_ins = places()
    told: list[str] = []
    stand_ins.watch = lambda one, ctx: told.append(one.name)
    one, two = ask(made, "a.example", "A"), ask(made, "b.example", "A")
    assert one != two and ask(made, "a.example", "A") == one
    assert all(made.is_made(str(address)) for address in (*one, *two))
    assert ask(made, "a.example", "AAAA") == ()
    assert told == ["a.example", "b.example", "a.example"]


def test_names_are_bounded() -> None:
    made, stand_ins = places()
    for number in range(1500):
        ask(made, f"n{number}.example", "A")
    assert len(list(stand_ins)) == 1001
    assert [one.uses for one in stand_ins if one.name == "others"] == [500]


def test_addresses_are_no_names() -> None:
    sent = Sent()
    for first in (b"OPTIONS sip:192.0.2.9 SIP/2.0", b"OPTIONS sip:[::1] SIP/2.0", b"hello", b""):
        sent.take(first, GATEWAY)
    assert sent.place("192.0.2.9", frozenset()) is None
