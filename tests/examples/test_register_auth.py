"""What all five registrars answer to phones; and that this one alone stops nobody."""

from collections.abc import Callable

import pytest

from sipproxy.testing import Sent
from sipproxy.testing.callers import Caller
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]
EXAMPLES = [
    "register_auth",
    "dictionary_attack",
    "auth_rate_limit",
    "flood_ban",
    "calls_per_second",
]


@pytest.fixture(params=EXAMPLES)
def stage(request: pytest.FixtureRequest, scene: MakeScene) -> Scene:
    return scene(f"{request.param}.cfg")


@pytest.fixture
def phone(stage: Scene) -> Caller:
    """A phone that has a challenge."""
    phone = stage.caller("192.0.2.7")
    phone.guess("carol", "")
    stage.users.looked_up.clear()
    return phone


def ask(stage: Scene, phone: Caller, method: str = "REGISTER", user: str = "bob",
        password: str = "right-horse", headers: str = "", **more: str) -> list[Sent]:  # fmt: skip
    """A request with credentials and what more a test wants in it."""
    assert phone.challenge
    challenge = phone.challenge
    line = challenge.answer(user, password, method=method, uri="sip:example.com", count=2)
    given = {"user": user, "to_uri": f"sip:{user}@example.com", "source": phone.line.source, **more}
    request = stage.messages.request(
        method, "sip:example.com", headers=f"{line}\n{headers}", **given
    )
    return stage.proxy.feed(request).sent


def header(sent: list[Sent], name: str) -> str | None:
    (reply,) = sent
    return reply.message.header(name)


def test_it_asks_with_qop(stage: Scene) -> None:
    run = stage.proxy.feed(stage.messages.register("bob", source="192.0.2.7:5060"))
    assert run.statuses == [401]
    asked = run.sent[0].message.header("WWW-Authenticate") or ""
    assert 'Digest realm="example.com", nonce="' in asked
    assert 'qop="auth"' in asked and "stale" not in asked


@pytest.mark.parametrize(
    ("headers", "contact", "expires"),
    [
        ("Contact: <sip:bob@192.0.2.7>\nExpires: 600", "<sip:bob@192.0.2.7>", "600"),
        ("Contact: <sip:b@h>;expires=60", "<sip:b@h>;expires=60", "3600"),
        ("m: <sip:bob@192.0.2.7>\nExpires: 0", "<sip:bob@192.0.2.7>", "0"),
        ("Contact: <sip:bob@192.0.2.7>\nExpires: 999999", "<sip:bob@192.0.2.7>", "3600"),
        ("Contact: <sip:bob@192.0.2.7>\nExpires: -5", "<sip:bob@192.0.2.7>", "3600"),
        ("Contact: *\nExpires: 0", "*", "0"),
        ("", None, "3600"),
    ],
)
def test_a_registration_is_answered_with_its_contact(
    stage: Scene, phone: Caller, headers: str, contact: str | None, expires: str
) -> None:
    sent = ask(stage, phone, headers=headers)
    assert [reply.status for reply in sent] == [200]
    assert (header(sent, "Contact"), header(sent, "Expires")) == (contact, expires)
    assert stage.checks("bob") == 1


def test_calls_need_a_password_too(stage: Scene) -> None:
    run = stage.proxy.feed(stage.messages.invite("alice", user="bob"))
    assert run.statuses == [407]
    assert 'qop="auth"' in (run.sent[0].message.header("Proxy-Authenticate") or "")


@pytest.mark.parametrize(
    ("method", "status", "allow"),
    [
        ("OPTIONS", 200, None),
        ("ACK", 0, None),
        ("CANCEL", 0, None),
        ("PRACK", 405, "OPTIONS, REGISTER, INVITE, MESSAGE"),
        ("SUBSCRIBE", 405, "OPTIONS, REGISTER, INVITE, MESSAGE"),
        ("FOO", 405, "OPTIONS, REGISTER, INVITE, MESSAGE"),
    ],
)
def test_methods(stage: Scene, method: str, status: int, allow: str | None) -> None:
    sent = stage.proxy.feed(stage.messages.request(method)).sent
    assert [reply.status for reply in sent] == ([status] if status else [])
    if sent:
        assert header(sent, "Allow") == allow


def test_hops(stage: Scene) -> None:
    data = stage.messages.register("bob").replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
    assert stage.proxy.feed(data).statuses == [483]


def test_a_phone_registers_its_own_address_only(stage: Scene, phone: Caller) -> None:
    for more in ({"to_uri": "sip:alice@example.com"}, {"user": "alice"}):
        given = {"to_uri": "sip:bob@example.com", **more}
        line_user = given.pop("user", "bob")
        assert phone.challenge
        line = phone.challenge.answer(
            "bob", "right-horse", method="REGISTER", uri="sip:example.com"
        )
        data = stage.messages.request(
            "REGISTER",
            "sip:example.com",
            user=line_user,
            headers=line,
            source=phone.line.source,
            **given,
        )
        assert stage.proxy.feed(data).statuses == [403]


def test_an_old_nonce_is_told_as_stale(stage: Scene, phone: Caller) -> None:
    stage.proxy.advance(301)
    sent = ask(stage, phone)
    assert [reply.status for reply in sent] == [401]
    assert "stale=true" in (header(sent, "WWW-Authenticate") or "")
    assert stage.checks() == 0


@pytest.mark.parametrize(
    "spoilt",
    [
        ("nonce=", "nonsense="),
        ('response="', 'response="00'),
        ("Digest ", "Basic "),
        (", uri=", ", ury="),
        ("cnonce=", "conce="),
        ('nonce="', 'nonce="AAAA'),
    ],
)
def test_credentials_that_are_none_are_asked_for_again(
    stage: Scene, phone: Caller, spoilt: tuple[str, str]
) -> None:
    assert phone.challenge
    line = phone.challenge.answer("bob", "right-horse", method="REGISTER", uri="sip:example.com")
    data = stage.messages.register(
        "bob", source=phone.line.source, headers=line.replace(*spoilt, 1)
    )
    run = stage.proxy.feed(data)
    assert (run.statuses, run.fault) == ([401], "")


def test_an_outage_of_the_database_is_503(stage: Scene, phone: Caller) -> None:
    stage.users.fails = True
    sent = ask(stage, phone)
    assert [reply.status for reply in sent] == [503]
    assert header(sent, "Retry-After") == "30"
    stage.users.fails = False
    assert [reply.status for reply in ask(stage, phone)] == [200]


def test_a_name_with_its_domain_is_the_same_user(stage: Scene, phone: Caller) -> None:
    assert phone.guess("bob", "right-horse", "bob@example.com") == 200


def test_the_plain_registrar_stops_nobody(scene: MakeScene) -> None:
    """Every guess is looked at, until the right one is found."""
    stage = scene("register_auth.cfg")
    attacker = stage.caller("203.0.113.9")
    words = [("bob", f"wrong-{n}") for n in range(1000)]
    words[399] = ("bob", "right-horse")
    statuses = attacker.guesses(words)
    assert statuses.index(200) == 399
    assert stage.checks() == 1000
