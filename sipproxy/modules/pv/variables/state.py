"""`$var $vz $vn $shv $avp $cnt`: values a script keeps."""

import re
from abc import abstractmethod
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, modparam_method, pvar, rpc
from sipproxy.core.params import LooseStr
from sipproxy.core.pvspec import parse_pv
from sipproxy.core.resolve import ResolveError
from sipproxy.core.stored import plain
from sipproxy.core.values import Value, to_int, to_str
from sipproxy.errors import ModuleError, RpcError
from sipproxy.text import lower

_DIGITS = re.compile(r"\d+", re.ASCII)
_AVP_CLASSES = frozenset({"f", "t", "g", "fr", "tr", "fu", "tu", "fd", "td"})


class Bank:
    """Variables as attributes, so that compiled routes reach them in place."""

    def __init__(self) -> None:
        self._slots: dict[str, str] = {}
        self._presets: dict[str, int | str] = {}

    def slot(self, name: str, initial: Value = 0) -> str:
        """The attribute that holds the variable `name`; made if it is new."""
        found = self._slots.get(name)
        if found is None:
            found = f"v_{name}" if name.isidentifier() else f"v{len(self._slots)}"
            self._slots[name] = found
            setattr(self, found, initial)
        return found

    def preset(self, name: str, value: int | str) -> None:
        """Give a variable the value it starts with."""
        self._presets[name] = value
        setattr(self, self.slot(name), value)

    def go_on_from(self, before: "Bank") -> None:
        """Take the values of another bank, but for variables that start otherwise here."""
        for name, slot in self._slots.items():
            theirs = before._slots.get(name)
            if theirs is not None and self._presets.get(name) == before._presets.get(name):
                setattr(self, slot, getattr(before, theirs))

    def names(self) -> list[str]:
        """Names of all variables, in the order in which they appeared."""
        return list(self._slots)


