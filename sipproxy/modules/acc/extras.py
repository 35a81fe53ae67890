"""What a cfg adds to a record: `name=$pv;name2=$pv2` (Kamailio modules/acc/acc_extra.c)."""

from dataclasses import dataclass

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.pvspec import PvSyntaxError, pv_at
from sipproxy.core.resolve import ResolveError, Resolver
from sipproxy.core.values import to_str
from sipproxy.errors import ModuleError

Field = tuple[str, str]
"""Name and value of one part of a record; the value is empty where there is none."""

MOST_LEGS = 16

_SPACE = " \t\n\v\f\r"


@dataclass(frozen=True, slots=True)
class Extra:
    """One part that the cfg adds."""

    name: str
    access: PvAccess

    def value(self, ctx: Context) -> str | None:
        """Its value for this request."""
        value = self.access.read(ctx)
        return None if value is None else to_str(value)

    def field(self, ctx: Context) -> Field:
        """Its name and value for this request."""
        return self.name, self.value(ctx) or ""


def read_extras(parameter: str, text: str, resolver: Resolver, most: int) -> tuple[Extra, ...]:
    """The parts that a parameter's text names, none for an empty one; raises ModuleError."""
    found: list[Extra] = []
    at = 0
    try:
        while at < len(text):
            extra, at = _read(text, at, resolver)
            found.append(extra)
            if len(found) > most:
                raise ModuleError(f"{parameter}: more than {most} extras")
    except (ValueError, PvSyntaxError, ResolveError) as error:
        raise ModuleError(f"{parameter}: {error}") from None
    return tuple(found)


def _read(text: str, at: int, resolver: Resolver) -> tuple[Extra, int]:
    """The part at `at`, and where the next one begins; raises ValueError and what reading may."""
    equals = text.find("=", at)
    name = text[at:equals].strip(_SPACE) if equals >= 0 else ""
    if not name or any(char in name for char in _SPACE):
        raise ValueError(f"name=$variable is wanted at {text[at:]!r}")
    at = _skip(text, equals + 1)
    if not text.startswith("$", at):
        raise ValueError(f"{name} is no pseudo-variable but {text[at:]!r}")
    spec, at = pv_at(text, at)
    at = _skip(text, at)
    if at < len(text):
        if text[at] != ";" or at + 1 == len(text):
            raise ValueError(f"unexpected {text[at:]!r} behind {spec.text}")
        at += 1
    return Extra(name, resolver.access(spec)), at


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def read_legs(text: str, resolver: Resolver) -> tuple[Extra, ...]:
    """The parts that each leg of a call has, which must be AVPs; raises ModuleError."""
    legs = read_extras("multi_leg_info", text, resolver, MOST_LEGS)
    for leg in legs:
        if leg.access.avp_name is None:
            raise ModuleError(f"multi_leg_info: {leg.name} is {leg.access.text} and no AVP")
    return legs


def leg_fields(legs: tuple[Extra, ...], ctx: Context) -> list[list[Field]]:
    """The fields of each leg."""
    return [
        [(leg.name, value or "") for leg, value in zip(legs, values, strict=True)]
        for values in leg_values(legs, ctx)
    ]


def leg_values(legs: tuple[Extra, ...], ctx: Context) -> list[list[str | None]]:
    """The values of each leg: the first ones of all AVPs, the second ones; one leg at least."""
    columns = [_values(leg, ctx) for leg in legs]
    count = max(1, *map(len, columns))
    return [[values[at] if at < len(values) else None for values in columns] for at in range(count)]


def _values(leg: Extra, ctx: Context) -> list[str]:
    """All values of a leg's AVP, newest first."""
    assert leg.access.avp_name is not None
    name = leg.access.avp_name(ctx)
    values = ctx.avps.get(name, ()) if name is not None and ctx.touched("avps") else ()
    return [to_str(value) for value in values]
