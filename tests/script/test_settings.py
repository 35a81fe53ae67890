import pytest

from sipproxy.script.parse import parse_text
from sipproxy.script.settings import SETTINGS, Settings, collect, free_flag, without_effect


def settings(text: str) -> Settings:
    return collect(parse_text(text + "\n;"))


def test_defaults() -> None:
    found = settings("")
    assert (found.debug, found.children, found.port) == (0, 8, 5060)
    assert (found.max_while_loops, found.max_recursive_level) == (100, 256)
    assert found.log_facility == "LOG_DAEMON"
    assert (found.log_prefix, found.server_header, found.user_agent_header) == ("", "", "")
    assert found.server_signature
    assert found.auto_aliases
    assert not found.log_stderror
    assert not found.mhomed
    assert found.advertised_address == ""
    assert found.listen == ()


def test_what_a_cfg_sets() -> None:
    found = settings(
        "debug=-3 children=0x2 log_stderror=yes log_prefix='x' log_facility=log_local1 port=5070\n"
        "server_header='S' server_signature=no user_agent_header='U' mhomed=on fork=no\n"
        "advertised_address=example.com max_while_loops=5 mem_log=2 debug=2"
    )
    assert (found.debug, found.children, found.port, found.max_while_loops) == (2, 2, 5070, 5)
    assert (found.log_prefix, found.server_header, found.user_agent_header) == ("x", "S", "U")
    assert (found.log_facility, found.advertised_address) == ("LOG_LOCAL1", "example.com")
    assert found.log_stderror
    assert found.mhomed
    assert not found.server_signature
    assert found.number("memlog") == 2
    assert found.number("fork") == 0


def test_addresses() -> None:
    found = settings(
        'listen=udp:127.0.0.1:5060 [::1] advertise a-1.example.com:5070 name "n" virtual\n'
        "listen=tcp:(127.0.0.1, 127.0.0.2):* listen=eth0.5 alias=b.org:5080 sctp:c.org;"
    )
    first, second, third, fourth = found.listen
    assert (first.proto, first.host, first.port) == ("udp", "127.0.0.1", 5060)
    for address in (first, second):
        assert (address.advertise, address.name) == (("a-1.example.com", 5070), "n")
        assert address.virtual
    assert (second.proto, second.host, second.port) == ("", "::1", 0)
    assert (third.proto, third.host, third.others, third.port) == (
        "tcp",
        "127.0.0.1",
        ("127.0.0.2",),
        0,
    )
    assert (fourth.host, fourth.advertise) == ("eth0.5", None)
    assert [(a.proto, a.host, a.port) for a in found.aliases] == [
        ("", "b.org", 5080),
        ("sctp", "c.org", 0),
    ]


def test_flags_get_the_lowest_free_number() -> None:
    found = settings("flags A, B:0, C, D:3 bool E avpflags X, Y mpath 'a:b'")
    assert found.flags == {"A": 0, "B": 0, "C": 1, "D": 3, "E": 2}
    assert found.avpflags == {"X", "Y"}
    assert found.module_paths == ("a", "b")
    assert free_flag({str(n): n for n in range(32)}) == -1


def test_spellings_are_one_setting() -> None:
    assert SETTINGS["memlog"] is SETTINGS["mem_log"]
    assert {s.kind for s in SETTINGS.values()} == {
        *("bool", "int", "signed", "string", "word"),
        *("facility", "tos", "proto", "ipv4", "ipv6", "tls"),
    }


@pytest.mark.parametrize("name", sorted({s.name for s in SETTINGS.values()}))
def test_every_default_fits_its_type(name: str) -> None:
    setting = SETTINGS[name]
    if setting.kind in ("bool", "int", "signed") and setting.default:
        assert str(int(setting.default)) == setting.default


def test_what_does_nothing_here_is_noted_once() -> None:
    config = parse_text("mlock_pages=yes\ndebug=1\nmlock_pages=no\nmemdbg=5\nfoo.bar=1")
    assert [(p.span.line, p.message, p.severity) for p in without_effect(config)] == [
        (1, "mlock_pages has no effect here", "note"),
        (4, "memdbg has no effect here", "note"),
    ]
