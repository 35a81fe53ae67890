"""Phones and attackers, against a cfg that counts nothing and against a server of one answer."""

import socket
import threading
from pathlib import Path

import pytest

from sipproxy.testing.callers import Caller, DirectLine, Manner, UdpLine
from sipproxy.testing.messages import Messages, response
from sipproxy.testing.proxy import ProxyUnderTest
from sipproxy.testing.scene import Scene

CFG = """
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth", "nonce_expire", 10)
request_route {
    if (!auth_check("example.com", "subscriber", "0")) {
        if ($rc == -4) {
            auth_challenge("example.com", "17");
        } else {
            auth_challenge("example.com", "1");
        }
        exit;
    }
    xlog("$rm of $AU, au=$au, ar=$ar\\n");
    sl_send_reply("200", "OK");
}
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    path = tmp_path / "a.cfg"
    path.write_text(CFG)
    return Scene(str(path), {"bob": "secret", "alice": "other"})


def test_a_phone_asks_and_answers(scene: Scene) -> None:
    phone = scene.caller("10.0.0.9")
    assert phone.register("bob", "secret") == 200
    assert scene.proxy.log.records[-1][2] == "REGISTER of bob, au=bob, ar=example.com\n"
    assert phone.register("bob", "secret") == 200
    assert scene.checks() == scene.checks("bob") == 2, "the second time at once"


def test_a_phone_answers_when_its_nonce_is_old(scene: Scene) -> None:
    phone = scene.caller("10.0.0.9")
    phone.register("bob", "secret")
    scene.proxy.advance(20)
    assert phone.register("bob", "secret") == 200
    assert scene.checks() == 2


def test_a_phone_with_a_wrong_password_gives_up(scene: Scene) -> None:
    phone = scene.caller("10.0.0.9")
    assert phone.register("bob", "wrong") == 401
    assert scene.checks() == 1


def test_an_attacker_goes_on(scene: Scene) -> None:
    attacker = scene.caller("10.0.0.66")
    pairs = [("bob", "a"), ("nobody", "b"), ("bob", "secret"), ("alice", "other"), ("bob", "")]
    assert attacker.guesses(pairs) == [401, 401, 200, 200, 401]
    assert scene.users.looked_up == ["bob", "nobody", "bob", "alice", "bob"]


@pytest.mark.parametrize("manner", [Manner(qop=False), Manner(method="INVITE")])
def test_other_manners_are_right_too(scene: Scene, manner: Manner) -> None:
    caller = scene.caller("10.0.0.9", manner)
    assert (caller.register("bob", "secret"), caller.guess("bob", "x") in (401, 407)) == (200, True)
    assert scene.checks() == 2


def test_a_decoy_stands_in_front_of_what_is_checked(scene: Scene) -> None:
    caller = scene.caller("10.0.0.9", Manner(decoy="elsewhere"))
    assert caller.register("bob", "secret") == 200
    assert scene.proxy.log.records[-1][2] == "REGISTER of bob, au=decoy1, ar=elsewhere\n"


def test_a_database_that_is_slow_or_out_of_order(scene: Scene) -> None:
    caller = scene.caller("10.0.0.9")
    caller.guess("bob", "secret")
    scene.users.fails = True
    assert (caller.guess("bob", "secret"), scene.checks()) == (401, 1)
    scene.users.fails, scene.users.delay = False, 2.0
    assert caller.guess("bob", "secret") == 0
    assert scene.proxy.advance(1.9).statuses == []
    assert scene.proxy.advance(0.2).statuses == [200]


def test_lines_say_where_they_are() -> None:
    proxy: ProxyUnderTest | None = None
    assert DirectLine(proxy, "2001:db8::1").source == "[2001:db8::1]:5060"  # type: ignore[arg-type]
    assert DirectLine(proxy, "10.0.0.1", 7).source == "10.0.0.1:7"  # type: ignore[arg-type]


def test_a_line_on_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            for _ in range(2):
                data, source = server.recvfrom(65535)
                server.sendto(response(data, 486, "Busy Here"), source)

        thread = threading.Thread(target=answer)
        thread.start()
        with UdpLine(server.getsockname(), "127.0.0.2", timeout=5) as line:
            assert line.source.startswith("127.0.0.2:")
            assert Caller(line, Messages()).guesses([("bob", "x")]) == [486]
        thread.join(5)
        with UdpLine(server.getsockname(), "127.0.0.3", timeout=0.01) as line:
            assert Caller(line, Messages()).register("bob", "x") == 0
