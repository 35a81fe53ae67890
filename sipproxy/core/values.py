"""The value rules of the cfg language: what `+`, `==`, `<`, truth and casts make of a value.

A value is a 32-bit signed int, a string, or None: undefined, what `$null` and an unset AVP give.
Kamailio's rules (5.6, core/rvalue.c), as observed on the running server:

* String to int (`to_int`): one optional sign and decimal digits, leading zeros allowed; it must fit
  32 bits. Failing that `0x` or `0X` and at least one hexadecimal digit, of which the low 32 bits
  count. All else is 0, silently: "", "+", " 5", "5 ", "12abc", "2147483648", "-0x1F", "0x".
* Arithmetic wraps to 32 bits; `/` and `mod` truncate to zero as C does.

**An expression is evaluated either as a value or as an int**, and the place decides. As a value:
the right side of `=`, the operands of `+`, `==`, `!=`, `eq`, `ne`, `=~`, `strlen`, `strempty`
and `(str)`, the arguments of functions. As an int: the condition of `if` and `while`, `return`,
the operands of `- * / mod < > <= >= ieq ine & | ^ << >> && || ! ~`, `(int)`, and the *right* side
of `+`, `==` or `!=` whose left side turned out to be an int. Only `+` cares: as an int it is
`add_int` (both sides converted), as a value `add` (the left side's type decides). With
`$avp(s) = "5"`, `$avp(r) = $avp(s) + 1` gives "51" but `if ($avp(s) + 1 == 51)` compares
"51", and `if ($avp(s) + 1 > 5)` compares 6. `selval` exists as a value only: where an int is
wanted the statement fails, unless all of it is constant; and as a value it gives "" for undefined.

**An optimiser goes over the parsed expression first** (rve_optimize, rve_opt_01), and it shows:

* `e == ""` and `"" == e` are `strempty(e)`, so `$var(i) == ""` is false for 0; `!=` is not touched
  and is false there too.
* `e || 0`, `e && 1`, `e * 1`, `e | 0`, `e - 0`, `e / 1`, a sum of ints with 0, and their mirror
  images are `(int)e`: a negative number stays one, and a function or route gives its own code.
* `e * 0`, `e & 0`, `e && 0`, `0 / e`, `0 mod e` are 0 and `e || 1` is 1; `e` is never evaluated,
  nor any function in it called.

Comparisons and tests return bool. Where the cfg uses the outcome as a value, it must become an int
(`int(...)`): no function here accepts a bool as an operand.
"""

from typing import TypeAlias

from sipproxy.errors import SipproxyError
from sipproxy.text import byte_length

Value: TypeAlias = int | str | None

INT_MIN = -0x8000_0000
INT_MAX = 0x7FFF_FFFF


class EvalError(SipproxyError):
    """An expression has no value (division by zero, a bad regular expression).

    The statement it stands in fails: an assignment leaves the old value, a condition is false.
    """


