"""What the received message says is read once in a route, and never where it might change."""

from sipproxy.core.access import PvAccess
from sipproxy.script import tree
from sipproxy.script.kept import Kept
from sipproxy.script.parse import parse_text
from sipproxy.testing import load_cfg_text, request

HEAD = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
"""


def block(text: str) -> tree.Block:
    (route,) = parse_text(f"request_route {{ {text} }}").items
    assert isinstance(route, tree.Route)
    return route.body


def access(text: str, *, fixed: bool = True) -> PvAccess:
    made = PvAccess(lambda ctx: None)
    made.text = text
    made.fixed = fixed
    return made


def test_only_what_is_mentioned_twice_is_kept() -> None:
    kept = Kept(block('$var(a) = $fU; $var(b) = $tU; xlog("$fU");'))
    assert kept.local(access("$fU")) == "pv_fU"
    assert kept.local(access("$fU"), shown=True) == "text_fU"
    assert kept.local(access("$tU")) is None
    assert kept.local(access("$fU", fixed=False)) is None
    assert list(kept.names.values()) == ["pv_fU", "text_fU"]


def test_a_mention_in_a_loop_counts_again() -> None:
    assert Kept(block("while (1) { $var(a) = $fU; }")).local(access("$fU")) == "pv_fU"


def test_deeply_nested_loops_are_counted_in_good_time() -> None:
    text = "while (1) {" * 100 + "$var(a) = $fU;" + "}" * 100
    assert Kept(block(text)).local(access("$fU")) == "pv_fU"


def test_the_value_is_the_same_as_read_each_time() -> None:
    proxy = load_cfg_text(
        HEAD + 'request_route { if ($fU == "a" || $fU == "alice") xlog("$fU, $(fU{s.len}), $fU"); }'
    )
    assert "pv_fU" in proxy.proxy.compiled.source()
    assert proxy.feed(request(user="alice")).log == ["alice, 5, alice"]


def test_nothing_is_kept_where_the_message_may_be_replaced() -> None:
    proxy = load_cfg_text(
        HEAD
        + """request_route {
               $var(a) = $ua; remove_hf("User-Agent"); msg_apply_changes(); $var(b) = $ua;
               xlog("$var(a) $var(b)");
             }"""
    )
    assert "pv_ua" not in proxy.proxy.compiled.source()
    assert proxy.feed(request(headers="User-Agent: phone")).log == ["phone 0"]
