"""Calls: how each kind of parameter takes what a cfg writes, arity, masks, names."""

from collections.abc import Callable, Iterable
from typing import Any, Self, cast

import pytest

from sipproxy.core.access import Format, PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Constant, Module, Remark, function
from sipproxy.core.params import Filled, FlagNumber, Parsed, Plain, RouteName, Unread, VarOrText
from sipproxy.core.values import Value
from sipproxy.errors import CfgError
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg_text

HEAD = """#!KAMAILIO
listen=udp:127.0.0.1:5060
flags named:7
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "kinds.so"
"""


class Even(Parsed):
    """An even number, read at load."""

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        if int(text) % 2:
            raise ValueError(f"{text} is odd")
        return cls(int(text))


class Kinds(Module, name="kinds"):
    """Functions that remember what they were given."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.given: list[object] = []

    def _take(self, *values: object) -> int:
        self.given.extend(values)
        return 1

    @function()
    def text(self, ctx: Context, text: str) -> int:
        """A text."""
        return self._take(text)

    @function()
    def number(self, ctx: Context, number: int) -> int:
        """A number."""
        return self._take(number)

    @function()
    def value(self, ctx: Context, value: Value) -> int:
        """A value."""
        return self._take(value)

    @function()
    def plain(self, ctx: Context, text: Plain) -> int:
        """A literal text."""
        return self._take(text)

    @function()
    def filled(self, ctx: Context, text: Filled | None) -> int:
        """A text that is not empty."""
        return self._take(text)

    @function()
    def lone(self, ctx: Context, text: VarOrText | None) -> int:
        """One variable or a literal text."""
        return self._take(text)

    @function()
    def late(self, ctx: Context, text: Format) -> int:
        """A text built when it is asked for."""
        return self._take(text(ctx))

    @function()
    def variable(self, ctx: Context, access: PvAccess) -> int:
        """A variable to write to."""
        access.write(ctx, 99)
        return self._take(access.text)

    @function()
    def flag(self, ctx: Context, flag: FlagNumber) -> int:
        """A flag."""
        return self._take(flag)

    @function()
    def goes_to(self, ctx: Context, route: RouteName) -> int:
        """A route."""
        return self._take(route)

    @function()
    def even(self, ctx: Context, number: Even) -> int:
        """An even number."""
        return self._take(number.number)

    @function()
    def unread(self, ctx: Context, what: Unread) -> int:
        """Whatever stands there is not looked at."""
        return self._take(what)

    @function()
    def many(self, ctx: Context, *texts: str) -> bool:
        """Any number of texts."""
        self.given.extend(texts)
        return len(texts) > 1

    @function()
    def some(self, ctx: Context, one: str, two: int = 2) -> None:
        """One or two."""
        self._take(one, two)

    @function(name="over")
    def over_nothing(self, ctx: Context) -> int:
        """Without parameters."""
        return self._take("none")

    @function(name="over")
    def over_two(self, ctx: Context, one: str, two: str) -> int:
        """With two."""
        return self._take("two")

    @function("FAILURE")
    def in_failure(self, ctx: Context) -> int:
        """In failure routes only."""
        return 1

    @function()
    async def later(self, ctx: Context, text: str) -> int:
        """Asynchronous."""
        await self.host.sleep(1)
        return self._take(text)


def load(text: str) -> ProxyUnderTest:
    return load_cfg_text(HEAD + text, modules={"kinds": Kinds})


def given(proxy: ProxyUnderTest) -> list[object]:
    module = proxy.host.modules["kinds"]
    assert isinstance(module, Kinds)
    return module.given


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('text("a $rU b")', "a bob b"),
        ('text("")', ""),
        ("text($rU)", "bob"),
        ('text("x" + 5 + $rU)', "x5bob"),
        ("text(5)", "5"),
        ('unread("$nothing(x)")', None),
        ("unread(5)", None),
        ("number(5)", 5),
        ('number("5")', 5),
        ('number("0x10")', 16),
        ('number("$var(n)")', 4),
        ("number($var(n) + 1)", 5),
        ('number("-3")', -3),
        ("value($null)", None),
        ("value($var(n) + 1)", 5),
        ('value("$rU")', "$rU"),
        ('plain("$rU")', "$rU"),
        ("plain(5)", "5"),
        ('filled("a $rU b")', "a bob b"),
        ('filled("$rU")', "bob"),
        ('filled("$avp(no)")', None),
        ('filled("a$avp(no)")', "a<null>"),
        ("filled($rU)", "bob"),
        ('lone("$rU")', "bob"),
        ('lone("a $rU b")', "a $rU b"),
        ('lone("ab")', "ab"),
        ('lone("$avp(no)")', None),
        ('late("to $rU")', "to bob"),
        ('late("")', ""),
        ('variable("$var(out)")', "$var(out)"),
        ("variable($var(out))", "$var(out)"),
        ("flag(3)", 3),
        ('goes_to("OTHER")', "OTHER"),
        ('goes_to("0")', "0"),
        ('even("4")', 4),
        ("over()", "none"),
        ('over("a", "b")', "two"),
    ],
)
def test_what_a_function_gets(sip: Messages, call: str, expected: object) -> None:
    proxy = load(f"request_route {{ $var(n) = 4; {call}; }} route[OTHER] {{ return; }}")
    assert not proxy.feed(sip.options("bob")).fault
    assert given(proxy) == [expected]


def test_optional_and_repeated_parameters(sip: Messages) -> None:
    proxy = load('request_route { some("a"); some("b", 3); many(); many("x", "$rU", 7); }')
    proxy.feed(sip.options("bob"))
    assert given(proxy) == ["a", 2, "b", 3, "x", "bob", "7"]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("txet(1)", 'test.cfg:8:3: unknown function "txet" (did you mean "text"?)'),
        ("text()", "test.cfg:8:3: text() takes 1 parameters, 0 given"),
        ('some("a", 1, 2)', "some() takes 1 to 2 parameters, 3 given"),
        ('over("a")', "over() takes 0 or 2 parameters, 1 given"),
        ("in_failure()", "in_failure() cannot be used in request_route"),
        ('number("five")', 'parameter 1 of number: "five" is no number'),
        ('filled("")', "an empty text is not allowed"),
        ('lone("")', "an empty text is not allowed"),
        ("plain($rU)", "parameter 1 of plain: not a constant"),
        ('variable("x")', "parameter 1 of variable: a pseudo-variable is expected"),
        ("flag(32)", "parameter 1 of flag: flag 32 is not between 0 and 31"),
        ("flag($var(x))", "a flag's number or declared name is expected"),
        ('even("3")', "parameter 1 of even: 3 is odd"),
        ('text("$nope")', "unknown pseudo-variable $nope"),
        ('late("$nope")', "unknown pseudo-variable $nope"),
        ("route(NOPE)", 'route "NOPE" is not defined'),
        ("if (nope()) exit", 'unknown function "nope"'),
        ("$var(x) = route(NOPE)", 'route "NOPE" is not defined'),
    ],
)
def test_refusals(call: str, problem: str) -> None:
    with pytest.raises(CfgError) as caught:
        load(f"request_route {{\n  {call};\n}}")
    assert problem in str(caught.value)
    assert len(caught.value.problems) == 1


def test_compat_30_allows_empty_arguments(sip: Messages) -> None:
    text = HEAD.replace("#!KAMAILIO\n", "#!KAMAILIO\n#!sipproxy compat=3.0\n")
    cfg = text + 'request_route { filled(""); lone(""); }'
    proxy = load_cfg_text(cfg, modules={"kinds": Kinds})
    proxy.feed(sip.options("bob"))
    assert given(proxy) == ["", ""]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(CfgError) as caught:
        load("request_route { one(); two(); }\nroute[A] { three(); }")
    assert [problem.span.line for problem in caught.value.problems] == [7, 7, 8]


def test_an_unknown_name_of_a_route_is_a_warning() -> None:
    (problem,) = load('request_route { goes_to("OTHR"); } route[OTHER] { exit; }').proxy.problems
    assert (problem.severity, problem.hint) == ("warning", 'did you mean "OTHER"?')


def test_waiting_in_expressions_blocks_and_computed_routes(sip: Messages) -> None:
    proxy = load(
        """request_route {
             if ({ later("block"); } && later("test")) many("yes", "1");
             $var(n) = "WAITS"; $var(c) = 1 + route($var(n));
             $var(n) = "PLAIN"; route($var(n));
             $var(n) = "NOWHERE"; route($var(n)); $var(d) = route($var(n));
             value($var(c)); value($var(d));
           }
           route[WAITS] { later("route"); return 4; }
           route[PLAIN] { text("plain"); }"""
    )
    proxy.feed(sip.options("bob"))
    for _ in range(5):
        proxy.advance(1)
    expected = ["block", "test", "yes", "1", "route", "plain", 2, -10]
    assert given(proxy) == expected
    assert proxy.proxy.compiled.routes["request_route"].suspends
    assert not proxy.proxy.compiled.routes["route[PLAIN]"].suspends


WITH_NUMBERS = """
loadmodule "kinds.so"
request_route {{
    $var(n) = 7; $var(s) = "7";
    if (number({argument})) {{ xlog("taken"); }} else {{ xlog("left out"); }}
    number_or_none({argument});
    text_or_none({argument});
}}
"""


class Numbers(Module, name="kinds"):
    """A function that answers yes whatever number it is given."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.given: list[int | str | None] = []

    @function()
    def number(self, ctx: Context, number: int) -> bool:
        """A number."""
        self.given.append(number)
        return True

    @function()
    def number_or_none(self, ctx: Context, number: int | None) -> bool:
        """A number, or None."""
        self.given.append(number)
        return True

    @function()
    def text_or_none(self, ctx: Context, text: str | None) -> bool:
        """A text, or None."""
        self.given.append(text)
        return True


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ('"$var(n)"', [7, 7, "7"]),
        ('"$var(s)"', [None, "7"]),
        ('"$avp(none)"', [None, None]),
        ("$var(s)", [7, 7, "7"]),
        ("$avp(none)", [0, 0, ""]),
        ('"7"', [7, 7, "7"]),
    ],
)
def test_a_quoted_variable_without_an_int_leaves_the_call_out(
    argument: str, given: list[int | str | None]
) -> None:
    head = HEAD.replace('loadmodule "kinds.so"\n', "")
    cfg = head + WITH_NUMBERS.format(argument=argument)
    proxy = load_cfg_text(cfg, modules={"kinds": Numbers})
    log = [line.strip() for line in proxy.feed(Messages().request("OPTIONS")).log]
    assert cast(Numbers, proxy.host.modules["kinds"]).given == given
    assert log == ["left out" if len(given) == 2 else "taken"]


