"""Loading modules and setting their parameters: what is refused, with place and suggestion."""

import pytest

from sipproxy.core.context import Context
from sipproxy.core.module import Constant, Module, Remark, function, modparam, modparam_method
from sipproxy.errors import CfgError, ModuleError
from sipproxy.kamailio import kamailio_modules
from sipproxy.loader import module_class
from sipproxy.testing import load_cfg_text


class Limits(Module, name="limits"):
    """A module with parameters of every kind."""

    window = modparam(10, "seconds", at_least=1)
    label = modparam("x", "text")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.added: list[str] = []

    @modparam_method("add")
    def add(self, text: str) -> None:
        """Each value in turn."""
        if text == "bad":
            raise ModuleError('limits: "bad" is no good')
        self.added.append(text)

    def start(self) -> None:
        if self.label == "refuse":
            raise ModuleError("cannot start with this label")


def problems(text: str) -> list[str]:
    with pytest.raises(CfgError) as caught:
        load_cfg_text(text, modules={"limits": Limits})
    return [str(p) for p in caught.value.problems if p.severity == "error"]


def limits(text: str) -> Limits:
    proxy = load_cfg_text('loadmodule "limits.so"\n' + text, modules={"limits": Limits})
    module = proxy.host.modules["limits"]
    assert isinstance(module, Limits)
    return module


def test_parameters_are_set() -> None:
    module = limits(
        'modparam("limits", "window", 30)\nmodparam("lim.*|other", "label", "y")\n'
        'modparam("limits", "add", "a")\nmodparam("limits", "add", "b")'
    )
    assert (module.window, module.label, module.added) == (30, "y", ["a", "b"])
    assert (limits("").window, limits("").label) == (10, "x")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'modparam("limits", "windw", 3)',
            'test.cfg:2:20: the module limits has no parameter "windw" (did you mean "window"?)',
        ),
        ('modparam("limits", "window", "3")', "test.cfg:2:30: limits.window takes an integer"),
        ('modparam("limits", "label", 3)', "test.cfg:2:29: limits.label takes a string"),
        ('modparam("limits", "window", 0)', "test.cfg:2:30: limits.window must be at least 1"),
        ('modparam("limits", "add", "bad")', 'test.cfg:2:27: limits: "bad" is no good'),
        (
            'modparam("limit", "window", 3)',
            'test.cfg:2:10: no loaded module is "limit" (did you mean "limits"?)',
        ),
        ('loadmodule "limits"', 'test.cfg:2:1: the module "limits" is loaded twice'),
        (
            'loadmodule "htabel.so"',
            'test.cfg:2:1: unknown module "htabel" (did you mean "htable"?)',
        ),
        (
            'modparam("limits", "label", "refuse")',
            "test.cfg:1:1: limits: cannot start with this label",
        ),
    ],
)
def test_refusals(line: str, message: str) -> None:
    assert problems('loadmodule "limits.so"\n' + line) == [message]


def test_a_module_of_kamailios_that_is_missing_here_is_a_warning() -> None:
    proxy = load_cfg_text('loadmodule "dispatcher.so"\nmodparam("dispatcher", "flags", 2)\n')
    (problem,) = proxy.proxy.problems
    assert problem.severity == "warning"
    assert '"dispatcher" is not part of sipproxy' in problem.message


def test_its_functions_are_errors() -> None:
    (problem,) = problems('loadmodule "dispatcher.so"\nrequest_route { ds_select_dst("1", "4"); }')
    assert problem == 'test.cfg:2:17: unknown function "ds_select_dst"'


def test_every_module_we_have_is_known_to_kamailio() -> None:
    assert {"htable", "sl", "tm"} <= kamailio_modules()
    assert module_class("no_such_module") is None


def test_names_of_later_versions() -> None:
    cfg = 'loadmodule "htable.so"\nrequest_route { sht_inc("t", "k"); }'
    assert problems(cfg) == [
        'test.cfg:2:17: unknown function "sht_inc" (it came with Kamailio 6.1; --compat 6.1 has it)'
    ]


def test_names_of_modules_that_are_not_loaded() -> None:
    in_pv = '(it is in the module "pv", which is not loaded)'
    assert problems(
        'loadmodule "xlog.so"\n'
        'request_route { sl_send_reply("200", "OK"); xlog("$rm"); xlgo("a"); }'
    ) == [
        'test.cfg:2:17: unknown function "sl_send_reply"'
        ' (it is in the module "sl", which is not loaded)',
        f"test.cfg:2:50: unknown pseudo-variable $rm {in_pv}",
        'test.cfg:2:58: unknown function "xlgo" (did you mean "xlog"?)',
    ]
    assert problems('loadmodule "xlog.so"\nrequest_route { xlog("$(null{s.len})"); }') == [
        f"test.cfg:2:22: unknown transformation {{s.len}} {in_pv}"
    ]


class Talks(Module, name="talks"):
    """A module that speaks of its cfg."""

    level = modparam(1, "a number")

    def remarks(self) -> list[Remark]:
        parameter = ("level", self.level) if self.level > 1 else None
        return [Remark("as loud as it goes", parameter=parameter)] if self.level else []

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> list[Remark]:
        found = f"{function} {arguments}"
        wrong = [Remark("not 13", "try 12", "error", argument=1)] if arguments[0] == 13 else []
        return [Remark(found), *wrong]

    @function()
    def say(self, ctx: Context, number: int, text: str = "") -> None:
        """Nothing."""


def told(text: str) -> list[tuple[int, int, str, str]]:
    proxy = load_cfg_text(f'loadmodule "talks.so"\n{text}', modules={"talks": Talks})
    return [(p.span.line, p.span.column, p.severity, p.message) for p in proxy.proxy.problems]


def test_remarks_stand_where_the_parameter_is_set() -> None:
    assert told("") == [(1, 1, "note", "as loud as it goes")]
    assert told('modparam("talks", "level", 0)') == []
    text = 'modparam("talks", "level", 2)\nmodparam("talks", "level", 3)'
    assert told(text) == [(3, 28, "note", "as loud as it goes")]


def test_remarks_on_calls_see_the_constants() -> None:
    quiet = 'loadmodule "pv.so"\nmodparam("talks", "level", 0)\nrequest_route {\n'
    calls = 'say(5, "a"); say("6", "$rU"); say($rc); say(2 + 3);\n}'
    assert [(column, message) for _, column, _, message in told(quiet + calls)] == [
        (1, "say (5, 'a')"),
        (14, "say ('6', None)"),
        (31, "say (None,)"),
        (41, "say (5,)"),
    ]


def test_an_error_about_a_call_refuses_the_cfg() -> None:
    with pytest.raises(CfgError) as caught:
        told("request_route { say(13); }")
    (problem,) = (p for p in caught.value.problems if p.severity == "error")
    assert (problem.span.column, problem.message, problem.hint) == (21, "not 13", "try 12")


def test_a_number_for_a_parameter_that_takes_both_is_its_digits() -> None:
    cfg = """#!KAMAILIO
        loadmodule "jsonrpcs.so"
        modparam("jsonrpcs", "fifo_user", 33)
        modparam("jsonrpcs", "fifo_group", "voip")
        request_route { exit; }"""
    module = load_cfg_text(cfg).host.modules["jsonrpcs"]
    assert vars(module)["fifo_user"] == "33"
    assert vars(module)["fifo_group"] == "voip"
    with pytest.raises(CfgError, match="fifo_name takes a string"):
        load_cfg_text(cfg.replace("fifo_user", "fifo_name"))
