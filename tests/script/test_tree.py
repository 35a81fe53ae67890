"""Walking the tree: every inner node is met once, outer ones first."""

import dataclasses

from sipproxy.script import tree
from sipproxy.script.parse import parse_text

TEXT = """request_route {
  if ($rU == "a" && !route(X)) { $var(a) = (int)$avp(b) + 1; } else exit;
  while (method==INVITE) { switch ($rm) { case "A": break; default: xlog("x"); } }
  return selval($var(a), ($var(b) = 1), { log("x"); });
}
"""


def test_walk_meets_every_node_that_a_field_holds() -> None:
    (route,) = parse_text(TEXT).items
    met = list(tree.walk(route))
    assert met[0] is route
    assert len({id(node) for node in met}) == len(met)
    held = 0
    for node in met:
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            inner = value if isinstance(value, tuple) else (value,)
            held += sum(isinstance(one, tree.Node) for one in inner)
    assert held == len(met) - 1
    kinds = {type(node).__name__ for node in met}
    assert {"If", "While", "Switch", "Case", "Leave", "Builtin", "AssignExpr", "BlockExpr"} <= kinds
