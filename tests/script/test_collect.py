from sipproxy.script.collect import Settings, collect
from sipproxy.script.parse import parse_text


def settings(text: str) -> Settings:
    return collect(parse_text(text + "\n;"))


def test_defaults() -> None:
    found = settings("")
    assert (found.debug, found.children, found.port) == (0, 8, 5060)
    assert (found.max_while_loops, found.log_facility) == (100, "LOG_DAEMON")
    assert (found.log_prefix, found.server_header) == ("", "")
    assert (found.server_signature, found.auto_aliases, found.log_stderror) == (1, 1, 0)
    assert found.listen == []


def test_what_a_cfg_sets() -> None:
    found = settings(
        "debug=-3 children=0x2 log_stderror=yes log_prefix='x' log_facility=log_local1 port=5070\n"
        "server_header='S' server_signature=no fork=no max_while_loops=5 mem_log=2 debug=2"
    )
    assert (found.debug, found.children, found.port, found.max_while_loops) == (2, 2, 5070, 5)
    assert (found.log_prefix, found.server_header) == ("x", "S")
    assert (found.log_stderror, found.server_signature, found.fork) == (1, 0, 0)


def test_another_spelling_is_the_same_parameter() -> None:
    found = settings("mem_log=2 memlog=3")
    assert (found.memlog, found.mem_log) == (3, 3)
    assert found.values == {"memlog": 3}
    assert found.spans["memlog"].column == 11


def test_an_unknown_name_is_no_attribute() -> None:
    assert not hasattr(settings(""), "no_such_parameter")


def test_flags_get_the_lowest_free_number() -> None:
    """As Kamailio 5.6.3 does: after these, setflag(E) makes $mf 4."""
    assert settings("flags A, B:0, C, D:3, E").flags == {"A": 0, "B": 0, "C": 1, "D": 3, "E": 2}


def test_custom_parameters() -> None:
    found = settings('gw.ip = "1.2.3.4" desc "the gateway"\ngw.number = 5080')
    assert found.custom == {("gw", "ip"): "1.2.3.4", ("gw", "number"): 5080}
    assert found.descriptions["gw", "ip"] == "the gateway"


def test_addresses() -> None:
    found = settings(
        "listen=udp:127.0.0.1:5060 listen=127.0.0.2 listen=eth0.5 port=5070 "
        'listen=udp:[::1]:5061 advertise example.com:5070 name "n" '
        "alias=b.org:5080 alias=sctp:c.org"
    )
    assert found.alias == [("b.org", 5080, ""), ("c.org", 0, "sctp")]
    assert [(s.proto, s.address, s.port) for s in found.sockets()] == [
        ("udp", "127.0.0.1", 5060),
        ("udp", "127.0.0.2", 5070),
        ("udp", "::1", 5061),
    ]
    last = found.sockets()[-1]
    assert (last.advertise, last.name) == (("example.com", 5070), "n")
