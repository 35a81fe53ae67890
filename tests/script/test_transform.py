from typing import TypeVar

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text
from sipproxy.script.tree import (
    Address,
    Assign,
    AssignExpr,
    Attr,
    Bareword,
    BlockExpr,
    Builtin,
    Call,
    Condition,
    Evaluate,
    Expr,
    If,
    Int,
    Ip,
    Leave,
    Myself,
    Node,
    Pv,
    Regex,
    Route,
    RouteCall,
    Select,
    Statement,
    Str,
    Switch,
    UriPart,
    While,
)

N = TypeVar("N", bound=Node)


def route(text: str) -> Route:
    (item,) = parse_text(text).items
    assert isinstance(item, Route)
    return item


def statements(text: str) -> tuple[Statement, ...]:
    return route(f"route{{{text}}}").body.statements


def statement(kind: type[N], text: str) -> N:
    (found,) = statements(text)
    assert isinstance(found, kind)
    return found


def call(text: str) -> Call:
    found = statement(Evaluate, f"{text};").expr
    assert isinstance(found, Call)
    return found


def value(kind: type[N], text: str) -> N:
    found = statement(Assign, f"$x={text};").value
    assert isinstance(found, kind)
    return found


def columns(node: Node) -> tuple[int, int]:
    """Columns within the statement."""
    before = len("route{")
    return node.span.column - before, node.span.end_column - before


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("route", "request_route", ""),
        ("request_route", "request_route", ""),
        ("route[0]", "request_route", ""),
        ("reply_route", "reply_route", ""),
        ("onreply_route", "reply_route", ""),
        ("onreply_route[0]", "reply_route", ""),
        ("onreply_route[X]", "onreply_route", "X"),
        ('route["a b"]', "route", "a b"),
        ("route[007]", "route", "007"),
        ("failure_route[F]", "failure_route", "F"),
        ("branch_route", "branch_route", ""),
        ("onsend_route", "onsend_route", ""),
        ("event_route[a:b]", "event_route", "a:b"),
    ],
)
def test_routes(text: str, kind: str, name: str) -> None:
    found = route(f"{text} {{ ; }}")
    assert (found.kind, found.name, found.body.statements) == (kind, name, ())
    assert (found.span.column, found.span.end_column) == (1, len(text) + 7)
    assert found.body.span.column == len(text) + 2


def test_if_and_else() -> None:
    found = statement(If, "if ($a) exit; else if $b { drop; } else ;")
    assert isinstance(found.condition, Pv)
    assert len(found.then.statements) == 1
    assert found.otherwise is not None
    (inner,) = found.otherwise.statements
    assert isinstance(inner, If)
    assert inner.otherwise is not None
    assert inner.otherwise.statements == ()
    assert columns(found) == (1, 42)
    assert columns(inner) == (20, 42)
    assert columns(found.then) == (9, 13)


def test_an_else_belongs_to_the_nearest_if() -> None:
    found = statement(If, "if ($a) if ($b) exit; else drop;")
    assert found.otherwise is None
    (inner,) = found.then.statements
    assert isinstance(inner, If)
    assert inner.otherwise is not None


def test_while_and_switch() -> None:
    assert isinstance(statement(While, "while ($a) { exit; }").condition, Pv)
    found = statement(Switch, "switch ($a) { case 1: case -2: exit; ; default: break; }")
    labels = [case.label for case in found.cases]
    assert isinstance(labels[1], Int)
    assert labels[2] is None
    assert labels[1].value == -2
    assert [len(case.body.statements) for case in found.cases] == [0, 1, 1]
    assert columns(found.cases[1]) == (23, 39)
    assert statement(Switch, "switch ($a) { }").cases == ()
    (case,) = statement(Switch, "switch $a { case /'^b': exit; }").cases
    assert isinstance(case.label, Regex)
    assert (case.label.text, columns(case.label)) == ("^b", (19, 23))


def test_leaving() -> None:
    kinds = [s.kind for s in statements("exit; drop(); return; break;") if isinstance(s, Leave)]
    assert kinds == ["exit", "drop", "return", "break"]
    found = statement(Leave, "return -1;")
    assert isinstance(found.value, Int)
    assert (found.value.value, columns(found)) == (-1, (1, 10))


def test_assignments() -> None:
    found = statement(Assign, "$(var(x){s.len}) = $y;")
    assert isinstance(found.target, Pv)
    assert (found.target.text, columns(found)) == ("$(var(x){s.len})", (1, 22))
    target = statement(Assign, "$f.x[] = 1;").target
    assert isinstance(target, Attr)
    assert (target.text, target.index) == ("$f.x", "all")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5", Int),
        ("'a'", Str),
        ("$x", Pv),
        ("%x[-1]", Attr),
        ("@a.b", Select),
        ("f()", Call),
        ("isflagset(1)", Call),
        ("route(A)", RouteCall),
        ("strlen('a')", Builtin),
        ("selval($a, 1, 2)", Builtin),
        ("{ exit; }", BlockExpr),
        ("($y = 1)", AssignExpr),
        ("uri==myself", Condition),
        ("myself!=src_ip", Condition),
    ],
)
def test_operands_and_their_places(text: str, kind: type[Expr]) -> None:
    assert columns(value(kind, text)) == (4, 4 + len(text))


