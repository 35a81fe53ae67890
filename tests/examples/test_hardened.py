"""The two examples that count guesses, under patient attackers on a virtual clock.

What is bounded is the number of passwords that were looked up, by the numbers that the cfg names;
the owner of an attacked account goes on being served.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count, cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy.testing import request
from sipproxy.testing.callers import Manner
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]
PASSWORDS = {"bob": "right-horse", "alice": "wonder", "1000": "pw-1000"}


@dataclass(frozen=True)
class Rules:
    """What an example promises, in the words of its cfg."""

    cfg: str
    refused: int
    pair: int
    source: int
    user: int
    window: int
    slow: int
    ban: int
    pair_name: str
    bans: str
    counts: tuple[str, str, str]

    def __str__(self) -> str:
        return self.cfg.removesuffix(".cfg")


DICTIONARY = Rules(
    "dictionary_attack.cfg", 403, 3, 20, 20, 900, 3600, 900, "PAIR_LIMIT", "banned",
    ("by_pair", "by_source", "by_user"),
)  # fmt: skip
RATE = Rules(
    "auth_rate_limit.cfg", 429, 5, 30, 30, 360, 3600, 360, "LIMIT", "limited",
    ("failed", "failed_from", "failed_for"),
)  # fmt: skip


@pytest.fixture(params=[DICTIONARY, RATE], ids=str)
def rules(request: pytest.FixtureRequest) -> Rules:
    found: Rules = request.param
    return found


@pytest.fixture
def stage(rules: Rules, scene: MakeScene) -> Scene:
    return scene(rules.cfg)


def wrong(user: str, number: int) -> list[tuple[str, str]]:
    """Guesses for one user."""
    return [(user, f"wrong-{n}") for n in range(number)]


def windows(begin: float, end: float, seconds: int) -> int:
    """How many windows a time touches."""
    return int(end) // seconds - int(begin) // seconds + 1


# -- attackers


def test_a_list_of_passwords_with_the_right_one_in_it(stage: Scene, rules: Rules) -> None:
    attacker = stage.caller("203.0.113.9")
    words = wrong("bob", 1000)
    words[399] = ("bob", "right-horse")
    statuses = attacker.guesses(words)
    assert statuses == [401] * rules.pair + [rules.refused] * (1000 - rules.pair)
    assert stage.checks() == rules.pair


def test_the_same_for_six_hours(stage: Scene, rules: Rules) -> None:
    """A guess each five minutes after the first burst: no window gives more than its limit."""
    attacker = stage.caller("203.0.113.9")
    begin = stage.proxy.clock.now()
    attacker.guesses(wrong("bob", 50))
    for number in range(72):
        stage.proxy.advance(300)
        assert attacker.guess("bob", f"later-{number}") != 200
    touched = windows(begin, stage.proxy.clock.now(), rules.window)
    assert rules.pair < stage.checks("bob") <= rules.pair * touched
    slow = windows(begin, stage.proxy.clock.now(), rules.slow)
    assert stage.checks("bob") <= rules.user * slow


def test_one_source_against_a_thousand_users(stage: Scene, rules: Rules) -> None:
    attacker = stage.caller("203.0.113.9")
    statuses = attacker.guesses([(str(user), "1234") for user in range(1000, 2000)])
    assert statuses.count(401) == stage.checks() == rules.source
    assert set(statuses[rules.source :]) == {rules.refused}


def test_names_that_do_not_exist_cost_as_much(stage: Scene, rules: Rules) -> None:
    attacker = stage.caller("203.0.113.9")
    statuses = attacker.guesses([(f"nobody{number}", "1234") for number in range(200)])
    assert statuses.count(401) == stage.checks() == rules.source


@pytest.mark.parametrize("manner", [Manner(decoy="elsewhere"), Manner(qop=False)])
def test_decoys_and_no_qop_give_no_more_guesses(stage: Scene, rules: Rules, manner: Manner) -> None:
    attacker = stage.caller("203.0.113.9", manner)
    words = [*wrong("bob", 100), ("bob", "right-horse")]
    statuses = attacker.guesses(words)
    assert statuses.count(401) == stage.checks("bob") == stage.checks() == rules.pair
    assert set(statuses[rules.pair :]) == {rules.refused}


@pytest.mark.parametrize("realm", ["example.com", "Example.COM"])
def test_a_decoy_of_our_own_realm_is_what_counts(stage: Scene, rules: Rules, realm: str) -> None:
    """auth takes the first credentials of the realm, whose user is not who From says."""
    attacker = stage.caller("203.0.113.9", Manner(decoy=realm))
    assert attacker.guesses(wrong("bob", 50)) == [403] * 50
    assert stage.checks() == 0


def test_calls_are_no_other_way_in(stage: Scene, rules: Rules) -> None:
    by_call = stage.caller("203.0.113.9", Manner(method="INVITE"))
    by_register = stage.caller("203.0.113.9")
    assert by_call.guesses(wrong("bob", 2)) == [407, 407]
    by_register.guesses(wrong("bob", 100))
    assert by_call.guess("bob", "right-horse") == rules.refused
    assert stage.checks() == rules.pair


def test_two_hundred_sources_against_one_user_and_its_owner(stage: Scene, rules: Rules) -> None:
    """Two hours: the owner registers every 10 s from where he always is; 20 guesses between."""
    owner = stage.caller("192.0.2.7")
    begin = stage.proxy.clock.now()
    army = cycle([stage.caller(f"127.0.{n // 100}.{n % 100 + 1}") for n in range(200)])
    numbers = count()
    for _ in range(720):
        assert owner.register("bob", "right-horse") == 200
        for _ in range(20):
            assert next(army).guess("bob", f"wrong-{next(numbers)}") != 200
        stage.proxy.advance(10)
    assert owner.register("bob", "right-horse") == 200
    guesses = stage.checks("bob") - 721
    touched = windows(begin, stage.proxy.clock.now(), rules.slow)
    assert guesses == rules.user * touched, "of 14,400"


def test_an_attacker_behind_the_owners_address(stage: Scene, rules: Rules) -> None:
    """Of another user: the phone neither shields the attacker nor is locked out with it."""
    phone = stage.caller("192.0.2.7")
    attacker = stage.caller("192.0.2.7")
    assert phone.register("alice", "wonder") == 200
    for number in range(200):
        attacker.guess(str(1000 + number), "1234")
        attacker.guess("bob", f"wrong-{number}")
        if number % 10 == 0:
            assert phone.register("alice", "wonder") == 200
    assert stage.checks() - stage.checks("alice") == rules.source
    assert stage.checks("bob") <= rules.pair


def test_a_source_that_is_ours_may_not_go_on_guessing(stage: Scene, rules: Rules) -> None:
    """An account of one's own, registered between the guesses, gives none back."""
    attacker = stage.caller("203.0.113.9")
    for number in range(100):
        assert attacker.guess("alice", "wonder") == 200
        attacker.guess("bob", f"wrong-{number}")
    assert stage.checks("bob") == rules.pair


