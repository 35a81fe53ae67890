"""What the functions of avpops are told in texts: `$avp(x)/g`, `eq/i:5/g` (avpops_parse.c)."""

from collections.abc import Callable
from typing import Any, Self

from sipproxy.core import regex, wildcard
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSpec, parse_pv, pv_at
from sipproxy.core.values import INT_MAX, INT_MIN, to_int, wrap
from sipproxy.text import lower

Name = Callable[[Context], int | str | None]


class Avp(Parsed):
    """`$avp(name)/flags`: the name as in `Context.avps`, and single letters after the slash."""

    __slots__ = ("_text", "flags", "index", "name")

    letters = ""
    """The flags it takes."""
    name: Name
    index: Callable[[Context], int]

    def __init__(self, text: str, flags: str) -> None:
        self._text = text
        self.flags = frozenset(flags)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the flags; the name is looked up by :meth:`bind`."""
        variable, _, flags = text.partition("/")
        return cls(variable, flags_of(flags, cls.letters))

    def bind(self, host: Any) -> None:
        """Look the name up; raises ValueError for what is no AVP."""
        self.name, self.index = avp_of(host, self._text)


class AnyAvp(Avp):
    """An AVP."""

    __slots__ = ()


class CopyTarget(Avp):
    """Where avp_copy copies to: `g` all values, `d` delete the old, `n` and `s` convert them."""

    __slots__ = ()
    letters = "gdns"


class Asked(Avp):
    """What is_avp_set asks for: `e` empty or 0, `n` a number, `s` a text."""

    __slots__ = ()
    letters = "ens"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the flags, of which `n` and `s` exclude each other."""
        found = super().parse(text)
        if found.flags >= {"n", "s"}:
            raise ValueError("the flags n and s exclude each other")
        return found


class Deleted(Parsed):
    """What avp_delete deletes: `$avp(x)`, with `/g` all its values; `*`, `s` or `i`: all AVPs,
    those with a text or with a number for a name.
    """

    __slots__ = ("_text", "everything", "kind", "name")

    name: Name

    def __init__(self, text: str, everything: bool) -> None:
        self._text = text
        self.everything = everything
        self.kind = lower(text[:1])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read kind and flags; the name is looked up by :meth:`bind`."""
        what, _, flags = text.partition("/")
        known = what[:1] == "$" or (
            lower(what[:1]) in ("s", "i", "*", "a") and _is_number(what[1:] or "0")
        )
        if not known:
            raise ValueError("expected $avp(name), *, s or i")
        return cls(what, bool(flags_of(flags, "g")))

    def bind(self, host: Any) -> None:
        """Look the name up, if there is one; raises ValueError for what is no AVP."""
        if self.kind == "$":
            self.name, _ = avp_of(host, self._text)


class Changed(Parsed):
    """`$avp(from)/$avp(to)/flags`: an AVP, and another that gets the results."""

    __slots__ = ("_from", "_to", "flags", "name", "target")

    letters = "gd"
    name: Name
    target: Name | None

    def __init__(self, source: str, target: str, flags: str) -> None:
        self._from = source
        self._to = target
        self.flags = frozenset(flags)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read names and flags; the names are looked up by :meth:`bind`."""
        source, _, rest = text.partition("/")
        target = ""
        if rest.startswith("$"):
            target, _, rest = rest.partition("/")
        return cls(source, target if len(target) > 1 else "", flags_of(rest, cls.letters))

    def bind(self, host: Any) -> None:
        """Look the names up; raises ValueError for what is no AVP."""
        self.name, _ = avp_of(host, self._from)
        self.target = avp_of(host, self._to)[0] if self._to else None


class Counted(Changed):
    """`$avp(from)/$avp(to)` without flags."""

    __slots__ = ()
    letters = ""


