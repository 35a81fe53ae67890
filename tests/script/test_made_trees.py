"""Trees that no parser made, as a tool that rewrites cfgs may make them: told, not compiled."""

import dataclasses

import pytest

from sipproxy.errors import CfgError
from sipproxy.program import load_text
from sipproxy.script import tree
from sipproxy.testing import ProxyUnderTest

CFG = """#!KAMAILIO
listen=udp:127.0.0.1:5060
loadmodule "pv.so"
request_route {{
    {}
}}
"""


def refused(statement: str, made: tree.Statement) -> list[str]:
    """The errors of a cfg whose only statement was replaced by another."""
    program = load_text(CFG.format(statement))
    *others, route = program.config.items
    assert isinstance(route, tree.Route)
    body = dataclasses.replace(route.body, statements=(made,))
    items = (*others, dataclasses.replace(route, body=body))
    config = dataclasses.replace(program.config, items=items)
    with pytest.raises(CfgError) as caught:
        ProxyUnderTest(dataclasses.replace(program, config=config))
    return [f"{p.span.line}: {p.message}" for p in caught.value.problems]


def statement_of(text: str) -> tree.Statement:
    route = load_text(CFG.format(text)).config.items[-1]
    assert isinstance(route, tree.Route)
    (statement,) = route.body.statements
    return statement


def test_what_is_no_value() -> None:
    statement = statement_of("$var(x) = 1;")
    assert isinstance(statement, tree.Assign)
    pattern = tree.Bareword(statement.value.span, "nothing")
    made = dataclasses.replace(statement, value=pattern)
    assert refused("$var(x) = 1;", made) == ["5: a value is expected here"]


def test_a_transport_that_does_not_exist() -> None:
    statement = statement_of("if (proto == UDP) exit;")
    assert isinstance(statement, tree.If)
    condition = statement.condition
    assert isinstance(condition, tree.Condition)
    word = tree.Bareword(condition.value.span, "CARRIER_PIGEON")
    made = dataclasses.replace(statement, condition=dataclasses.replace(condition, value=word))
    assert refused("if (proto == UDP) exit;", made) == [
        '5: "CARRIER_PIGEON" is no transport or address family'
    ]