def test_the_addresses_of_one_ipv6_network_are_one_source(stage: Scene, rules: Rules) -> None:
    near = [stage.caller(f"2001:db8:1:2::{n:x}:1") for n in range(1, 100)]
    statuses = [caller.guess("bob", "1234") for caller in near]
    assert statuses.count(401) == stage.checks() == rules.pair
    assert stage.caller("2001:db8:1:3::1").guess("bob", "1234") == 401
    far = [stage.caller(f"2001:db8:2:{n:x}::1") for n in range(1, 100)]
    statuses = [caller.guess("bob", "1234") for caller in far]
    assert stage.checks() == rules.user


ANYWHERE = st.one_of(
    st.integers(0, 2**128 - 1),
    # Addresses of few groups, which are written short in many ways.
    st.lists(st.sampled_from([0, 0, 0, 1, 0xABC]), min_size=8, max_size=8).map(
        lambda groups: sum(group << (16 * place) for place, group in enumerate(groups))
    ),
)


@pytest.mark.parametrize("name", ["dictionary_attack", "auth_rate_limit", "flood_ban"])
def test_the_network_of_any_ipv6_address(scene: MakeScene, name: str) -> None:
    stage = scene(f"{name}.cfg")
    source = stage.proxy.host.pv("$var(source)")
    route = "WHO" if name == "auth_rate_limit" else "SOURCE"

    @settings(max_examples=300, deadline=None)
    @given(ANYWHERE)
    def check(number: int) -> None:
        address = ipaddress.IPv6Address(number)
        run = stage.proxy.run_route(route, request(), source=f"[{address}]:5060")
        assert run.context
        groups = address.exploded.split(":")[:4]
        expected = ":".join(f"{int(group, 16):x}" for group in groups) + "::/64"
        assert source.read(run.context) == expected

    check()


