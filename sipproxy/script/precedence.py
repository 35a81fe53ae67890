"""From flat expressions to trees: one table of fourteen levels decides what binds to what.

Facts from Kamailio 5.6 `src/core/cfg.y`, verified by results.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sipproxy.core.values import wrap
from sipproxy.errors import Span
from sipproxy.script.tokens import Token
from sipproxy.script.tree import Bareword, Binary, Condition, Expr, Int, Ip, Myself, Unary

LEVELS: tuple[tuple[str, ...], ...] = (
    ("||", "or"),
    ("&&", "and"),
    ("|",),
    ("&",),
    ("^",),
    ("<<",),
    (">>",),
    ("==", "!=", "=~", "eq", "ne", "ieq", "ine"),
    (">", "<", ">=", "<="),
    ("+", "-"),
    ("*", "/", "mod"),
    ("!", "not", "~", "unary -"),
    ("defined",),
    ("int", "str"),
)
"""Loosest first. The last three are prefix operators: they take the next operand, whatever follows.

All binary operators group to the left. A core condition is one operand; its right side takes what
binds tighter than the condition's own operator.
"""

BINARY: Mapping[str, int] = MappingProxyType(
    {op: level for level, ops in enumerate(LEVELS[:11], 1) for op in ops}
)
CANONICAL = {"or": "||", "and": "&&", "not": "!"}
_PREFIXES = frozenset({"UNOP", "MINUS"})


class Group:
    """An operand in parentheses: the node inside and the place with the parentheses."""

    __slots__ = ("node", "span")

    def __init__(self, node: Expr, span: Span) -> None:
        self.node = node
        self.span = span


Item = Expr | Group | Token


def climb(items: Sequence[Item]) -> Expr:
    """The tree of a flat expression: prefix operators, operands and binary operators in a row."""
    first = items[0]
    if len(items) == 1 and not isinstance(first, Token):
        return first.node if isinstance(first, Group) else first
    return _Climber(items).binary(1)[0]


class _Climber:
    """One walk over a flat expression; each method returns a node and its whole place."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._at = 0

    def binary(self, least: int) -> tuple[Expr, Span]:
        """An expression of operators that bind at least so tightly."""
        left, span = self._operand()
        while self._at < len(self._items):
            operator = self._items[self._at]
            assert isinstance(operator, Token)
            level = BINARY[operator.text]
            if level < least:
                break
            self._at += 1
            right, end = self.binary(level + 1)
            span = span.to(end)
            name = CANONICAL.get(operator.text, operator.text)
            left = Binary(span, name, left, right, operator.span)
        return left, span

    def _operand(self) -> tuple[Expr, Span]:
        start = self._at
        while (item := self._items[self._at]).__class__ is Token and item.type in _PREFIXES:
            self._at += 1
        prefixes = self._items[start : self._at]
        node, span = self._primary()
        for prefix in reversed(prefixes):
            assert isinstance(prefix, Token)
            span = prefix.span.to(span)
            if prefix.text == "-" and isinstance(node, Int):
                node = Int(span, wrap(-node.value))
            else:
                node = Unary(span, CANONICAL.get(prefix.text, prefix.text), node)
        return node, span

    def _primary(self) -> tuple[Expr, Span]:
        item = self._items[self._at]
        self._at += 1
        if isinstance(item, Group):
            return item.node, item.span
        if not isinstance(item, Token):
            return item, item.span
        operator = self._items[self._at]
        assert isinstance(operator, Token)
        self._at += 1
        value, end = self._condition_value(BINARY[operator.text] + 1)
        span = item.span.to(end)
        return Condition(span, _SUBJECTS.get(item.text, item.text), operator.text, value), span

    def _condition_value(self, least: int) -> tuple[Expr, Span]:
        """What a core condition compares with. A bare word closes it: in `method==INVITE + 1` the
        condition is what 1 is added to."""
        word = self._items[self._at]
        if isinstance(word, Bareword | Ip | Myself):
            self._at += 1
            return word, word.span
        return self.binary(least)


_SUBJECTS = {"to_proto": "snd_proto", "to_af": "snd_af"}
