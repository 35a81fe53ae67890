"""Pseudo-variables and texts after their names were looked up: ready to be read for a context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from sipproxy.core.context import Context
from sipproxy.core.values import Value, to_int, to_str

Static = Literal["int", "str", "any"]
"""What is known of a value before the run: always int, never anything but text, or nothing."""


class Format:
    """A text with pseudo-variables. `str(format(ctx))` of an undefined one is `<null>`."""

    __slots__ = ("pieces", "text")

    def __init__(self, text: str, pieces: tuple[str | PvAccess, ...]) -> None:
        self.text = text
        self.pieces = pieces

    @property
    def constant(self) -> str | None:
        """The text when it holds no pseudo-variable, else None."""
        if not self.pieces:
            return ""
        first = self.pieces[0]
        return first if len(self.pieces) == 1 and isinstance(first, str) else None

    def __call__(self, ctx: Context) -> str:
        out = ""
        for piece in self.pieces:
            out += piece if isinstance(piece, str) else piece.printed(ctx)
        return out


def printed(value: Value) -> str:
    """A value as texts show it: undefined is `<null>` (Kamailio pv_printf)."""
    return "<null>" if value is None else to_str(value)


class Dynamic:
    """An int parameter whose text holds pseudo-variables: `$(avp(x)[$var(i)])`."""

    __slots__ = ("format",)

    def __init__(self, format: Format) -> None:
        self.format = format

    def __call__(self, ctx: Context) -> Value:
        return to_int(self.format(ctx))


class Reading(Dynamic):
    """A parameter that is one pseudo-variable, taken as it is: `{s.substr,$var(a),2}`."""

    __slots__ = ("access",)

    def __init__(self, access: PvAccess) -> None:
        self.access = access

    def __call__(self, ctx: Context) -> Value:
        return self.access.read(ctx)


Argument = object
"""A constant, or a Format or Dynamic that is called with the context at each use."""


class TransformStep:
    """One transformation of a chain: `function(value, *args)`."""

    __slots__ = ("args", "function", "name", "type")

    def __init__(
        self, name: str, function: Callable[..., Value], args: tuple[Argument, ...], type: Static
    ) -> None:
        self.name = name
        self.function = function
        self.args = args
        self.type = type


class PvAccess:
    """How one pseudo-variable of a cfg is read and written.

    `get(ctx, *args)` reads; `set(ctx, *args, value)` writes (None: read-only). When `slot` is
    given, the value simply is that attribute of `owner` (None: of the context; dots allowed), and
    the compiler reads it in place. A `slot` with `plain_set` may be written in place too: any
    value but None, which becomes int 0. `absent` is what texts show when it is undefined: nothing
    where Kamailio reports an error, as a chain of transformations does. `textual` is read instead
    wherever a text is wanted: Kamailio gives a few numbers a text that is not their digits.
    `number` is the other way round: it makes of the text the int that counts where an int is
    wanted (`$rm`, `$proto`). A `fixed` one is the same as long as the message is. `avp_name` gives
    the name of the AVP that it stands for, as in `Context.avps`; None for all else.
    """

    __slots__ = (
        "absent",
        "args",
        "avp_name",
        "fixed",
        "get",
        "number",
        "owner",
        "plain_set",
        "set",
        "slot",
        "text",
        "textual",
        "transforms",
        "type",
    )

    def __init__(
        self,
        get: Callable[..., Value],
        set: Callable[..., None] | None = None,
        args: tuple[Argument, ...] = (),
        *,
        type: Static = "any",
        owner: object = None,
        slot: str = "",
        plain_set: bool = False,
    ) -> None:
        self.text = ""
        self.get = get
        self.set = set
        self.args = args
        self.type = type
        self.owner = owner
        self.slot = slot
        self.plain_set = plain_set
        self.transforms: tuple[TransformStep, ...] = ()
        self.absent = "<null>"
        self.textual: PvAccess | None = None
        self.number: Callable[[Any], int] | None = None
        self.fixed = False
        self.avp_name: Callable[[Context], int | str | None] | None = None

    def printed(self, ctx: Context) -> str:
        """The value as texts show it."""
        value = self.read(ctx)
        return self.absent if value is None else to_str(value)

    def read(self, ctx: Context) -> Value:
        """The value for this context."""
        value = self.get(ctx, *evaluated(self.args, ctx))
        for step in self.transforms:
            value = step.function(value, *evaluated(step.args, ctx))
        return value

    def write(self, ctx: Context, value: Value) -> None:
        """Assign; the caller made sure that it is writable."""
        assert self.set is not None
        self.set(ctx, *evaluated(self.args, ctx), value)


def evaluated(args: tuple[Argument, ...], ctx: Context) -> list[Any]:
    """Arguments with texts and dynamic numbers replaced by their values."""
    return [a(ctx) if isinstance(a, Format | Dynamic) else a for a in args]
