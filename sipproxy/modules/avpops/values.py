"""Values of AVPs: found, added, converted and compared (Kamailio avpops_impl.c)."""

import re
from collections.abc import Callable, Iterator

from sipproxy.core import values
from sipproxy.core.context import Context, XavpValue
from sipproxy.core.stored import AvpValue, plain
from sipproxy.core.values import INT_MAX, wrap
from sipproxy.modules.avpops.arguments import Comparison, Name, Operand, Xavp
from sipproxy.text import byte_length, encode, lower

LONGEST = 1023
"""Bytes of a text that is compared or pushed."""

_UINT = re.compile(r"\+?[0-9]*\Z")
_UINT_MAX = 2 * INT_MAX + 1


def of(ctx: Context, name: Name) -> list[AvpValue]:
    """The values of an AVP now, newest first; a list of its own."""
    key = name(ctx)
    return (
        [plain(v) for v in ctx.avps.get(key, ())] if key is not None and ctx.touched("avps") else []
    )


def add(ctx: Context, name: Name, value: AvpValue) -> None:
    """Add a value, which is the newest then."""
    key = name(ctx)
    if key is not None:
        ctx.avps.setdefault(key, []).insert(0, plain(value))


def remove(ctx: Context, name: Name, gone: int, *, behind: int) -> None:
    """Take away the value that was at `gone` before `behind` newer ones were added."""
    key = name(ctx)
    del ctx.avps[key][gone + behind]
    if not ctx.avps[key]:
        del ctx.avps[key]


def candidates(ctx: Context, operand: Operand) -> list[AvpValue | None] | None:
    """The values an operand has: several where it is an AVP; None where it has none.

    A None among them is a value that is neither number nor text.
    """
    if operand.name is not None:
        found: list[AvpValue | None] = [*of(ctx, operand.name)]
        return found or None
    if operand.xavp is not None:
        return _of_xavp(ctx, operand.xavp)
    if operand.access is None:
        return [operand.constant]
    value = operand.access.read(ctx)
    return ["" if value is None else value]


def _of_xavp(ctx: Context, xavp: Xavp) -> list[AvpValue | None] | None:
    roots: list[XavpValue] = ctx.xavps.get(xavp.root, []) if ctx.touched("xavps") else []
    at = xavp.root_index(ctx)
    root = roots[at] if -len(roots) <= at < len(roots) else None
    if not isinstance(root, list):
        return None
    found: list[AvpValue | None] = [value for name, value in root if name == xavp.child]
    index = xavp.child_index(ctx)
    index = index + len(found) if index < 0 else index
    if not 0 <= index < len(found):
        return None
    return found[index:] if xavp.every else [found[index]]


def to_unsigned(text: str) -> int:
    """A text as an unsigned number, as 32 bits; raises ValueError."""
    if not _UINT.match(text) or len(text) > 11 or int(text or "0") > _UINT_MAX:
        raise ValueError(f"cannot convert {text!r} to int")
    return wrap(int(text.lstrip("+") or "0"))


def as_text(value: AvpValue) -> str:
    """A value as text; of a negative number the digits of its 64 bits without a sign."""
    return str(value) if isinstance(value, str) else str(value & 0xFFFF_FFFF_FFFF_FFFF)


_INTS: dict[str, Callable[[int, int], object]] = {
    "eq": int.__eq__,
    "ne": int.__ne__,
    "lt": int.__lt__,
    "le": int.__le__,
    "gt": int.__gt__,
    "ge": int.__ge__,
    "and": int.__and__,
    "or": int.__or__,
    "xor": int.__xor__,
}


def fits(value: AvpValue, other: AvpValue, check: Comparison) -> bool | None:
    """Whether two values compare as asked; None where the two or the operator do not fit."""
    if isinstance(value, int) and isinstance(other, int):
        compare = _INTS.get(check.operator)
        return None if compare is None else bool(compare(value, other))
    if isinstance(value, str) and isinstance(other, str):
        return _texts_fit(value, other, check)
    return None


def _texts_fit(one: str, other: str, check: Comparison) -> bool | None:
    if check.operator in ("re", "fm"):
        return check.matches(one, other)
    if check.operator in ("eq", "ne"):
        same = lower(one) == lower(other) if "i" in check.flags else one == other
        return same is (check.operator == "eq")
    # Order never minds case (strncasecmp).
    first, second = encode(lower(one)), encode(lower(other))
    match check.operator:
        case "lt":
            return first < second
        case "le":
            return first <= second
        case "gt":
            return first > second
        case "ge":
            return first >= second
    return None


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": values.add_int,
    "sub": values.sub,
    "mul": values.mul,
    "div": values.div,
    "mod": values.mod,
    "and": values.band,
    "or": values.bor,
    "xor": values.bxor,
    "not": lambda value, other: ~other,
}


def computed(operator: str, value: int, other: int) -> int:
    """The result of an operation; raises EvalError for a division by 0."""
    return _OPERATIONS[operator](value, other)


def ints(found: list[AvpValue]) -> Iterator[tuple[int, int]]:
    """(place, number) of the numbers among values."""
    for place, value in enumerate(found):
        if isinstance(value, int):
            yield place, value


def is_long(value: AvpValue) -> bool:
    """Whether a text is longer than what is compared or pushed."""
    return isinstance(value, str) and byte_length(value) > LONGEST
