"""counters: names and groups of the cfg; functions and commands are in statistics-values."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request


def proxy_of(*params: tuple[str, str], call: str = "exit;") -> ProxyUnderTest:
    lines = [f'modparam("counters", "{name}", "{value}")' for name, value in params]
    head = '#!KAMAILIO\nloadmodule "counters.so"\n'
    return load_cfg_text(head + "\n".join(lines) + f"\nrequest_route {{ {call} }}")


def test_names_groups_and_descriptions() -> None:
    proxy = proxy_of(
        ("script_counter", "plain"),
        ("script_counter", "told what it is"),
        ("script_counter", "g.told:  what it is"),
        ("script_cnt_grp_name", "later"),
        ("script_counter", "plain"),
    )
    found = [
        (g, s.name, s.help) for g in ("script", "g", "later") for s in proxy.host.statistics.of(g)
    ]
    assert found == [
        ("script", "plain", "custom script counter."),
        ("script", "told", "what it is"),
        ("g", "told", "what it is"),
        ("later", "plain", "custom script counter."),
    ]


def test_a_second_one_is_told_and_left_out() -> None:
    proxy = proxy_of(("script_counter", "a"), ("script_counter", "a: again"))
    assert proxy.rpc("cnt.help", "script", "a") == "custom script counter."
    assert [text for _, _, text in proxy.log.records] == ["counter script.a already registered"]


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(CfgError, match=r'no counter script\.call; did you mean "calls"'):
        proxy_of(("script_counter", "calls"), call='cnt_inc("call");')


def test_counting() -> None:
    call = 'cnt_inc("a"); cnt_add("script.a", 5); cnt_add("b", -3);'
    proxy = proxy_of(("script_counter", "a"), ("script_counter", "b"), call=call)
    proxy.feed(request())
    assert proxy.rpc("cnt.get_vars", "script") == {"a": 6, "b": -3}
    assert proxy.rpc("cnt.get", "script", "b") == -3
    assert proxy.rpc("cnt.list_groups") == ["script"]
    assert proxy.rpc("cnt.list_vars", "script") == ["a", "b"]
    proxy.rpc("cnt.reset", "script", "a")
    assert proxy.rpc("cnt.get_raw", "script", "a") == 0