def wrap(i: int) -> int:
    """The 32-bit signed int that the low 32 bits of `i` mean."""
    if INT_MIN <= i <= INT_MAX:
        return i
    return ((i + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


# Conversions


def to_int(v: Value) -> int:
    """`v` as an int; a string that is no number is 0, and so is undefined."""
    if v.__class__ is int:
        return v
    if not isinstance(v, str) or not v:
        return 0
    if len(v) < 10 and v.isdigit() and v.isascii():
        return int(v)
    return _parse_int(v)


def _parse_int(text: str) -> int:
    digits = text[1:] if text[0] in "+-" else text
    if not digits.strip("0123456789"):
        digits = digits.lstrip("0")
        if len(digits) > 10:
            return 0
        number = int(digits or "0")
        if text[0] == "-":
            number = -number
        return number if INT_MIN <= number <= INT_MAX else 0
    digits = text[2:]
    if text[:2] in ("0x", "0X") and digits and not digits.strip("0123456789abcdefABCDEF"):
        return wrap(int(digits[-8:], 16))
    return 0


def to_str(v: Value) -> str:
    """`v` as a string: decimal digits of an int, "" for undefined."""
    if v.__class__ is str:
        return v
    return "" if v is None else str(v)


cast_int = to_int
cast_str = to_str


# Arithmetic


def add(a: Value, b: Value) -> int | str:
    """`a + b` as a value: a sum when `a` is an int, else (string or undefined) both joined."""
    if a.__class__ is int:
        r: int = a + (b if b.__class__ is int else to_int(b))
        return r if INT_MIN <= r <= INT_MAX else wrap(r)
    return to_str(a) + to_str(b)


def add_all(first: Value, *others: Value) -> int | str:
    """`first + b + c + ...` as a value: a sum when `first` is an int, else all joined."""
    if first.__class__ is int:
        return wrap(sum(map(to_int, others), first))
    return to_str(first) + "".join(map(to_str, others))


def add_int(a: Value, b: Value) -> int:
    """`a + b` where an int is wanted: a sum, whatever the types."""
    r = to_int(a) + to_int(b)
    return r if INT_MIN <= r <= INT_MAX else wrap(r)


def sub(a: Value, b: Value) -> int:
    """`a - b`."""
    r = to_int(a) - to_int(b)
    return r if INT_MIN <= r <= INT_MAX else wrap(r)


def mul(a: Value, b: Value) -> int:
    """`a * b`."""
    return wrap(to_int(a) * to_int(b))


def div(a: Value, b: Value) -> int:
    """`a / b`, truncated to zero. Raises EvalError when `b` is 0.

    -2147483648 / -1 wraps to -2147483648; it is the one division that kills a Kamailio process.
    """
    x, y = to_int(a), to_int(b)
    if not y:
        raise EvalError("division by zero")
    q = abs(x) // abs(y)
    return wrap(q if (x < 0) is (y < 0) else -q)


def mod(a: Value, b: Value) -> int:
    """`a mod b`: the remainder of `div`, with the sign of `a`. Raises EvalError when `b` is 0."""
    x, y = to_int(a), to_int(b)
    if not y:
        raise EvalError("modulo by zero")
    r = abs(x) % abs(y)
    return -r if x < 0 else r


def neg(a: Value) -> int:
    """`-a`."""
    return wrap(-to_int(a))


def band(a: Value, b: Value) -> int:
    """`a & b`."""
    return to_int(a) & to_int(b)


def bor(a: Value, b: Value) -> int:
    """`a | b`."""
    return to_int(a) | to_int(b)


def bxor(a: Value, b: Value) -> int:
    """`a ^ b`."""
    return to_int(a) ^ to_int(b)


def bnot(a: Value) -> int:
    """`~a`."""
    return ~to_int(a)


def shl(a: Value, b: Value) -> int:
    """`a << b`; only the low 5 bits of `b` count, as in the processors Kamailio runs on."""
    return wrap(to_int(a) << (to_int(b) & 31))


def shr(a: Value, b: Value) -> int:
    """`a >> b`, keeping the sign; only the low 5 bits of `b` count."""
    return to_int(a) >> (to_int(b) & 31)


# Comparisons


def eq(a: Value, b: Value) -> bool:
    """`a == b`: as `a`'s type says; an undefined `a` takes the type of `b`."""
    kind = a.__class__
    if kind is int:
        return a == (b if b.__class__ is int else to_int(b))
    if kind is str:
        return a == (b if b.__class__ is str else to_str(b))
    return b == 0 if b.__class__ is int else not b


def ne(a: Value, b: Value) -> bool:
    """`a != b`, the opposite of `eq`."""
    return not eq(a, b)


def str_eq(a: Value, b: Value) -> bool:
    """`a eq b`: equal as strings."""
    return to_str(a) == to_str(b)


def str_ne(a: Value, b: Value) -> bool:
    """`a ne b`: different as strings."""
    return to_str(a) != to_str(b)


def int_eq(a: Value, b: Value) -> bool:
    """`a ieq b`: equal as ints."""
    return to_int(a) == to_int(b)


def int_ne(a: Value, b: Value) -> bool:
    """`a ine b`: different as ints."""
    return to_int(a) != to_int(b)


def lt(a: Value, b: Value) -> bool:
    """`a < b`, as ints."""
    return to_int(a) < to_int(b)


def gt(a: Value, b: Value) -> bool:
    """`a > b`, as ints."""
    return to_int(a) > to_int(b)


def le(a: Value, b: Value) -> bool:
    """`a <= b`, as ints."""
    return to_int(a) <= to_int(b)


def ge(a: Value, b: Value) -> bool:
    """`a >= b`, as ints."""
    return to_int(a) >= to_int(b)


# Tests


def truth_if(v: Value) -> bool:
    """What `if` makes of a value: true when greater than 0."""
    return to_int(v) > 0


def truth(v: Value) -> bool:
    """What `while`, `&&`, `||` and `!` make of a value: true unless 0."""
    return to_int(v) != 0


def not_(v: Value) -> bool:
    """`!v`: true for 0 only."""
    return to_int(v) == 0


def defined(v: Value) -> bool:
    """`defined v`: not undefined."""
    return v is not None


def strlen(v: Value) -> int:
    """`strlen(v)`: bytes of `v` as a string."""
    return byte_length(to_str(v))


def strempty(v: Value) -> bool:
    """`strempty(v)`: nothing in `v` as a string. Also what `v == ""` means, whatever `v` is."""
    return v is None or v == ""