class Odd(Module, name="odd"):
    """Functions with what few modules have: a tail of parameters, remarks, two colours."""

    @function()
    def tail(self, ctx: Context, first: str, *others: str) -> bool:
        """One text or more."""
        return len(others) > 0

    @function()
    def quiet(self, ctx: Context) -> None:
        """No result."""

    @function(name="coloured")
    async def coloured_one(self, ctx: Context, text: str) -> bool:
        """Waits."""
        await self.host.sleep(1)
        return True

    @function(name="coloured")
    def coloured_two(self, ctx: Context, one: str, two: str) -> bool:
        """Does not."""
        return False

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterable[Remark]:
        """A bad word is an error at its place, a bad function at its own."""
        if "bad" in arguments:
            yield Remark("a bad word", "", "error", arguments.index("bad") + 1)
        if function == "quiet":
            yield Remark("quiet() does nothing", "", "error")


def odd(body: str) -> ProxyUnderTest:
    head = HEAD.replace("kinds.so", "odd.so")
    return load_cfg_text(head + body, modules={"odd": Odd})


def test_a_tail_of_parameters() -> None:
    proxy = odd('request_route { if (tail("a", "b", 3)) xlog("more"); tail("a"); xlog("$rc"); }')
    assert list(proxy.feed(Messages().request("OPTIONS")).log) == ["more", "-1"]
    with pytest.raises(CfgError, match=r"tail\(\) takes 1 or more parameters, 0 given"):
        odd("request_route { tail(); }")


