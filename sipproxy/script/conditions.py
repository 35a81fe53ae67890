"""Core conditions to Python expressions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from sipproxy.core import conditions as core
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.script import tree
from sipproxy.script.codes import Code

if TYPE_CHECKING:
    from sipproxy.script.expressions import Expressions

_TEXT = {"uri": core.uri_text, "from_uri": core.from_uri, "to_uri": core.to_uri}
_ADDRESS = {
    "src_ip": "flow.remote",
    "dst_ip": "flow.local",
    "snd_ip": "flow.local",
    "to_ip": "flow.remote",
}
_PORT = {
    "src_port": "flow.remote",
    "dst_port": "flow.local",
    "snd_port": "flow.local",
    "to_port": "flow.remote",
}
_NUMBER = {
    "proto": core.proto_number,
    "snd_proto": core.proto_number,
    "to_proto": core.proto_number,
    "af": core.family,
    "snd_af": core.family,
    "msg:len": core.message_length,
}
_OPS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "<": ast.Lt,
    ">": ast.Gt,
    "<=": ast.LtE,
    ">=": ast.GtE,
}


def condition(build: Expressions, expr: tree.Condition) -> ast.expr:
    """A test for one core condition."""
    emit = build.emit
    emit.span = expr.span
    subject = expr.subject
    if subject in ("method", "status") or subject in _TEXT:
        return _text(build, expr)
    if subject in _ADDRESS:
        return _address(build, expr)
    if subject in _PORT:
        pair = emit.attribute(emit.name("c"), _PORT[subject])
        node: ast.expr = ast.Subscript(pair, emit.const(1), ast.Load())
        emit.at(node)
    else:
        number = _NUMBER[subject]
        node = emit.call(emit.bind(number, number.__name__), emit.name("c"))
    value = _number(build, expr.value)
    emit.span = expr.span
    if value.type == "int":
        return emit.compare(node, _OPS[expr.op](), value.node)
    test = emit.bind(core.number_is, "number_is")
    op = {"eq": "==", "ne": "!="}.get(expr.op, expr.op)
    return emit.call(test, node, emit.const(op), value.node)


def _number(build: Expressions, value: tree.Expr) -> Code:
    """A port, length, transport or address family."""
    if isinstance(value, tree.Bareword):
        word = value.text.lower()
        known = PROTO_NUMBER | {"inet": 2, "ipv4": 2, "inet6": 10, "ipv6": 10}
        if word not in known:
            build.scope.error(value.span, f'"{value.text}" is no transport or address family')
        build.emit.span = value.span
        return Code(build.emit.const(known.get(word, 0)), "int")
    return build.value(value)


def _text(build: Expressions, expr: tree.Condition) -> ast.expr:
    emit = build.emit
    if expr.subject == "method":
        subject = emit.attribute(emit.name("c"), "msg.method")
    else:
        reader = _TEXT.get(expr.subject, core.uri_text)
        subject = emit.call(emit.bind(reader, reader.__name__), emit.name("c"))
    if isinstance(expr.value, tree.Myself):
        test = emit.call(emit.bind(core.is_myself, "is_myself"), emit.name("c"), subject)
        return emit.invert(test) if expr.op in ("!=", "ne") else test
    if expr.op == "=~":
        if isinstance(expr.value, tree.Str):
            return build.operators.search(expr.value, subject, expr.span)
        return build.operators.matched(subject, expr.value, expr.span)
    helper = core.same if expr.op in ("==", "eq") else core.differs
    right = _word(build, expr.value)
    emit.span = expr.span
    return emit.call(emit.bind(helper, helper.__name__), subject, right)


def _word(build: Expressions, value: tree.Expr) -> ast.expr:
    if isinstance(value, tree.Bareword | tree.Ip):
        build.emit.span = value.span
        return build.emit.const(value.text)
    return build.text(value)


def _address(build: Expressions, expr: tree.Condition) -> ast.expr:
    emit = build.emit
    pair = emit.attribute(emit.name("c"), _ADDRESS[expr.subject])
    subject: ast.expr = ast.Subscript(pair, emit.const(0), ast.Load())
    emit.at(subject)
    value = expr.value
    if expr.op == "=~":
        if isinstance(value, tree.Str):
            return build.operators.search(value, subject, expr.span)
        return build.operators.matched(subject, value, expr.span)
    if isinstance(value, tree.Myself):
        own = emit.bind(core.is_own_address, "is_own_address")
        test = emit.call(own, emit.name("c"), subject)
    elif isinstance(value, tree.Ip):
        try:
            net = core.Net(value.text, value.mask)
        except ValueError as error:
            build.scope.error(value.span, str(error))
            return emit.const(0)
        test = emit.compare(subject, ast.In(), emit.bind(net, "net"))
    else:
        right = _word(build, value)
        emit.span = expr.span
        test = emit.call(emit.bind(core.in_net, "in_net"), emit.name("c"), subject, right)
    return emit.invert(test) if expr.op in ("!=", "ne") else test
