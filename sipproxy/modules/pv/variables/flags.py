"""`$mf $bf $sf` and their forms: flags of the message, of branch 0, of the script."""

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar, setter
from sipproxy.core.values import EvalError, Value, wrap

_BITS = 0xFFFF_FFFF


def _from_hex(text: Value) -> int:
    return wrap(int(text, 16)) if isinstance(text, str) else 0


class FlagVariables(Module):
    """All flags at once as a number (`$mf`) or hexadecimal digits (`$mF`), or one (`$Mf(n)`)."""

    script_flags = 0
    """Flags of setsflag: they belong to the worker."""

    @pvar("mf")
    def mf(self, ctx: Context) -> int:
        """Flags of the message."""
        return wrap(ctx.flags)

    @setter(mf)
    def set_mf(self, ctx: Context, value: Value) -> None:
        """Set all flags of the message; undefined clears them."""
        ctx.flags = _bits(value)

    @pvar("mF", number=_from_hex)
    def mf_hex(self, ctx: Context) -> str:
        """Flags of the message in hexadecimal digits."""
        return f"{ctx.flags & _BITS:08x}"

    @setter(mf_hex)
    def set_mf_hex(self, ctx: Context, value: Value) -> None:
        """Set all flags of the message; undefined clears them."""
        ctx.flags = _bits(value)

    @pvar("Mf", bind=True)
    def mf_one(self, inner: str | None, index: str | None) -> PvAccess:
        """One flag of the message, by number or name."""
        bit = self._bit(inner)

        def write(ctx: Context, value: Value) -> None:
            ctx.flags = _with_bit(ctx.flags, bit, value)

        return PvAccess(lambda ctx: int(ctx.flags & bit != 0), write, type="int")

    @pvar("bf")
    def bf(self, ctx: Context) -> int:
        """Flags of branch 0."""
        return wrap(ctx.bflags)

    @setter(bf)
    def set_bf(self, ctx: Context, value: Value) -> None:
        """Set all flags of branch 0; undefined clears them."""
        ctx.bflags = _bits(value)

    @pvar("bF", number=_from_hex)
    def bf_hex(self, ctx: Context) -> str:
        """Flags of branch 0 in hexadecimal digits."""
        return f"{ctx.bflags & _BITS:08x}"

    @setter(bf_hex)
    def set_bf_hex(self, ctx: Context, value: Value) -> None:
        """Set all flags of branch 0; undefined clears them."""
        ctx.bflags = _bits(value)

    @pvar("Bf", bind=True)
    def bf_one(self, inner: str | None, index: str | None) -> PvAccess:
        """One flag of branch 0, by number or name."""
        bit = self._bit(inner)

        def write(ctx: Context, value: Value) -> None:
            ctx.bflags = _with_bit(ctx.bflags, bit, value)

        return PvAccess(lambda ctx: int(ctx.bflags & bit != 0), write, type="int")

    @pvar("sf")
    def sf(self, ctx: Context) -> int:
        """Flags of the script."""
        return wrap(self.script_flags)

    @setter(sf)
    def set_sf(self, ctx: Context, value: Value) -> None:
        """Set all flags of the script; undefined clears them."""
        self.script_flags = _bits(value)

    @pvar("sF", number=_from_hex)
    def sf_hex(self, ctx: Context) -> str:
        """Flags of the script in hexadecimal digits."""
        return f"{self.script_flags & _BITS:08x}"

    @setter(sf_hex)
    def set_sf_hex(self, ctx: Context, value: Value) -> None:
        """Set all flags of the script; undefined clears them."""
        self.script_flags = _bits(value)

    @pvar("Sf", bind=True)
    def sf_one(self, inner: str | None, index: str | None) -> PvAccess:
        """One flag of the script, by number or name."""
        bit = self._bit(inner)

        def write(ctx: Context, value: Value) -> None:
            self.script_flags = _with_bit(self.script_flags, bit, value)

        return PvAccess(lambda ctx: int(self.script_flags & bit != 0), write, type="int")

    def _bit(self, inner: str | None) -> int:
        name = inner or ""
        number = int(name) if name.isascii() and name.isdigit() else self.host.flags.get(name, -1)
        if not 0 <= number <= 31:
            raise ValueError(f"there is no flag {name!r}")
        return 1 << number


def _bits(value: Value) -> int:
    if isinstance(value, str):
        raise EvalError("flags are a number")
    return (value or 0) & _BITS


def _with_bit(flags: int, bit: int, value: Value) -> int:
    """The flags with one set or cleared; undefined clears them all."""
    if value is None:
        return 0
    if isinstance(value, str):
        raise EvalError("a flag is a number")
    return flags | bit if value else flags & ~bit
