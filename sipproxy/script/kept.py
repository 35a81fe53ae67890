"""Pseudo-variables read once in a function: what comes from the received message stays the same."""

import re
from collections import Counter

from sipproxy.core.access import PvAccess
from sipproxy.script import tree

_NAME = re.compile(r"\$\(?([A-Za-z_]+)")


class Kept:
    """The locals of one function that hold values of fixed pseudo-variables.

    One that the function mentions once, outside of loops, is not worth a local.
    """

    def __init__(self, block: tree.Block) -> None:
        self._mentioned = _mentions(block)
        self.names: dict[tuple[str, bool], str] = {}
        """Local by the pseudo-variable's text, and whether it is as texts show it."""

    def local(self, access: PvAccess, *, shown: bool = False) -> str | None:
        """The local that keeps this one (as texts show it), None when it is not to be kept."""
        name = access.text.strip("$()")
        if access.transforms or not access.fixed or self._mentioned[name] < 2:
            return None
        return self.names.setdefault((access.text, shown), f"{'text' if shown else 'pv'}_{name}")


def _mentions(block: tree.Block) -> Counter[str]:
    """How often each pseudo-variable's name stands in texts; one in a loop counts again."""
    found: Counter[str] = Counter()
    for node in tree.walk(block):
        found.update(_names(node))
        if isinstance(node, tree.While):
            found.update(name for inner in tree.walk(node.body) for name in _names(inner))
    return found


def _names(node: tree.Node) -> list[str]:
    return _NAME.findall(node.text) if isinstance(node, tree.Str | tree.Pv) else []
