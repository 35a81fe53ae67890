"""A cfg as a whole: blocks joined, modules by file, settings that matter, what is left out."""

import ast
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.compile import merged_routes
from sipproxy.script.parse import parse_text
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg, load_cfg_text

HEAD = """#!KAMAILIO
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
loadmodule "xlog.so"
"""


def load(text: str) -> ProxyUnderTest:
    return load_cfg_text(HEAD + text)


def test_unnamed_blocks_are_joined_and_named_ones_keyed() -> None:
    routes = merged_routes(
        parse_text(
            "request_route { exit; } route[A] { drop; } request_route { drop; }\n"
            "event_route[a:b] { exit; } reply_route { drop; } debug=1"
        )
    )
    assert list(routes) == ["request_route", "route[A]", "event_route[a:b]", "reply_route"]
    assert len(routes["request_route"].body.statements) == 2


def test_one_module_for_each_file(tmp_path: Path) -> None:
    (tmp_path / "more.cfg").write_text("route[B] { exit; }\n")
    cfg = tmp_path / "main.cfg"
    cfg.write_text('request_route { route(B); }\ninclude_file "more.cfg"\n')
    compiled = load_cfg(str(cfg)).proxy.compiled
    assert list(compiled.modules) == [str(cfg), str(tmp_path / "more.cfg")]
    source = compiled.source()
    assert source.startswith(f"# {cfg}\n\ndef request_route(c):")
    assert f"# {tmp_path / 'more.cfg'}\n\ndef route_B(c):" in source
    assert compiled.routes["route[B]"].span.file == str(tmp_path / "more.cfg")


def test_every_node_has_the_place_of_the_cfg() -> None:
    compiled = load("request_route {\n  if ($rU == 5)\n    exit;\n}\n").proxy.compiled
    (module,) = compiled.modules.values()
    lines = {node.lineno for node in ast.walk(module) if isinstance(node, ast.expr | ast.stmt)}
    assert lines == {5, 6, 7}


def test_rc_is_kept_only_where_a_cfg_reads_it() -> None:
    text = "request_route { route(A); } route[A] { return 2; }"
    assert ".rc" not in load(text).proxy.compiled.source()
    for name in ("$rc", "$retcode", "$?", "$(rc{s.len})"):
        assert "c.rc" in load(f'{text} route[B] {{ xlog("{name}"); }}').proxy.compiled.source()


def test_max_while_loops_is_the_cfgs(sip: Messages) -> None:
    body = 'request_route { while (1) { $var(i) = $var(i) + 1; } xlog("$var(i)"); }'
    assert load("max_while_loops=7\n" + body).feed(sip.options()).log[-1] == "7"


def test_names_of_routes_that_are_no_words_of_python(sip: Messages) -> None:
    proxy = load(
        'request_route { route("odd name"); route("odd-name"); route(5); }\n'
        'route["odd name"] { xlog("a"); } route["odd-name"] { xlog("b"); } route[5] { xlog("c"); }'
    )
    assert proxy.feed(sip.options()).log == ["a", "b", "c"]


def test_variables_handed_to_functions_are_not_taken_for_ints() -> None:
    text = 'request_route { $var(i) = 1; xlog("L_INFO", "$var(i)"); $var(j) = $var(i) + 1; }'
    assert "variables.v_j = t1 if (t1 := (variables.v_i + 1))" in load(text).proxy.compiled.source()


def test_warnings_stay_with_what_was_compiled() -> None:
    proxy = load("request_route { exit; }")
    assert proxy.proxy.compiled.problems == ()


def test_errors_of_every_route_come_together() -> None:
    with pytest.raises(CfgError) as caught:
        load('request_route { xlog("$nope"); nope(); }\nroute[A] { $nope = 1; }')
    places = [(problem.span.line, problem.message) for problem in caught.value.problems]
    assert places == [
        (5, "unknown pseudo-variable $nope"),
        (5, 'unknown function "nope"'),
        (6, "unknown pseudo-variable $nope"),
    ]
