"""The ids of what the parser, the loader, the modules and the compiler say."""

import pytest

from sipproxy.errors import CfgError, Problem, Span
from sipproxy.lint.told import BAD_IGNORE, TOLD, with_ids
from sipproxy.testing import load_cfg_text

SPAN = Span("a.cfg", 1, 1, 1, 2)
HEAD = '#!KAMAILIO\nloadmodule "pv.so"\nloadmodule "sl.so"\n'

REFUSED = [
    ("request_route { nothing(); }", "SP002"),
    ("request_route { $rU = $nothing; }", "SP002"),
    ("request_route { $rU = $(fU{s.nothing}); }", "SP002"),
    ("request_route { route(NOTHING); }", "SP002"),
    ("request_route { setflag(NOTHING); }", "SP002"),
    ('loadmodule "nothing.so"\nrequest_route { exit; }', "SP002"),
    ('modparam("sl", "nothing", 1)\nrequest_route { exit; }', "SP002"),
    ('modparam("nothing", "x", 1)\nrequest_route { exit; }', "SP002"),
    ('include_file "/nothing/there.cfg"\nrequest_route { exit; }', "SP002"),
    ('request_route { $rU = 1 * "a"; }', "SP003"),
    ("debug=high\nrequest_route { exit; }", "SP003"),
    ('modparam("sl", "bind_tm", "x")\nrequest_route { exit; }', "SP003"),
    ('request_route { sl_send_reply("200"); }', "SP003"),
    ("request_route { exit }", "SP001"),
    ("request_route { exit; }\nroute[X] { exit; }\nroute[X] { exit; }", "SP001"),
]


@pytest.mark.parametrize(("text", "id"), REFUSED)
def test_errors(text: str, id: str) -> None:
    with pytest.raises(CfgError) as refusal:
        load_cfg_text(HEAD + text)
    assert {problem.id for problem in with_ids(refusal.value.problems)} == {id}


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ('loadmodule "lcr.so"\nrequest_route { exit; }', "SP011"),
        ("mhomed=yes\nrequest_route { exit; }", "SP021"),
    ],
)
def test_warnings_and_notes(text: str, id: str) -> None:
    problems = load_cfg_text(HEAD + text).proxy.problems
    assert [problem.id for problem in with_ids(problems)] == [id]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("#!else\nrequest_route { exit; }", "SP013"),
        ("request_route { exit; ` }", "SP013"),
        ("request_route { exit; } /* open", "SP013"),
    ],
)
def test_warnings_of_reading(text: str, id: str) -> None:
    problems = load_cfg_text(HEAD + text).proxy.program.config.warnings
    assert [problem.id for problem in with_ids(problems)] == [id]


@pytest.mark.parametrize(
    ("severity", "id"), [("error", "SP001"), ("warning", "SP010"), ("note", "SP020")]
)
def test_everything_has_an_id(severity: str, id: str) -> None:
    (problem,) = with_ids([Problem(SPAN, "something never said before", "", severity)])
    assert problem.id == id


def test_an_id_that_is_there_stays() -> None:
    problem = Problem(SPAN, "unknown function", "", "warning", "SP101")
    assert list(with_ids([problem])) == [problem]


def test_the_table() -> None:
    ids = [told.id for told in (*TOLD, BAD_IGNORE)]
    assert len(ids) == len(set(ids))
    for severity in ("error", "warning", "note"):
        rows = [told for told in TOLD if told.severity == severity]
        assert [told for told in rows if not told.pattern.pattern] == rows[-1:]
