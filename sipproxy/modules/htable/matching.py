"""Which cells an expression means: `$shtcn`, `$shtcv`, sht_rm_name, sht_match_name and the like.

Names are matched as they are, values only where they are texts. Regular expressions are POSIX
extended, ignore case and treat lines apart. Kamailio: ht_count_cells_re, ht_rm_cell_re,
ht_match_cell_op_str in modules/htable/ht_api.c.
"""

from collections.abc import Callable

from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.values import INT_MAX, INT_MIN
from sipproxy.modules.htable.store import Cell
from sipproxy.modules.htable.table import Table

TextTest = Callable[[str], object]
CellTest = Callable[[str, Cell], object]
Place = Callable[[TextTest], CellTest]
"""Where a text is looked for: :func:`on_names` or :func:`on_values`."""

_COUNT_PREFIXES = ("~~", "~%", "%~", "==", "eq", "**")


def text_test(operator: str, operand: str) -> TextTest | None:
    """The test `re eq ne sw ew in` stands for, None for another word. Raises RegexError."""
    match operator:
        case "re":
            return compile_regex(operand, ignore_case=True, newline=True).search
        case "eq":
            return operand.__eq__
        case "ne":
            return operand.__ne__
        case "sw":
            return lambda text: text.startswith(operand)
        case "ew":
            return lambda text: text.endswith(operand)
        case "in":
            return lambda text: operand in text
    return None


def on_names(test: TextTest) -> CellTest:
    """The test of a cell's name."""
    return lambda name, _: test(name)


def on_values(test: TextTest) -> CellTest:
    """The test of a cell's value; numbers never pass."""
    return lambda _, cell: isinstance(cell[0], str) and test(cell[0])


def count(table: Table, expression: str, place: Place, now: float) -> int:
    """`$shtcn` (place on_names) and `$shtcv` (on_values). Raises RegexError.

    Expired cells count, save by the rules of Kamailio 6.1; `**` counts them there too.
    """
    prefix, operand = expression[:2], expression[2:]
    if prefix not in _COUNT_PREFIXES:
        prefix, operand = "~~", expression
    if prefix == "**":
        return len(table.store)
    if not operand:
        return 0
    if prefix == "eq":
        if place is on_names:
            return 0
        number = leading_int(operand)
        return sum(cell[0] == number for _, cell in table.counted(now))
    operator = {"~~": "re", "~%": "ew", "%~": "sw", "==": "eq"}[prefix]
    text = text_test(operator, operand)
    assert text is not None
    test = place(text)
    return sum(bool(test(name, cell)) for name, cell in table.counted(now))


def leading_int(text: str) -> int:
    """The number a text begins with, held at the limits of 32 bits; 0 for none (str2sint)."""
    sign = -1 if text[:1] == "-" else 1
    digits = text[1:] if text[:1] in ("+", "-") else text
    rest = digits.lstrip("0123456789")
    number = digits[: len(digits) - len(rest)].lstrip("0")[:11]
    return min(max(sign * int(number or "0"), INT_MIN), INT_MAX)