def test_calls() -> None:
    found = call("f ( 'a', $b + 1 )")
    assert (found.name, len(found.args), columns(found)) == ("f", 2, (1, 18))
    assert (found.name_span.column, found.name_span.end_column) == (7, 8)
    assert call("f()").args == ()


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("forward()", []),
        ("forward(a.b-c, 5)", [(Bareword, "a.b-c"), (Int, 5)]),
        ("forward(1.2.3.4)", [(Ip, "1.2.3.4")]),
        ("forward_tcp(uri:host, uri:port)", [(UriPart, "host"), (UriPart, "port")]),
        ("force_rport", []),
        ("force_rport()", []),
        ("setflag(NAM)", [(Bareword, "NAM")]),
        ("setflag(3)", [(Int, 3)]),
        ("log(1, 'x')", [(Int, 1), (Str, "x")]),
        ("remove_branch(-1)", [(Int, -1)]),
        ("udp_mtu_try_proto(TCP)", [(Bareword, "TCP")]),
        ("set_advertised_address(a.b)", [(Bareword, "a.b")]),
        ("setavpflag($x, f)", [(Pv, "$x"), (Bareword, "f")]),
        ("cfg_select('a', $x)", [(Str, "a"), (Pv, "$x")]),
    ],
)
def test_core_calls(text: str, args: list[tuple[type[Node], object]]) -> None:
    declared = "flags NAM avpflags f\nroute{"
    (*_, item) = parse_text(f"{declared}{text};}}").items
    assert isinstance(item, Route)
    (found,) = item.body.statements
    assert isinstance(found, Evaluate)
    assert isinstance(found.expr, Call)
    shown = [
        (type(arg), getattr(arg, "text", getattr(arg, "value", getattr(arg, "part", None))))
        for arg in found.expr.args
    ]
    assert shown == args
    assert found.expr.span.end_column - found.expr.span.column == len(text)


def test_a_socket_is_an_address() -> None:
    (socket,) = call("force_send_socket(udp:127.0.0.1:5060)").args
    assert isinstance(socket, Address)
    assert (socket.proto, socket.host, socket.port) == ("udp", "127.0.0.1", 5060)


def test_static_route_names_are_strings() -> None:
    for text, name in (("route(A)", "A"), ("route(5)", "5"), ("route('x y')", "x y")):
        found = value(RouteCall, text)
        assert isinstance(found.name, Str)
        assert found.name.text == name
    assert isinstance(value(RouteCall, "route($x)").name, Pv)


@pytest.mark.parametrize(
    ("text", "subject", "op", "kind"),
    [
        ("method==INVITE", "method", "==", Bareword),
        ("method=~'x'", "method", "=~", Str),
        ("uri!=myself", "uri", "!=", Myself),
        ("myself==from_uri", "from_uri", "==", Myself),
        ("src_ip==10.0.0.0/8", "src_ip", "==", Ip),
        ("src_ip==a.b-c", "src_ip", "==", Bareword),
        ("dst_ip eq $x", "dst_ip", "eq", Pv),
        ("af==INET6", "af", "==", Int),
        ("to_af==2", "snd_af", "==", Int),
        ("proto==TLS", "proto", "==", Bareword),
        ("to_proto!=1", "snd_proto", "!=", Int),
        ("msg:len>=5", "msg:len", ">=", Int),
    ],
)
def test_conditions(text: str, subject: str, op: str, kind: type[Expr]) -> None:
    found = value(Condition, text)
    assert (found.subject, found.op) == (subject, op)
    assert isinstance(found.value, kind)
    assert columns(found) == (4, 4 + len(text))


def test_nets() -> None:
    for text, address, mask in (
        ("10.0.0.0/255.0.0.0", "10.0.0.0", "255.0.0.0"),
        ("[fe80::1]/64", "fe80::1", "64"),
        ("::1", "::1", ""),
    ):
        found = value(Condition, f"src_ip=={text}").value
        assert isinstance(found, Ip)
        assert (found.text, found.mask) == (address, mask)
        assert columns(found) == (12, 12 + len(text))


def test_the_first_argument_may_be_left_out_as_kamailio_allows() -> None:
    assert len(call("f(,1)").args) == 1


def test_a_pattern_of_a_case_that_is_no_string() -> None:
    """A number is a label like others, and what is not constant is none."""
    parse_text("request_route { switch ($rU) { case /5: exit; } }")
    with pytest.raises(CfgError, match="the label of a case is a constant"):
        parse_text("request_route { switch ($rU) { case /$var(x): exit; } }")