class Operand:
    """A constant, or a pseudo-variable: `name` is that of an AVP, `xavp` the name of an XAVP."""

    __slots__ = ("access", "constant", "name", "xavp")

    def __init__(self, text: str, host: Any) -> None:
        self.access: PvAccess | None = None
        self.constant: int | str = ""
        self.name: Name | None = None
        self.xavp: Xavp | None = None
        if not text.startswith("$"):
            self.constant = constant_of(text)
            return
        spec = variable_of(text)
        if spec.name == "null":
            raise ValueError("a pseudo-variable or a value is expected")
        if spec.name == "xavp":
            self.xavp = Xavp(spec, host)
            return
        self.access = host.access(spec)
        self.name = self.access.avp_name


class Xavp:
    """`$xavp(root[n]=>child[m])`; with `[*]` all children of that name."""

    __slots__ = ("child", "child_index", "every", "root", "root_index")

    def __init__(self, spec: PvSpec, host: Any) -> None:
        host.access(spec)
        root, arrow, child = (spec.inner or "").partition("=>")
        if not arrow:
            raise ValueError("$xavp has to have a second key here: $xavp(root=>child)")
        self.root, self.root_index = _indexed(root, host)
        self.child, self.child_index = _indexed(child, host)
        self.every = child.strip().endswith("[*]")


class Checked(Parsed):
    """A pseudo-variable that avp_check compares."""

    __slots__ = ("_text", "operand")

    operand: Operand

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take the text; it is looked up by :meth:`bind`."""
        if not text.startswith("$"):
            raise ValueError("a pseudo-variable is expected")
        return cls(text)

    def bind(self, host: Any) -> None:
        """Look the variable up; raises ValueError, ResolveError."""
        self.operand = Operand(self._text, host)


class Comparison(Parsed):
    """What avp_check checks: `op/value/flags`; `g` any value of the first, `i` in any case."""

    __slots__ = ("_text", "flags", "operand", "operator", "regex")

    operand: Operand
    regex: regex.Regex | None

    operators: tuple[str, ...] = (
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "re",
        "fm",
        "and",
        "or",
        "xor",
    )
    letters = "gi"

    def __init__(self, operator: str, text: str, flags: str) -> None:
        self.operator = operator
        self._text = text
        self.flags = frozenset(flags)
        self.regex = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read operator and flags; the value is looked up by :meth:`bind`."""
        word, slash, rest = text.partition("/")
        found = next((name for name in cls.operators if lower(word).startswith(name)), "")
        if not slash or len(word) not in (2, 3) or not found or not rest:
            raise ValueError(f"{text!r} is not of the form operator/value/flags")
        value, _, flags = rest.partition("/")
        if rest.startswith("$"):
            end = pv_at(rest, 0)[1]
            value, flags = rest[:end], rest[end:].removeprefix("/")
        return cls(found, value, flags_of(flags, cls.letters))

    def bind(self, host: Any) -> None:
        """Look the value up, compile a constant pattern; raises ValueError."""
        self.operand = Operand(self._text, host)
        if self._text.startswith("$"):
            return
        constant = self.operand.constant
        if self.operator == "re" and isinstance(constant, str):
            try:
                self.regex = regex.compile(constant, ignore_case=True, newline=True)
            except regex.RegexError as error:
                raise ValueError(str(error)) from None
        elif self.operator == "fm" and not isinstance(constant, str):
            raise ValueError("the operation fm takes a text")

    def matches(self, text: str, pattern: str) -> bool:
        """Whether a text matches, for `re` and `fm`; a bad pattern matches nothing."""
        if self.operator == "fm":
            ignore = "i" in self.flags
            return bool(wildcard.compile(pattern, ignore_case=ignore).search(text))
        try:
            compiled = self.regex or regex.compile(pattern, ignore_case=True, newline=True)
            return bool(compiled.search(text))
        except regex.RegexError:
            return False


