"""Selects of header values, beside what is recorded from Kamailio in golden/selects.json."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.textopsx import Textopsx
from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textopsx.so"
request_route {{ xlog("{}"); }}
"""
HEADERS = 'P-List: one, TWO ,"a,b";b=5\nP-List:three\nP-KV: a=1\nP-KV: b=2\n'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hf_value.p_list", 'one,TWO,"a,b";b=5,three'),
        ("hf_value.p_list[2]", "TWO"),
        ("hf_value.p_list[-1]", "three"),
        ("hf_value.p_list[9]", "<null>"),
        ("hf_value.p_list[3].p.b", "5"),
        ("hf_value.p_list[3].p.c", "<null>"),
        ("hf_value.p_list[9].p.c", "<null>"),
        ("hf_value.p_list.p.c", 'one,TWO,"a,b";b=5,three'),
        ("hf_value.none.uri", "<null>"),
        ("hf_value.p_kv.params.a", "1"),
        ("hf_value2.p_kv[2]", "b=2"),
        ("hf_value2.p_kv[2].params.b", "2"),
        ("hf_value_exists.p_list.two", "1"),
        ("hf_value_exists.p_list.four", "0"),
    ],
)
def test_values(text: str, shown: str) -> None:
    proxy = load_cfg_text(CFG.format(f"$sel({text})"))
    assert proxy.feed(request(headers=HEADERS)).log == [shown]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hf_value", "the name of a header is missing"),
        ("hf_value.contact[-11]", "index cannot be lower"),
        ("hf_value.contact.expires", "has no expires"),
        ("hf_value.contact.param", "the name of a parameter is missing"),
        ("hf_value.contact.params", "the name of a parameter is missing"),
        ("hf_value2.p_kv.a", "has no a"),
        ("hf_value_exists.supported", "a value is missing"),
        ("hf_value_exists.supported[1]", "a value is missing"),
    ],
)
def test_what_is_refused(bench: Any, text: str, says: str) -> None:
    bench.load(Textopsx)
    with pytest.raises(ResolveError, match=says):
        bench.host.select(text)
