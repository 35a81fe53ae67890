"""Core parameters gathered from a cfg."""

import pytest

from sipproxy.core.sockets import ListenSocket
from sipproxy.program import load_text
from sipproxy.script.collect import Settings


def settings(text: str) -> Settings:
    return load_text(text).settings


def test_the_last_value_counts_and_defaults_fill_in() -> None:
    found = settings("#!KAMAILIO\ndebug=1\nmax_while_loops=50\ndebug=3\n")
    assert (found.debug, found.max_while_loops) == (3, 50)
    assert found.spans["debug"].line == 4
    assert settings(";").max_while_loops == 100
    with pytest.raises(AttributeError):
        _ = found.no_such_parameter


@pytest.mark.parametrize("written", ['"gw.example.org"', "gw.example.org", "192.0.2.1"])
def test_the_advertised_address(written: str) -> None:
    found = settings(f"advertised_address={written}\n")
    assert found.advertised_address == written.strip('"')
    assert settings(";").advertised_address == ""


def test_sockets_take_protocol_and_port_from_defaults() -> None:
    found = settings(
        "listen=udp:127.0.0.1:5061\nlisten=tls:10.0.0.1\nlisten=[::1] advertise 192.0.2.1:7000\n"
        "listen=eth0\nport=5070\n"
    )
    assert found.sockets() == [
        ListenSocket("udp", "127.0.0.1", 5061),
        ListenSocket("udp", "::1", 5070, ("192.0.2.1", 7000)),
        ListenSocket("tcp", "::1", 5070, ("192.0.2.1", 7000)),
        ListenSocket("tls", "10.0.0.1", 5061),
    ]
    without = settings("listen=127.0.0.1:5061\ndisable_tcp=yes\n")
    assert without.sockets() == [ListenSocket("udp", "127.0.0.1", 5061)]
    assert len(found.listen) == 4
    (tls,) = settings("listen=tls:10.0.0.1").sockets()
    assert tls.port == 5061


def test_aliases() -> None:
    found = settings('alias="example.com"\nalias=sip.example.com:5060\n')
    assert found.alias == [("example.com", 0, ""), ("sip.example.com", 5060, "")]


def test_flags_without_a_number_get_free_ones() -> None:
    found = settings("flags one:0, two, three:2, four\n")
    assert found.flags["one"] == 0 and found.flags["three"] == 2
    assert len(set(found.flags.values())) == 4


def test_parameters_of_the_cfgs_own() -> None:
    found = settings('company.number = 5 desc "a number"\ncompany.text = "t"\n')
    assert found.custom == {("company", "number"): 5, ("company", "text"): "t"}


def test_defines() -> None:
    assert settings("#!define A 1\n#!define B\n;").defines["A"] == "1"


def test_a_running_server_may_change_a_parameter() -> None:
    found = settings('debug=3\nserver_header="Server: a"\nadvertised_address=192.0.2.1\n')
    assert found.values["advertised_address"] == "192.0.2.1"
    assert settings("advertised_address=a.example.com").values == {
        "advertised_address": "a.example.com"
    }
    found.change("debug", 1)
    assert (found.debug, found.values["debug"]) == (1, 1)