class Operation(Comparison):
    """What avp_op does: `op/value/flags`; `d` deletes what it was done to."""

    __slots__ = ()
    operators = ("add", "sub", "mul", "div", "mod", "and", "or", "xor", "not")
    letters = "gd"

    def bind(self, host: Any) -> None:
        """Look the value up; raises ValueError for a text."""
        self.operand = Operand(self._text, host)
        if not self._text.startswith("$") and isinstance(self.operand.constant, str):
            raise ValueError("operations take numbers: i:5")


class Destination(Parsed):
    """Where avp_pushto writes: `$ru`, `$ru/username`, `$ru/domain`, `$du` or `$br`."""

    __slots__ = ("part", "to")

    def __init__(self, to: str, part: str) -> None:
        self.to = to
        self.part = part

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the destination."""
        variable, slash, part = text.partition("/")
        names = {"$ru": "ru", "$ruri": "ru", "$du": "du", "$duri": "du", "$br": "br"}
        to = names.get(variable)
        if to is None:
            raise ValueError(f'unsupported destination "{variable}": expected $ru, $du or $br')
        part = lower(part)
        if slash and (to != "ru" or part not in ("username", "domain")):
            raise ValueError(f'unknown flag "{part}" of {variable}')
        return cls(to, part)


class Pushed(Parsed):
    """What avp_pushto writes: a pseudo-variable; `/g` all values of an AVP."""

    __slots__ = ("_text", "all", "operand")

    operand: Operand

    def __init__(self, text: str, all: bool) -> None:
        self._text = text
        self.all = all

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the flags; the variable is looked up by :meth:`bind`."""
        if not text.startswith("$"):
            raise ValueError("a pseudo-variable is expected")
        variable, _, flags = text.partition("/")
        return cls(variable, bool(flags_of(flags, "g")))

    def bind(self, host: Any) -> None:
        """Look the variable up; raises ValueError, ResolveError."""
        self.operand = Operand(self._text, host)


def flags_of(text: str, known: str) -> str:
    """Flags in lower case; raises ValueError for one that is not known."""
    flags = lower(text)
    for flag in flags:
        if flag not in known:
            raise ValueError(f"bad flag <{flag}>")
    return flags


def avp_of(host: Any, text: str) -> tuple[Name, Callable[[Context], int]]:
    """Name and index of the AVP in a text; raises ValueError for another variable."""
    if not text.startswith("$"):
        raise ValueError(f"{text!r} is not of the form $avp(name)")
    spec = variable_of(text)
    name = host.access(spec).avp_name
    if name is None:
        raise ValueError(f"{text} is no AVP: expected $avp(name)")
    return name, _index(spec.index, host)


def variable_of(text: str) -> PvSpec:
    """The pseudo-variable a text begins with."""
    return parse_pv(text[: pv_at(text, 0)[1]])


def _indexed(text: str, host: Any) -> tuple[str, Callable[[Context], int]]:
    name, bracket, rest = text.strip().partition("[")
    return name.strip(), _index(rest.rstrip("]") if bracket else None, host)


def _index(text: str | None, host: Any) -> Callable[[Context], int]:
    """An index at run time; none and `*` are 0."""
    if text is not None and text.startswith("$"):
        access: PvAccess = host.pv(text)
        return lambda ctx: to_int(access.read(ctx))
    number = 0 if text in (None, "*") else int(text or 0)
    return lambda ctx: number


def constant_of(text: str) -> int | str:
    """`i:5`, `i:0x5`, `s:text`, or a text; raises ValueError."""
    if text[1:2] != ":":
        if not text:
            raise ValueError("a value is missing")
        return text
    kind, value = lower(text[0]), text[2:]
    if kind not in ("i", "s") or not value:
        raise ValueError(f"bad value {text!r}: write i:5 or s:text")
    if kind == "s":
        return value
    try:
        number = wrap(int(value, 16)) if lower(value[:2]) == "0x" else int(value)
    except ValueError:
        raise ValueError(f"{value!r} is no number") from None
    if not INT_MIN <= number <= INT_MAX:
        raise ValueError(f"{value!r} does not fit 32 bits")
    return number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
