"""Code of a trace: none without a tracer; each action told once, before it runs."""

from typing import Any, TypeVar

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.module import Module, function
from sipproxy.core.sockets import ListenSocket
from sipproxy.core.tracing import Action, Hits, Step
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request
from sipproxy.testing.proxy import LOCAL

V = TypeVar("V")

CFG = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "tracer.so"
route[A] { return 1; }
request_route {
    $var(x) = act("one");
    if (act("two") && route(A)) act($rU);
    while ($var(x) > 1) $var(x) = 0;
    switch ($rU) { case "bob": setflag(1); }
    switch ($var(x)) { case 1: break; }
    exit;
}
"""


class Quiet(Module, name="tracer"):
    """A function to be traced."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.seen: list[str] = []

    @function()
    def act(self, ctx: Context, text: str) -> None:
        """Told after its trace."""
        self.seen.append(f"ran {text}")


class Tracer(Quiet, name="tracer"):
    """Keeps what it is told."""

    def start(self) -> None:
        self.host.trace = self.trace
        self.host.assigned = self.assigned

    def trace(self, ctx: Context, action: Action) -> None:
        where = f"{action.route}:{action.line}"
        self.seen.append(f"{where} {action.number} {action.name}")

    def assigned(self, ctx: Context, access: PvAccess) -> None:
        self.seen.append(f"{access.text} = {access.read(ctx)}")


def load(kind: type[Module]) -> ProxyUnderTest:
    return load_cfg_text(CFG, modules={"tracer": kind})


def test_each_action_is_told_before_it_runs() -> None:
    proxy = load(Tracer)
    proxy.feed(request())
    module: Any = proxy.host.modules["tracer"]
    main = "DEFAULT_ROUTE"
    assert module.seen == [
        *(f"{main}:6 63 assign", f"{main}:6 25 act", "ran one", "$var(x) = 1"),
        *(f"{main}:7 16 if", f"{main}:7 25 act", "ran two", f"{main}:7 5 route", "A:4 2 return"),
        *(f"{main}:7 32 act", "ran bob"),
        f"{main}:8 23 while",
        *(f"{main}:9 22 case", f"{main}:9 39 setflag"),
        *(f"{main}:10 21 switch", f"{main}:10 2 break"),
        f"{main}:11 2 exit",
    ]


def test_without_a_tracer_there_is_no_code_for_it() -> None:
    assert "trace" not in load(Quiet).proxy.compiled.source()
    assert "trace" in load(Tracer).proxy.compiled.source()


def test_each_statement_is_counted_where_somebody_counts() -> None:
    hits = Hits()
    program = load_text(COUNTED, file="count.cfg")
    proxy = Proxy(
        program,
        clock=VirtualClock(),
        chance=Chance(1),
        log=LogList(),
        sockets=[ListenSocket("udp", *LOCAL)],
        arrange=lambda host: setattr(host, "hits", hits),
    )
    for number, user in enumerate(("bob", "bob", "carol")):
        message = request(uri=f"sip:{user}@example.com", number=number)
        proxy.receive(message, Flow("udp", LOCAL, ("127.0.0.2", 5060)), 0.0)
    lines = {line: count for (_, line), count in hits.by_line().items()}
    assert lines == {3: 3, 4: 2, 5: 2, 6: 0, 9: 1, 10: 1, 11: 2, 13: 1, 14: 1}


def test_where_nobody_counts_there_is_no_code_for_it() -> None:
    assert "hits" not in load_cfg_text(COUNTED).proxy.compiled.source()


COUNTED = """loadmodule "pv.so"
request_route {
    if ($rU == "bob") {
        $var(x) = 1;
        exit;
        $var(never) = 1;
    }
    else {
        $var(n) = 0;
        while ($var(n) < 2) {
            $var(n) = $var(n) + 1;
        }
        switch ($rU) { case "carol": $var(c) = 1; break; }
        if ($rU == "dave") { $var(d) = 1; }
    }
}
"""


class Looks:
    """Keeps what an onlooker is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def runs(self, ctx: Context, step: Step) -> None:
        self.seen.append(f"{step.route}:{step.span.line}-{step.span.end_line}")

    def comes(self, ctx: Context, step: Step, value: V) -> V:
        self.seen.append(f"  {step.kind} {step.text}= {value}")
        return value


WATCHED = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "tracer.so"
loadmodule "xlog.so"
route[A] { return 1; }
request_route {
    $var(x) = $rm + "!";
    if (method == "OPTIONS" && act("$ci: $rU")) {
        $avp(y) = 2;
    }
    while ($avp(y) > 1) $avp(y) = $avp(y) - 1;
    switch ($rU) { case "bob": setflag(1); }
    route(A);
    $var(x) = $null;
}
"""


def looked_at(onlooker: Looks | None) -> Proxy:
    program = load_text(WATCHED, file="w.cfg")

    def arrange(host: Host) -> None:
        host.onlooker = onlooker

    return Proxy(
        program,
        clock=VirtualClock(),
        chance=Chance(1),
        log=LogList(),
        sockets=[ListenSocket("udp", *LOCAL)],
        modules={"tracer": Quiet},
        arrange=arrange,
    )


def test_an_onlooker_sees_each_statement_and_each_value() -> None:
    looks = Looks()
    proxy = looked_at(looks)
    proxy.receive(request(), Flow("udp", LOCAL, ("10.0.0.9", 5060)), 1.0)
    assert looks.seen == [
        "request_route:7-7",
        "  value $rm= OPTIONS",
        "  assigned $var(x)= OPTIONS!",
        "request_route:8-8",
        "  condition = True",
        "  value $ci= call-1",
        "  value $rU= bob",
        "  call act()= None",
        "  condition = True",
        "request_route:9-9",
        "  assigned $avp(y)= 2",
        "request_route:11-11",
        "  value $avp(y)= 2",
        "  condition = True",
        "request_route:11-11",
        "  value $avp(y)= 2",
        "  assigned $avp(y)= 1",
        "request_route:11-11",
        "  value $avp(y)= 1",
        "  condition = False",
        "request_route:12-12",
        "  value $rU= bob",
        "  value switch= bob",
        "request_route:12-12",
        "  call setflag()= None",
        "request_route:13-13",
        "route[A]:5-5",
        "request_route:14-14",
        "  value $null= None",
        "  assigned $var(x)= 0",
    ]


def test_without_an_onlooker_there_is_no_code_for_one() -> None:
    source = looked_at(None).compiled.source()
    assert "onlooker" not in source
    assert "onlooker" in looked_at(Looks()).compiled.source()
