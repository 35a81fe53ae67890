import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text


def errors(text: str) -> list[str]:
    try:
        parse_text(text)
    except CfgError as error:
        return [str(problem).removeprefix("<text>:") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("debug='3'", "1:7: debug expects a number"),
        ("children=-1", "1:10: children expects a number"),
        ("mhomed=A", "1:8: mhomed expects yes or no (is A a define that is not set?)"),
        ("log_name=5", "1:10: log_name expects a string in quotes"),
        (
            "log_facility=LOG_X",
            "1:14: log_facility expects a syslog facility (is LOG_X a define that is not set?)",
        ),
        ("tcp_source_ipv4=::1", "1:17: tcp_source_ipv4 expects an ipv4 address"),
        ("tcp_source_ipv6=1.2.3.4", "1:17: tcp_source_ipv6 expects an ipv6 address"),
        ("tcp_source_ipv4=1.2.3.400", "1:17: 1.2.3.400 is not an IP address"),
        ("udp_mtu_try_proto=5", "1:19: udp_mtu_try_proto expects udp, tcp, tls or sctp"),
        ("tls_method='x'", "1:12: tls_method expects a TLS version"),
        ("ipv6_hex_style='x'", '1:16: ipv6_hex_style expects "a", "A" or "c"'),
        ("user=5", "1:6: user expects a string"),
        (
            'listen="udp:1.2.3.4:5060"',
            '1:8: "udp:1.2.3.4:5060" would be read as the name of one host'
            " (quote only the host, or nothing: udp:127.0.0.1:5060)",
        ),
        ("alias=1.2.3.400", "1:7: 1.2.3.400 is not an IP address"),
        ("listen=127.0.0.1:65536", "1:8: 65536 is not a port (up to 65535)"),
        ("a.5 = 1", '1:1: "5" cannot name a parameter'),
        ("core.x = 1", "1:1: the group core belongs to Kamailio itself"),
        ("a.b = 1 a.b = 2", "1:9: a.b exists already, at <text>:1:1"),
        ("route[A]{;} route[A]{;}", "1:13: route[A] exists already, at <text>:1:1"),
        ("flags A flags B, A", "1:18: the flag A is declared already"),
        ("flags A:40", "1:7: flags are numbered from 0 to 31"),
        ("avpflags A, A", "1:13: the flag A is declared already"),
        ("route{;} user=x", "1:10: user comes before all modparams and routes"),
    ],
)
def test_items(text: str, error: str) -> None:
    assert errors(text) == [error]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("setflag(32);", "9: flags are numbered from 0 to 31"),
        ("setflag(X);", "9: the flag X is not declared (declare it: flags NAME)"),
        ("isflagset('NOW');", '11: the flag NOW is not declared (did you mean "NOWA"?)'),
        ("setavpflag($x, X);", "16: the flag X is not declared (declare it: flags NAME)"),
        ("f(g());", "3: g() is called inside the parameters of f()"),
        ("f(1 + (2 - g()));", "12: g() is called inside the parameters of f()"),
        ("switch ($x) { default: default: ; }", "24: this switch has a default already"),
        ("switch ($x) { case $y: ; }", "20: the label of a case is a constant"),
        (
            "switch ($x) { case 1: case 'a': ; }",
            "28: the cases of one switch are all numbers or all strings",
        ),
        (
            "switch ($x) { case 1: case /'a': ; }",
            "29: the cases of one switch are all numbers or all strings",
        ),
        ("if (src_ip==5) ;", "13: src_ip is compared with an address, not a number"),
        ("if (src_ip==1.2.3.4/33) ;", "13: a net of 32 bits has no /33"),
        ("if (src_ip==1.2.3.256) ;", "13: 1.2.3.256 is not an IP address"),
        ("forward(1.2.3.256);", "9: 1.2.3.256 is not an IP address"),
        ("if (to_ip==1.2.3.4) ;", "5: to_ip exists only in onsend_route"),
    ],
)
def test_statements(statement: str, error: str) -> None:
    before = "flags NOWA route {\n"
    (found,) = errors(f"{before}{statement}}}")
    assert found.startswith(f"2:{error}")


def test_what_an_onsend_route_may_do() -> None:
    allowed = "log('x'); setflag(1); xlog('x'); if (snd_ip==1.2.3.4 || to_ip==1.2.3.5) drop;"
    assert errors(f"onsend_route {{ {allowed} }}") == []
    assert errors("onsend_route { route(X); force_rport(); }") == [
        "1:16: route() is not allowed in an onsend_route",
        "1:26: force_rport is not allowed in an onsend_route",
    ]


def test_core_functions_may_stand_in_parameters() -> None:
    assert errors("route { f(isflagset(1), route(X), uri==myself); }") == []


def test_problems_come_in_the_order_of_the_cfg() -> None:
    text = "debug='a'\nroute { setflag(99); }\nchildren='b'\nroute[A]{;}\nroute[A]{ $x=1+'a'; }"
    assert [error.split(":")[0] for error in errors(text)] == ["1", "2", "3", "5", "5"]


def test_with_a_syntax_error_nothing_is_said_about_what_is_missing() -> None:
    assert errors("flags A B\nroute { setflag(C); $x = 1 - 'a'; }") == [
        '1:9: "B" begins nothing that a cfg has at its top level',
        "2:30: type mismatch: - needs a number, this is a string",
    ]


def test_more_flags_than_there_are() -> None:
    names = ", ".join(f"F{number}" for number in range(33))
    assert [one.partition(" ")[2] for one in errors(f"flags {names}\n")] == [
        "there are no more than 32 flags"
    ]
