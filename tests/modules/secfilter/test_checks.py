"""The functions in a cfg; what real Kamailio says is recorded in secfilter-*."""

from typing import Any

import pytest

from sipproxy.testing import request

BLACK, WHITE, DST = 0, 1, 2
UA, COUNTRY, DOMAIN, IP, USER = range(5)


@pytest.mark.parametrize(
    ("agent", "code"),
    [("SIPCLI/1", "-2"), ("sipcli/2.0", "2"), ("sipcl", "1"), ("x sipcli", "1")],
)
def test_ua(world: Any, agent: str, code: str) -> None:
    rows = ((BLACK, UA, "sipcli"), (WHITE, UA, "sipcli/2"))
    assert world.code("secf_check_ua()", *rows, headers=f"User-Agent: {agent}") == code


def test_no_user_agent(world: Any) -> None:
    assert world.code("secf_check_ua()", (BLACK, UA, "")) == "1"


@pytest.mark.parametrize(
    ("source", "code"),
    [("1.2.3.4:1", "-2"), ("1.2.3.45:1", "-2"), ("1.2.4.1:1", "1"), ("[2001:DB8::1]:1", "2")],
)
def test_ip(world: Any, source: str, code: str) -> None:
    rows = ((BLACK, IP, "1.2.3.4"), (WHITE, IP, "2001:db8:"))
    assert world.code("secf_check_ip()", *rows, source=source) == code


@pytest.mark.parametrize(
    ("argument", "code"),
    [('"ES"', "-2"), ("$hdr(X)", "-2"), ('"$hdr(X)"', "1"), ("$null", "1"), ('"us"', "2")],
)
def test_country(world: Any, argument: str, code: str) -> None:
    rows = ((BLACK, COUNTRY, "es"), (WHITE, COUNTRY, "US"))
    assert world.code(f"secf_check_country({argument})", *rows, headers="X: es") == code


def person(world: Any, name: str, header: str) -> str:
    """What is said of a request with this From or To."""
    call = f"secf_check_{name.lower()}_hdr()"
    proxy = world.load(f'{call}; $var(c) = $rc; xlog("$var(c)\\n");')
    lines = [
        "OPTIONS sip:x@y SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
        *(f"{n}: {header if n == name else '<sip:a@b>'};tag=1" for n in ("From", "To")),
        "Call-ID: 1",
        "CSeq: 1 OPTIONS",
        "",
        "",
    ]
    run = proxy.feed("\r\n".join(lines).encode(), source="10.0.0.1:5060")
    return str(run.log[-1].strip())


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Evil <sip:good@x>", "-4"),
        ('"evil one" <sip:good@x>', "-4"),
        ('"x evil" <sip:good@x>', "1"),
        ("<sip:EVIL2@x>", "-2"),
        ('"friend" <sip:evil@x>', "4"),
        ('"x" <sip:friend@bad.x>', "2"),
        ("<sip:x@BAD.net>", "-3"),
        ("<sip:x@bad.good>", "3"),
        ("<sip:bad.net>", "1"),
        ('"" <sip:x@x>', "1"),
    ],
)
@pytest.mark.parametrize("name", ["From", "To"])
def test_person(world: Any, name: str, header: str, code: str) -> None:
    rows = ((BLACK, USER, "evil"), (WHITE, USER, "friend"))
    world.rows(*rows, (BLACK, DOMAIN, "bad"), (WHITE, DOMAIN, "bad.good"))
    assert person(world, name, header) == code


@pytest.mark.parametrize(
    ("entries", "code"), [(("bob", "al"), "-2"), (("al", "bob"), "-4"), (("b", "a"), "-2")]
)
def test_the_first_entry_decides_between_name_and_user(
    world: Any, entries: tuple[str, str], code: str
) -> None:
    world.rows(*((BLACK, USER, entry) for entry in entries))
    assert person(world, "From", '"Alice" <sip:bob@x>') == code


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ("Contact: <sip:evil@x>", "-2"),
        ('Contact: "evil" <sip:x@x>', "1"),
        ("Contact: <sip:evil@x>, <sip:x@x>", "1"),
        ("Contact: <sip:x@x>, <sip:evil@x>", "-2"),
        ("Contact: <sip:x@x>\r\nContact: <sip:evil@x>", "1"),
        ("Contact: *", "1"),
        ("Contact: <nonsense>", "1"),
        ('Contact: "a" b <sip:evil@x>;q=1', "-2"),
        ('Contact: "a" b <nonsense>', "1"),
        ('Contact: "a" b <sip:x@x>, sip:evil@x', "-2"),
        ("Contact: ;;;", "1"),
        ("", "1"),
    ],
)
def test_contact(world: Any, contact: str, code: str) -> None:
    assert world.code("secf_check_contact_hdr()", (BLACK, USER, "evil"), headers=contact) == code


@pytest.mark.parametrize(
    ("exact", "number", "code"),
    [(1, "555", "-2"), (1, "5551", "1"), (0, "5551", "-2"), (0, "55", "1"), (0, "9001", "-2")],
)
def test_destination(world: Any, exact: int, number: str, code: str) -> None:
    # The short entry before hides no longer one.
    world.rows((DST, UA, "9"), (DST, UA, "555"))
    route = f'secf_check_dst("{number}"); $var(c) = $rc; xlog("$var(c)\\n");'
    proxy = world.load(route, dst_exact_match=exact)
    assert proxy.feed(request("OPTIONS", "sip:x@y")).log[-1].strip() == code


@pytest.mark.parametrize("text", ["a'b", "a--b", "%27", "x%24", "%60y"])
def test_injection(world: Any, text: str) -> None:
    assert world.code("secf_check_sqli_hdr($hdr(X))", headers=f"X: {text}") == "-1"
    headers = f"User-Agent: {text}"
    assert world.code("secf_check_sqli_all()", headers=headers) == "ended"
    assert world.code("secf_check_sqli_all()", headers="User-Agent: a-b%2") == "1"


def test_injection_in_contact_and_not_in_its_name(world: Any) -> None:
    call = "secf_check_sqli_all()"
    assert world.code(call, headers="Contact: <sip:a'b@x>") == "ended"
    assert world.code(call, headers='Contact: "a--b" <sip:ab@x>') == "1"