def test_remarks_stand_at_the_argument_or_at_the_call() -> None:
    with pytest.raises(CfgError) as caught:
        odd('request_route {\ntail("good", "bad");\nquiet();\n}')
    found = [(p.message, p.span.line, p.span.column) for p in caught.value.problems]
    assert found == [("a bad word", 8, 14), ("quiet() does nothing", 9, 1)]


def test_the_overload_decides_whether_a_route_waits() -> None:
    proxy = odd(
        'request_route { if ($rU == "bob") route(NOW); else route(LATER); }\n'
        'route[NOW] { coloured("a", "b"); xlog("$rc"); }\n'
        'route[LATER] { coloured("a"); xlog("$rc"); }\n'
    )
    routes = proxy.proxy.compiled.routes
    assert {name: route.suspends for name, route in routes.items()} == {
        "request_route": True, "route[NOW]": False, "route[LATER]": True,
    }  # fmt: skip


def test_a_function_without_a_result_has_the_code_1(
    lines: Callable[[str], list[str]],
) -> None:
    class Silent(Odd, name="odd"):
        def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterable[Remark]:
            return ()

    head = HEAD.replace("kinds.so", "odd.so")
    text = 'request_route { route(A); quiet(); xlog("$rc"); }\nroute[A] { return -5; }'
    proxy = load_cfg_text(head + text, modules={"odd": Silent})
    assert list(proxy.feed(Messages().request("OPTIONS")).log) == ["1"]


def test_a_flag_by_its_name(lines: Callable[[str], list[str]]) -> None:
    body = 'flags FIRST:3\nrequest_route { setflag(FIRST); if (isflagset(3)) xlog("$mF"); }'
    assert lines(body) == ["00000008"]


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ('"$rp"', [5060, 5060, "5060"]),
        ('"$rm"', [512, 512, "OPTIONS"]),
        ("$rm", [512, 512, "OPTIONS"]),
    ],
)
def test_variables_with_a_number_beside_their_text(
    argument: str, given: list[int | str | None]
) -> None:
    head = HEAD.replace('loadmodule "kinds.so"\n', "")
    proxy = load_cfg_text(head + WITH_NUMBERS.format(argument=argument), modules={"kinds": Numbers})
    proxy.feed(Messages().request("OPTIONS"))
    assert cast(Numbers, proxy.host.modules["kinds"]).given == given


def test_a_stub_of_a_test_makes_no_remarks(sip: Messages) -> None:
    proxy = load_cfg_text(
        HEAD + "request_route { elsewhere($rU); }",
        modules={"kinds": Kinds},
        stubs={"elsewhere": True},
    )
    proxy.feed(sip.options("bob"))
    assert proxy.calls["elsewhere"] == [("bob",)]