class Lenient(dict[str, dict[str, str]]):
    """Rows by name, as a database compares that ignores case, accents, blanks at the end."""

    def get(self, name: str, default: object = None) -> dict[str, str] | None:  # type: ignore[override]
        plain = name.casefold().rstrip(" ").replace("ó", "o")
        return super().get(plain)


HOSTILE = [
    *("bób", "bob ", "bob  ", "%62ob", "b" * 5000, "bob\udcff", "\udcffbob", "b\u2028ob", "bob\tx"),
    *("bob::1", "bob=>1", "$var(x)", "user bob", "@", "*", "bob/1", "bob'--", "bob;x", "b:bób"),
]
SPELLINGS = {
    "case": ["bob", "Bob", "bOb", "boB", "BOb", "bOB", "BoB", "BOB"] * 3,
    "domain": [f"bob@{n}.example.com" for n in range(24)],
    "scheme": [f"sip{n}:bob" for n in range(24)],
    "both": [f"sip{n}:Bob@{n}" for n in range(24)],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_name_gives_more_guesses(
    stage: Scene, rules: Rules, spelling: str
) -> None:
    stage.users.rows = Lenient(stage.users.rows)
    attacker = stage.caller("203.0.113.9")
    statuses = []
    for name in SPELLINGS[spelling]:
        user = name.partition("@")[0].rpartition(":")[2]
        statuses.append(attacker.guess(user, "wrong", name))
    assert statuses == [401] * rules.pair + [rules.refused] * (24 - rules.pair)
    assert stage.checks() == rules.pair
    assert attacker.guess("bob", "right-horse") == rules.refused


@pytest.mark.parametrize("claimed", ["as the credentials", "bob"])
def test_names_that_nobody_can_have_are_no_guesses_and_no_keys(
    stage: Scene, rules: Rules, claimed: str
) -> None:
    stage.users.rows = Lenient(stage.users.rows)
    attacker = stage.caller("203.0.113.9")
    attacker.guess("alice", "wrong")
    for name in HOSTILE * 3:
        user = "bob" if claimed == "bob" else name
        assert attacker.guess(user, "right-horse", name) in (0, 403)
    assert stage.users.looked_up == ["alice"]
    for table in rules.counts:
        assert [key for key, _ in stage.proxy.sht[table].items() if "alice" not in key] in (
            [],
            [f"203.0.113.9 {int(stage.proxy.clock.now()) // rules.slow}"],
        )


@pytest.mark.parametrize("user", ["alice", "", "carol@example.com"])
def test_who_speaks_for_another_is_refused_unchecked(stage: Scene, rules: Rules, user: str) -> None:
    caller = stage.caller("203.0.113.9")
    for _ in range(50):
        assert caller.guess(user or "alice", "right-horse", "bob") == 403
    assert stage.checks() == 0
    assert caller.register("bob", "right-horse") == 200


# -- phones


def test_fifty_phones_behind_one_address_after_a_power_cut(stage: Scene, rules: Rules) -> None:
    """The first challenge of each is no failure, and nor is its old nonce."""
    phones = [stage.caller("192.0.2.7") for _ in range(50)]
    for turn in range(3):
        for number, phone in enumerate(phones, 1000):
            assert phone.register(str(number), f"pw-{number}") == 200, turn
        stage.proxy.advance(400)
    assert stage.checks() == 150
    assert all(value == 0 for name in rules.counts for _, value in stage.proxy.sht[name].items())


def test_a_slip_of_the_finger_is_forgiven(stage: Scene, rules: Rules) -> None:
    phone = stage.caller("192.0.2.7")
    for _ in range(rules.pair - 1):
        assert phone.guess("bob", "wrong") == 401
    for _ in range(10):
        assert phone.register("bob", "right-horse") == 200
    stage.proxy.advance(rules.window)
    for _ in range(rules.pair - 1):
        assert phone.guess("bob", "wrong") == 401
    assert phone.register("bob", "right-horse") == 200


def test_a_ban_ends_and_keeps_its_reason_until_then(stage: Scene, rules: Rules) -> None:
    phone = stage.caller("192.0.2.7")
    now = int(stage.proxy.clock.now())
    phone.guesses(wrong("bob", rules.pair))
    assert phone.register("bob", "right-horse") == rules.refused
    ((key, reason),) = stage.proxy.sht[rules.bans].items()
    assert key == "192.0.2.7 bob"
    for part in (str(rules.pair), "bob", "REGISTER", "192.0.2.7", str(now)):
        assert part in str(reason).split()
    stage.proxy.advance(rules.ban - 1)
    assert phone.register("bob", "right-horse") == rules.refused
    run = stage.proxy.advance(10)
    assert run.log.has(f"192.0.2.7 bob: {reason}")
    assert phone.register("bob", "right-horse") == 200


def test_an_old_nonce_or_a_foreign_one_is_no_guess(stage: Scene, rules: Rules) -> None:
    phone, forger = stage.caller("192.0.2.7"), stage.caller("203.0.113.9")
    assert forger.guess("bob", "wrong") == 401
    assert phone.register("bob", "right-horse") == 200
    # Credentials that were seen on the way, or a nonce handed on, are good from nowhere else.
    for _ in range(50):
        phone.challenge = forger.challenge
        assert phone.guess("bob", "right-horse") == 401
        assert phone.challenge and phone.challenge.stale
    assert stage.checks() == 2
    assert phone.guess("bob", "right-horse") == 200


def test_names_cannot_be_told_apart_by_the_answers(stage: Scene, rules: Rules) -> None:
    def answer(user: str) -> list[str]:
        caller = stage.caller("203.0.113.9")
        caller.guess(user, "wrong")
        challenge = caller.challenge
        assert challenge
        line = challenge.answer(user, "wrong", method="REGISTER", uri="sip:example.com")
        data = request("REGISTER", "sip:example.com", user="x", headers=line)
        raw = caller.line.ask(data.replace(b"sip:x@", b"sip:%s@" % user.encode()))
        lines = raw.decode().split("\r\n")
        return sorted(row for row in lines if not row.startswith(("WWW-", "To:", "From:")))

    assert answer("1001") == answer("carol")


def test_a_database_that_fails_is_no_wrong_password(stage: Scene, rules: Rules) -> None:
    phone = stage.caller("192.0.2.7")
    assert phone.register("alice", "wonder") == 200
    stage.users.fails = True
    for _ in range(100):
        assert phone.guess("alice", "wonder") == 503
        assert phone.guess("bob", "right-horse") == 503
    stage.users.fails = False
    assert phone.register("alice", "wonder") == 200
    assert phone.register("bob", "right-horse") == 200
    assert len(stage.proxy.sht[rules.bans]) == 0


# -- at the same time


def at_once(stage: Scene, hosts: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[int]:
    """All guess before the first is answered; the statuses in the order of the answers."""
    stage.users.delay = 2.0
    callers = [stage.caller(host) for host in hosts]
    refused = [caller.guess(*pair) for caller, pair in zip(callers, pairs, strict=True)]
    checked = stage.proxy.advance(3).statuses
    stage.users.delay = 0.0
    return [status for status in refused if status] + checked


KINDS = {
    "one pair": (1, 1),
    "one source, 200 users": (1, 200),
    "200 sources, one user": (200, 1),
    "20 sources, a user each": (20, 20),
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_registers_at_once(stage: Scene, rules: Rules, kind: str) -> None:
    """Exactly as many are let through to the suspended check as the limits say."""
    sources, names = KINDS[kind]
    hosts = [f"203.0.113.{number % sources}" for number in range(200)]
    pairs = [(str(1000 + number % names), "wrong") for number in range(200)]
    statuses = at_once(stage, hosts, pairs)
    expected = (rules.pair, rules.source, rules.user, 20 * rules.pair)[list(KINDS).index(kind)]
    assert stage.checks() == statuses.count(401) == expected
    assert statuses.count(rules.refused) == 200 - expected


def test_two_hundred_right_ones_at_once_leave_nothing_behind(stage: Scene, rules: Rules) -> None:
    pairs = [("bob", "right-horse")] * 200
    statuses = at_once(stage, ["192.0.2.7"] * 200, pairs)
    assert statuses.count(200) == stage.checks() == rules.pair
    assert statuses.count(rules.refused) == 200 - rules.pair
    assert all(value == 0 for name in rules.counts for _, value in stage.proxy.sht[name].items())
    assert stage.caller("192.0.2.7").register("bob", "right-horse") == 200


def test_the_owner_is_served_while_two_hundred_are_checked(stage: Scene, rules: Rules) -> None:
    owner = stage.caller("192.0.2.7")
    assert owner.register("bob", "right-horse") == 200
    stage.users.delay = 2.0
    for number in range(200):
        stage.caller(f"203.0.113.{number}").guess("bob", "wrong")
    assert owner.guess("bob", "right-horse") == 0, "it is being checked"
    statuses = stage.proxy.advance(3).statuses
    assert (statuses.count(200), statuses.count(401)) == (1, rules.user)


def test_a_request_that_is_sent_again_meanwhile_is_one_guess(stage: Scene, rules: Rules) -> None:
    """A phone repeats its REGISTER after 0.5, 1, 2, 4 s while the database thinks."""
    phone = stage.caller("192.0.2.7")
    phone.guess("bob", "wrong")
    assert phone.challenge
    line = phone.challenge.answer("bob", "right-horse", method="REGISTER", uri="sip:example.com")
    data = stage.messages.register("bob", source=phone.line.source, headers=line)
    stage.users.delay = 8.0
    answers = []
    for wait in (0.5, 1.0, 2.0, 4.0, 1.0):
        assert stage.proxy.feed(data).sent == []
        answers += stage.proxy.advance(wait).statuses
    assert (answers, stage.checks()) == ([200], 2)
    stage.users.delay = 0.0
    assert stage.proxy.feed(data).statuses == [200], "an answer that was lost is given again"


def test_an_outage_while_many_wait(stage: Scene, rules: Rules) -> None:
    stage.users.fails = True
    statuses = at_once(stage, ["192.0.2.7"] * 200, [("bob", "right-horse")] * 200)
    assert (statuses.count(503), statuses.count(200)) == (rules.pair, 0)
    stage.users.fails = False
    assert stage.caller("192.0.2.7").register("bob", "right-horse") == 200


# -- anything at all


@st.composite
def traffic(draw: st.DrawFn) -> list[tuple[int, int, int, bool]]:
    """Steps of (seconds that pass, source, user, whether the password is right)."""
    step = st.tuples(
        st.sampled_from([0, 0, 0, 0, 1, 60, 400, 1000]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([False, False, False, True]),
    )
    return draw(st.lists(step, min_size=20, max_size=120))


@pytest.mark.parametrize("cfg", [DICTIONARY, RATE], ids=str)
def test_no_traffic_whatever_gets_more_than_the_limits(scene: MakeScene, cfg: Rules) -> None:
    """Counts per window, beside the cfg's own; and known owners are always served."""

    @settings(max_examples=25, deadline=None)
    @given(traffic())
    def check(steps: list[tuple[int, int, int, bool]]) -> None:
        stage = scene(cfg.cfg)
        owner = stage.caller("192.0.2.7")
        assert owner.register("bob", "right-horse") == 200
        users = ["bob", "alice", "1000", "nobody"]
        callers = [stage.caller(f"203.0.113.{n}") for n in range(4)]
        wrong: Counter[tuple[object, ...]] = Counter()
        known: set[tuple[int, str]] = set()
        for seconds, source, number, right in steps:
            stage.proxy.advance(seconds)
            now, user = int(stage.proxy.clock.now()), users[number]
            before = stage.checks()
            caller = callers[source]
            password = PASSWORDS.get(user, "none") if right else "wrong"
            status = caller.guess(user, password)
            if caller.challenge and caller.challenge.stale:
                status = caller.guess(user, password)
            if stage.checks() == before:
                continue
            if status == 200:
                known.add((source, user))
                continue
            wrong["pair", source, user, now // cfg.window] += 1
            if (source, user) not in known:
                wrong["source", source, now // cfg.slow] += 1
                wrong["user", user, now // cfg.slow] += 1
        most = {"pair": cfg.pair, "source": cfg.source, "user": cfg.user}
        assert all(number <= most[str(key[0])] for key, number in wrong.items()), wrong
        assert owner.register("bob", "right-horse") == 200

    check()
