"""Which `$var`s can never be anything but ints.

A `$var` starts as int 0 and `$null` makes it 0, so one that is only ever given ints is an int, and
loops over it need no type tests. Anything that may write behind our back (a function that gets the
variable itself, a modparam, a name computed at run time) makes it unknown.
"""

import re
from collections.abc import Callable, Iterable

from sipproxy.script import tree
from sipproxy.script.fold import guess

_VAR = re.compile(r"\$\(?var\(([\w.?:=/-]+)\)\)?")
_MENTIONED = re.compile(r"\$\(?\s*var\(([^()]*)\)")


def variable_name(text: str) -> str | None:
    """`x` for `$var(x)`; None for any other pseudo-variable, and for one with transformations."""
    found = _VAR.fullmatch(text)
    return found[1] if found else None


def int_variables(
    nodes: Iterable[tree.Node], is_handed_over: Callable[[tree.Call, int], bool]
) -> frozenset[str]:
    """Names of the `$var`s that are ints at every moment.

    `is_handed_over(call, n)` tells whether the function gets its n-th argument (from 0) as a
    pseudo-variable that it may write to.
    """
    assigned: dict[str, list[tree.Expr]] = {}
    unknown: set[str] = set()
    for node in nodes:
        if isinstance(node, tree.Assign):
            name = variable_name(node.target.text)
            if name is not None:
                assigned.setdefault(name, []).append(node.value)
        elif isinstance(node, tree.Call):
            for number, argument in enumerate(node.args):
                if isinstance(argument, tree.Str | tree.Pv) and is_handed_over(node, number):
                    unknown.update(_MENTIONED.findall(argument.text))
    candidates = set(assigned) - unknown
    shrunk = True
    while shrunk:
        wrong = {
            name
            for name in candidates
            if not all(_is_int(value, candidates) for value in assigned[name])
        }
        candidates -= wrong
        shrunk = bool(wrong)
    return frozenset(candidates)


def _is_int(value: tree.Expr, ints: set[str]) -> bool:
    """Whether a value is an int, given that the variables in `ints` are."""
    while isinstance(value, tree.Binary) and value.op == "+":
        value = value.left
    if isinstance(value, tree.Pv):
        return value.text == "$null" or variable_name(value.text) in ints
    if isinstance(value, tree.Builtin) and value.name == "selval":
        return all(_is_int(v, ints) for v in value.args[1:])
    return guess(value) == "int"
