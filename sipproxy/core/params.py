"""What a module function's parameter takes from the cfg, told by its annotation.

=============  ==========================================================================
annotation     the handler gets
=============  ==========================================================================
`str`          the argument's text; pseudo-variables in it are replaced at each call
`int`          a number: constant, or the value of an expression at each call; a call is left out
               and fails where a quoted pseudo-variable, `"$var(x)"`, holds no int
`Value`        the value of an expression as it is (int, str or None)
`Plain`        a constant text, taken literally
`Filled`       as `str`; an empty constant is an error at load, save under compat 3.0
`VarOrText`    as `Filled`, but only a text that is one pseudo-variable is replaced: `"x$rU"` is
               taken literally (Kamailio fixup_var_str)
`Format`       a callable `(ctx) -> str`: the text is built only when it is asked for
`PvAccess`     a pseudo-variable to read or write
`RouteName`    the name of a route block; an unknown one is reported at start
`FlagNumber`   a flag's number, from a number or a name declared with `flags`
`Unread`       None: whatever stands there is not looked at
a subclass     of `Parsed`: the object its `parse(text)` makes of a constant text at load
=============  ==========================================================================

`X | None = None` makes a parameter optional. `str | None` and `int | None` with another default or
none get None where the argument is a quoted pseudo-variable and that has no value, or no int. The
same annotations serve pseudo-variables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NewType, Self, TypeAlias, TypeVar

from sipproxy.errors import Span

Plain = NewType("Plain", str)
Filled = NewType("Filled", str)
VarOrText = NewType("VarOrText", str)
RouteName = NewType("RouteName", str)
FlagNumber = NewType("FlagNumber", int)
Unread = NewType("Unread", object)


@dataclass(frozen=True, slots=True)
class Loose:
    """Marks a parameter of an RPC command whose argument is converted (scan modifier `.`)."""


LooseStr: TypeAlias = Annotated[str, Loose()]
"""An RPC argument: a string; a number is taken for its digits."""

LooseInt: TypeAlias = Annotated[int, Loose()]
"""An RPC argument: an integer; over BINRPC a string of digits is taken, and a double is cut."""


class Parsed:
    """Base of parameter types that are read once at load from a constant text."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text; raises ValueError with a sentence for the person who wrote it."""
        raise ValueError(f"{cls.__name__} does not say how it is read")

    def stands_at(self, place: Span) -> None:
        """Told, before :meth:`bind`, where the cfg has the text: for errors found at start."""

    def bind(self, host: Any) -> None:
        """Look up what the text names; called once at load. Raises ResolveError, ValueError."""


Handler = TypeVar("Handler", bound=Callable[..., Any])