class StateVariables(Module):
    """Variables of the worker (`$var`), of all workers (`$shv`), of the message (`$avp`)."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.bank = host.variables = Bank()
        """`$var`: they start at 0 and live as long as the worker."""
        self.nullable = Bank()
        """`$vn`: they start undefined."""
        self.shared = Bank()
        """`$shv`."""
        self.aliases: dict[str, str] = {}

    def take_over(self, previous: Any) -> None:
        """The variables of all workers keep their values."""
        super().take_over(previous)
        self.shared.go_on_from(previous.shared)

    @modparam_method("varset")
    def varset(self, text: str) -> None:
        """`name=i:5` or `name=s:text`: the value a `$var` starts with."""
        self.bank.preset(*_assignment(text))

    @modparam_method("shvset")
    def shvset(self, text: str) -> None:
        """`name=i:5` or `name=s:text`: the value a `$shv` starts with."""
        self.shared.preset(*_assignment(text))

    @modparam_method("avp_aliases")
    def avp_aliases(self, text: str) -> None:
        """`alias=name;alias=i:5`: other names of AVPs."""
        for piece in filter(None, text.split(";")):
            alias, mark, name = (part.strip() for part in piece.partition("="))
            if not alias or not mark or not name:
                raise ModuleError(f"{piece!r} is not of the form alias=name")
            self.aliases[alias] = name

    @pvar("var", bind=True)
    @pvar("vz", bind=True)
    def var(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the worker; 0 until it is set."""
        return _slot_access(self.bank, inner, index)

    @pvar("vn", bind=True)
    def vn(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the worker; undefined until it is set."""
        _check_name(inner, index)
        slot = self.nullable.slot(inner or "", None)
        bank = self.nullable

        def read(ctx: Context) -> Value:
            value: Value = getattr(bank, slot)
            return value

        return PvAccess(read, lambda ctx, value: setattr(bank, slot, value), owner=bank, slot=slot)

    @pvar("shv", bind=True)
    def shv(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable that all workers share; 0 until it is set, empty once it was undefined."""
        access = _slot_access(self.shared, inner, index)
        bank, slot = self.shared, access.slot
        access.plain_set = False
        access.set = lambda ctx, value: setattr(bank, slot, "" if value is None else value)
        return access

    @pvar("avp", bind=True)
    def avp(self, inner: str | None, index: str | None) -> PvAccess:
        """A stack of values that belongs to the message and then to its transaction.

        Names are `x`, `s:x`, `i:5`, an alias, or a pseudo-variable that holds one. Without an
        index the newest; `[n]` an older one, `[*]` all.
        """
        if not inner:
            raise ValueError("an AVP has a name")
        key: Callable[[Context], int | str | None] | int | str
        if inner.startswith("$"):
            key = self._dynamic_name(inner)
        else:
            key = _avp_name(self.aliases.get(inner, inner))
        access = _avp_access(key, self._index(index))
        access.avp_name = key if callable(key) else lambda ctx: key
        return access

    def _dynamic_name(self, inner: str) -> Callable[[Context], int | str | None]:
        access: PvAccess = self.host.access(parse_pv(inner))
        return lambda ctx: access.read(ctx) or None

    def _index(self, index: str | None) -> Callable[[Context], int] | int | str | None:
        if index is None or index == "*":
            return index
        if index.startswith("$"):
            access: PvAccess = self.host.access(parse_pv(index))
            return lambda ctx: to_int(access.read(ctx))
        try:
            return int(index)
        except ValueError:
            raise ValueError(f"the index {index!r} is no number") from None

    @pvar("cnt", bind=True)
    def cnt(self, inner: str | None, index: str | None) -> PvAccess:
        """How many values an AVP or XAVP has: `$cnt($avp(x))`, `$cnt($xavp(a[0]=>b))`."""
        spec = parse_pv(inner or "")
        if spec.name == "avp" and spec.inner and not spec.inner.startswith("$"):
            key = _avp_name(self.aliases.get(spec.inner, spec.inner))
            return PvAccess(lambda ctx: len(ctx.avps.get(key, ())), type="int")
        if spec.name == "xavp" and spec.inner:
            return self.xavp_counter(spec.inner)
        raise ValueError("$cnt() takes $avp(...) and $xavp(...)")

    @abstractmethod
    def xavp_counter(self, inner: str) -> PvAccess:
        """Access to how many XAVPs an inner text names."""

    @rpc("pv.shvGet")
    def shv_get(self, name: str | None = None) -> Mapping[str, object]:
        """Get the value of a shared variable, or of all."""
        if name is None:
            newest_first = reversed(self.shared.names())
            return {"items": Repeated("shv", [self._shown(one) for one in newest_first])}
        if name not in self.shared.names():
            raise RpcError(404, "Variable not found")
        return self._shown(name)

    def _shown(self, name: str) -> dict[str, Value]:
        value = getattr(self.shared, self.shared.slot(name))
        kind = "string" if isinstance(value, str) else "int"
        return {"name": name, "type": kind, "value": value}

    @rpc(
        "pv.shvSet",
        missing=(
            "Missing parameter varname (Parameters: varname type value)",
            "Missing parameter type (Parameters: varname type value)",
            "Missing parameter value (Parameters: varname type value)",
        ),
    )
    def shv_set(self, name: str, kind: str, value: LooseStr) -> str:
        """Set a shared variable: its name, `int` or `str`, and the value."""
        if lower(kind) not in ("int", "str"):
            raise RpcError(500, "Unknown parameter type (Types: int or str)")
        if lower(kind) == "int" and not value.lstrip("+-").isdigit():
            reason = "Missing integer parameter value (Parameters: varname type value)"
            raise RpcError(500, reason)
        if name not in self.shared.names():
            raise RpcError(404, "Variable not found")
        slot = self.shared.slot(name)
        setattr(self.shared, slot, to_int(value) if lower(kind) == "int" else value)
        return "Ok. Variable set to new value."


class Repeated(Mapping[str, object]):
    """Several values under one name, as only an RPC answer can have them."""

    def __init__(self, name: str, values: Sequence[object]) -> None:
        self._name = name
        self._values = values

    def __getitem__(self, name: str) -> object:
        if name != self._name or not self._values:
            raise KeyError(name)
        return self._values[0]

    def __iter__(self) -> Iterator[str]:
        return iter([self._name] * len(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> ItemsView[str, object]:
        """(name, value) of each value."""
        return _Pairs(self, [(self._name, value) for value in self._values])


class _Pairs(ItemsView[str, object]):
    def __init__(self, mapping: Repeated, pairs: list[tuple[str, object]]) -> None:
        super().__init__(mapping)
        self._pairs = pairs

    def __iter__(self) -> Iterator[tuple[str, object]]:
        return iter(self._pairs)


def _assignment(text: str) -> tuple[str, int | str]:
    name, mark, rest = text.partition("=")
    kind, colon, value = rest[:1], rest[1:2], rest[2:]
    if not name or not mark or kind not in tuple("sSiI") or colon != ":":
        raise ModuleError(f"{text!r} is not of the form name=i:5 or name=s:text")
    if kind in "sS":
        return name, value
    try:
        return name, int(value)
    except ValueError:
        raise ModuleError(f"{value!r} in {text!r} is no number") from None


def _check_name(inner: str | None, index: str | None) -> None:
    if not inner:
        raise ValueError("a variable has a name")
    if index is not None:
        raise ValueError("a variable has no index")


def _slot_access(bank: Bank, inner: str | None, index: str | None) -> PvAccess:
    _check_name(inner, index)
    slot = bank.slot(inner or "")

    def read(ctx: Context) -> Value:
        value: Value = getattr(bank, slot)
        return value

    def write(ctx: Context, value: Value) -> None:
        setattr(bank, slot, 0 if value is None else value)

    return PvAccess(read, write, owner=bank, slot=slot, plain_set=True)


def _avp_name(text: str) -> int | str:
    """What an AVP's name means: `s:` text, `i:` number, else the text (core/usr_avp.c)."""
    if text[1:2] == ":":
        kind, name = text[0].lower(), text[2:]
        if kind == "i" and (not _DIGITS.fullmatch(name) or int(name) > 0xFFFF_FFFF):
            raise ResolveError(f"an AVP {text} has no number")
        if kind not in "is" or not name:
            raise ResolveError(f"$avp({text}) is no name of an AVP", "write x, s:x or i:5")
        return int(name) if kind == "i" else name
    prefix, dot, name = text.partition(".")
    if dot and (prefix not in _AVP_CLASSES or not name):
        raise ResolveError(f"an AVP has no class {prefix!r}", "a name in $avp() holds no dot")
    return text


def _avp_access(
    key: Callable[[Context], int | str | None] | int | str,
    index: Callable[[Context], int] | int | str | None,
) -> PvAccess:
    if not callable(key) and index is None:
        return _newest(key)

    def read(ctx: Context) -> Value:
        name = key(ctx) if callable(key) else key
        at = index(ctx) if callable(index) else index
        values = ctx.avps.get(name) if ctx.touched("avps") and name is not None else None
        if not values:
            return None
        if isinstance(at, str):
            # Empty values before the first other one leave no comma.
            return ", ".join(dropwhile(lambda text: not text, map(to_str, values)))
        at = at or 0
        # Counting from the oldest fails in Kamailio 5.6, except when it comes to the newest.
        return plain(values[at]) if at == -len(values) or 0 <= at < len(values) else None

    def write(ctx: Context, value: Value) -> None:
        name = key(ctx) if callable(key) else key
        if name is None:
            return
        if index == "*":
            ctx.avps.pop(name, None)
        if value is not None:
            ctx.avps.setdefault(name, []).insert(0, value)
        elif name in ctx.avps:
            _drop_newest(ctx, name)

    return PvAccess(read, write)


def _newest(key: int | str) -> PvAccess:
    def read(ctx: Context) -> Value:
        values = ctx.avps.get(key)
        return plain(values[0]) if values else None

    def write(ctx: Context, value: Value) -> None:
        if value is not None:
            ctx.avps.setdefault(key, []).insert(0, value)
        elif key in ctx.avps:
            _drop_newest(ctx, key)

    return PvAccess(read, write)


def _drop_newest(ctx: Context, key: int | str) -> None:
    values = ctx.avps[key]
    del values[0]
    if not values:
        del ctx.avps[key]
