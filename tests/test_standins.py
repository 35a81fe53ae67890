"""What stands in for what a cfg asks for and cannot have."""

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.module import Module, function
from sipproxy.core.values import Value
from sipproxy.errors import CfgError
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.standins import StandIn, StandIns, StubError, parse_stubs
from sipproxy.testing.messages import Messages

HEAD = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "dispatcher.so"
loadmodule "dialog.so"
loadmodule "tls.so"
"""


class Silent:
    """A log that nobody reads."""

    threshold = 0

    def write(self, *args: object, **more: object) -> None:
        """Forget the line."""


class Asking(Module, name="asking"):
    """A module that reaches other machines, and lacks a parameter."""

    not_yet = frozenset({"far"})

    @function(outside=True)
    def ask_far(self, ctx: Context, name: str) -> int:
        """Would ask another machine."""
        raise AssertionError("it was asked")


def proxy(text: str, stand_ins: StandIns | None) -> Proxy:
    return Proxy(
        load_text(HEAD + text, file="t.cfg"),
        clock=VirtualClock(1000.0),
        chance=Chance("t"),
        log=Silent(),
        modules={"asking": Asking},
        stand_ins=stand_ins,
    )


def run(text: str, **given: Value) -> tuple[list[str], StandIns]:
    """Each status that a route sends for one request, and the stand-ins."""
    stand_ins = StandIns(given)
    made = proxy(f"request_route {{ {text} }}", stand_ins)
    flow = Flow("udp", ("127.0.0.1", 5060), ("192.0.2.1", 5060))
    made.receive(Messages().request("OPTIONS"), flow, 1000.0)
    return [data.split(b" ")[1].decode() for data, _ in made.outbox], stand_ins


ANSWER = 'sl_send_reply("200", "OK"); else sl_send_reply("404", "No");'


def test_without_stand_ins_a_function_of_a_missing_module_is_an_error() -> None:
    with pytest.raises(CfgError, match='unknown function "ds_select_dst"'):
        proxy('request_route { ds_select_dst("1", "4"); }', None)


@pytest.mark.parametrize(("code", "status"), [(None, "404"), (1, "200"), (-1, "404")])
def test_a_function_answers_with_its_code(code: int | None, status: str) -> None:
    given = {} if code is None else {"ds_select_dst": code}
    sent, stand_ins = run(f'if (ds_select_dst("1", "4")) {ANSWER}', **given)
    assert sent == [status]
    (found,) = [one for one in stand_ins if one.kind == "function"]
    assert (found.name, found.module, found.uses) == ("ds_select_dst", "dispatcher", 1)


def test_the_code_0_ends_the_script() -> None:
    assert run('route(A); sl_send_reply("200", "OK"); } route[A] { ds_select_dst("1", "4");')[0]
    ended = 'route(A); sl_send_reply("200", "OK"); } route[A] { ds_select_dst("1", "4");'
    assert run(ended, ds_select_dst=0)[0] == []


def test_arguments_are_not_looked_at() -> None:
    assert run('ds_select_dst("a $ b $nothing(", "$(x{s.no"); sl_send_reply("200", "OK");')[0]


def test_a_function_that_is_there_may_be_stood_in_for() -> None:
    sent, _ = run(f'if (sl_send_reply("500", "x")) {ANSWER}', sl_send_reply=-1)
    assert sent == []


def test_a_misspelt_function_is_still_an_error_with_a_suggestion() -> None:
    with pytest.raises(CfgError) as caught:
        run("ds_selct_dst();")
    hint = caught.value.problems[-1].hint
    assert "--stub ds_selct_dst=CODE" in hint
    with pytest.raises(CfgError, match=r'did you mean "sl_send_reply"'):
        run('sl_sendreply("1", "x");')


def test_a_function_of_a_module_that_is_not_loaded_is_an_error() -> None:
    with pytest.raises(CfgError, match="rtpengine_manage"):
        run("rtpengine_manage();")
    assert run(f"if (rtpengine_manage()) {ANSWER}", rtpengine_manage=1)[0] == ["200"]


def test_variables_are_null_and_may_be_written() -> None:
    sent, stand_ins = run(f'$dlg_var(a) = "1"; if ($dlg_var(a) == $null) {ANSWER}')
    assert sent == ["200"]
    assert [(one.name, one.uses) for one in stand_ins if one.kind == "variable"] == [
        ("$dlg_var(a)", 2)
    ]


def test_a_variable_may_be_given() -> None:
    sent, _ = run(f"if ($dlg(ref) == 7) {ANSWER}", **{"$dlg(ref)": 7})
    assert sent == ["200"]


def test_a_variable_that_is_there_cannot_be_given() -> None:
    with pytest.raises(StubError, match=r"\$rm is there"):
        run("exit;", **{"$rm": "INVITE"})


def test_selects_and_transformations() -> None:
    sent, stand_ins = run(f"if (@tls.peer.verified == $null) {ANSWER}")
    assert sent == ["200"]
    assert "@tls" in {one.name for one in stand_ins}
    with pytest.raises(CfgError, match="@nothing"):
        run("if (@nothing.x == 1) exit;")
    stand_ins = StandIns()
    text = 'loadmodule "msrp.so"\nrequest_route { $var(a) = $(ru{msrpuri.user}); }'
    proxy(text, stand_ins)
    assert [one.name for one in stand_ins if one.kind == "transformation"]


def test_what_reaches_other_machines_is_stood_in_for() -> None:
    text = 'loadmodule "asking.so"\nrequest_route { ask_far("x"); }'
    stand_ins = StandIns()
    proxy(text, stand_ins).run_route("request_route", proxy(text, stand_ins).host.outside())
    (found,) = [one for one in stand_ins if one.kind == "function"]
    assert (found.name, found.module, found.answer, found.uses) == ("ask_far", "asking", -1, 1)


def test_parameters_that_only_kamailio_knows_are_passed_over() -> None:
    stand_ins = StandIns()
    proxy(
        'loadmodule "htable.so"\nmodparam("htable", "enable_dmq", 1)\n'
        'modparam("dialog", "dlg_flag", 4)\nrequest_route { exit; }',
        stand_ins,
    )
    assert [one.name for one in stand_ins if one.kind == "parameter"] == ["htable.enable_dmq"]
    with pytest.raises(CfgError, match="no parameter"):
        proxy('modparam("sl", "no_such", 1)\nrequest_route { exit; }', StandIns())


def test_a_database_that_is_not_served_fails_when_it_is_asked() -> None:
    stand_ins = StandIns()
    made = proxy(
        'loadmodule "auth.so"\nloadmodule "auth_db.so"\nloadmodule "db_unixodbc.so"\n'
        'modparam("auth_db", "db_url", "unixodbc://u:p@localhost/k")\n'
        'request_route { auth_check("x", "subscriber", "0"); }',
        stand_ins,
    )
    assert made.problems is not None
    assert "unixodbc:" in {one.name for one in stand_ins if one.kind == "database"}


def test_a_module_of_nobody_may_be_named() -> None:
    text = 'loadmodule "ours.so"\nrequest_route { our_check(); }'
    with pytest.raises(CfgError, match="unknown module"):
        proxy(text, StandIns({"our_check": 1}))
    proxy(text, StandIns({"ours": -1, "our_check": 1}))


def test_what_was_given_for_nothing() -> None:
    _, stand_ins = run('sl_send_reply("200", "OK");', sl_send_repl=1, **{"$dlg(ref)": 1})
    calls = ["sl_send_reply"]
    assert list(stand_ins.unused(calls)) == [
        'sl_send_repl (did you mean "sl_send_reply"?)',
        "$dlg(ref)",
    ]


def test_uses_are_told() -> None:
    stand_ins = StandIns()
    told: list[tuple[str, bool]] = []

    def watch(stand_in: StandIn, ctx: Context | None) -> None:
        told.append((stand_in.name, ctx is not None))

    stand_ins.watch = watch
    made = proxy('request_route { if ($dlg(ref)) ds_select_dst("1", "1"); }', stand_ins)
    made.run_route("request_route", made.host.outside())
    assert told == [("$dlg(ref)", True)]


def test_what_stub_takes() -> None:
    assert parse_stubs(["lookup=1", "is_x()", "$dlg(ref)=5", "$a=x=y", "$b=", "f=-2"]) == {
        "lookup": 1,
        "is_x": -1,
        "$dlg(ref)": 5,
        "$a": "x=y",
        "$b": None,
        "f": -2,
    }


@pytest.mark.parametrize("text", ["", "=1", "$=1", "f=x", "f="])
def test_what_stub_does_not_take(text: str) -> None:
    with pytest.raises(StubError, match="--stub"):
        parse_stubs([text])
