"""Who knows the passwords."""

from pathlib import Path

import pytest

from sipproxy.program import load_text
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.judges import Users, UsersError
from sipproxy.replay.player import Manner, Player
from sipproxy.replay.survey import STALE, Outcome
from sipproxy.testing.digest import Challenge

ME, PHONE = ("192.0.2.100", 5060), ("192.0.2.1", 5070)
CFG = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth", "secret", "secret of a test, long enough for two")
modparam("auth_db", "db_url", "sqlite:////nowhere/none.db")
request_route {
    if ($rm == "MESSAGE") pv_www_authenticate("example.com", "$null", "0");
    else auth_check("example.com", "subscriber", "0");
    switch ($rc) {
        case 1: sl_send_reply("200", "OK"); exit;
        case -2: sl_send_reply("403", "Wrong"); exit;
        case -3: sl_send_reply("404", "Unknown"); exit;
        case -4: sl_send_reply("494", "Stale"); exit;
        case -5: auth_challenge("example.com", "0"); exit;
        default: sl_send_reply("500", "$rc");
    }
}
"""
NOW = 1_700_000_000.5


def status(
    manner: Manner,
    *,
    captured: int = 0,
    user: str = "bob",
    word: str = "x",
    method: str = "REGISTER",
) -> tuple[int, str]:
    """The answer to credentials with a nonce of the same secret, and who judged."""
    told: list[tuple[int, str]] = []
    given = Manner(
        auth=manner.auth, users=manner.users, told=lambda one: told.append((one.status, one.auth))
    )
    player = Player(load_text(CFG), [ME], NOW, manner=given)
    nonces = player.proxy.host.modules["auth"].nonces  # type: ignore[attr-defined]
    nonce = nonces.make(NOW - 200, None)
    challenge = Challenge("example.com", nonce)
    line = challenge.answer(user, word, method=method, uri="sip:example.com")
    request = (
        f"{method} sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        f"From: <sip:{user}@example.com>;tag=1\r\nTo: <sip:{user}@example.com>\r\n"
        f"Call-ID: 1\r\nCSeq: 1 {method}\r\n{line}\r\nContent-Length: 0\r\n\r\n"
    )
    player.feed(Packet(1, NOW, Datagram(PHONE, ME, request.encode())), Outcome(captured))
    player.finish()
    return told[0]


@pytest.mark.parametrize("method", ["REGISTER", "MESSAGE"])
@pytest.mark.parametrize(
    ("auth", "captured", "answer"),
    [
        ("accept", 401, 200),
        ("reject", 200, 403),
        ("capture", 200, 200),
        ("capture", 401, 403),
        ("capture", 403, 403),
        ("capture", 407 | STALE, 494),
        ("capture", 486, 200),
        ("capture", 0, 403),
    ],
)
def test_somebody_else_judges(auth: str, captured: int, answer: int, method: str) -> None:
    assert status(Manner(auth=auth), captured=captured, method=method) == (answer, auth)


def test_a_file_of_users(tmp_path: Path) -> None:
    path = tmp_path / "users"
    ha1 = "5b1a9b7c4a7d4e0c8a0f2b1f7d0c6e11"
    path.write_text(
        f"# people\nbob:right\ncarol@EXAMPLE.com:p:w\ndave@other.org:x\nerin:example.com:{ha1}\n"
    )
    users = Users.read(str(path))
    assert len(users) == 4
    manner = Manner(users=users)
    assert status(manner, user="bob", word="right") == (200, "file")
    assert status(manner, user="bob", word="wrong") == (403, "file")
    assert status(manner, user="carol", word="p:w") == (200, "file")
    assert status(manner, user="dave", word="x") == (404, "file")
    assert status(manner, user="erin", word="x") == (403, "file")
    assert users.find("erin", "Example.Com") == (ha1, True)


def test_a_database_that_is_not_there_accepts_nobody() -> None:
    assert status(Manner()) == (500, "db")


@pytest.mark.parametrize("line", ["bob", ":x", "bob:"])
def test_a_line_that_is_no_user(tmp_path: Path, line: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"a:b\n{line}\n")
    with pytest.raises(UsersError, match="users:2: a line is"):
        Users.read(str(path))
    with pytest.raises(UsersError, match="cannot read"):
        Users.read(str(tmp_path / "none"))
