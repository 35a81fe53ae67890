"""avp_copy, avp_delete, avp_op, avp_subst: AVPs made of others."""

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function
from sipproxy.core.params import Parsed
from sipproxy.core.pvspec import PvSyntaxError
from sipproxy.core.regex import RegexError
from sipproxy.core.resolve import ResolveError
from sipproxy.core.stored import AvpValue
from sipproxy.core.substitution import EmptyMatch, Substitution
from sipproxy.core.values import EvalError
from sipproxy.modules.avpops import values
from sipproxy.modules.avpops.arguments import (
    AnyAvp,
    Changed,
    CopyTarget,
    Counted,
    Deleted,
    Name,
    Operand,
    Operation,
)

ROUTES = ("REQUEST", "FAILURE", "BRANCH", "ONREPLY", "LOCAL")
_BAD_RE = -3


class Sed(Parsed):
    """`/pattern/replacement/flags`."""

    __slots__ = ("_text", "substitution")

    substitution: Substitution

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def parse(cls, text: str) -> "Sed":
        """Take the text; it is read by :meth:`bind`."""
        return cls(text)

    def bind(self, host: object) -> None:
        """Compile the substitution; raises ValueError, ResolveError."""
        self.substitution = Substitution.parse(self._text, host.access)  # type: ignore[attr-defined]


class AvpChanges(Module):
    """Functions that write AVPs. Values are visited from the newest to the oldest."""

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "avpops", text)

    @function(*ROUTES)
    def avp_delete(self, ctx: Context, which: Deleted) -> bool:
        """Delete the newest value of an AVP, all of them (`/g`), or all AVPs (`*`, `s`, `i`)."""
        if which.kind == "$":
            found = values.of(ctx, which.name)
            gone = found if which.everything else found[:1]
            for _ in gone:
                values.remove(ctx, which.name, 0, behind=0)
            return bool(gone)
        kinds = {"s": str, "i": int}.get(which.kind, object)
        names = [name for name in ctx.avps if isinstance(name, kinds)]
        for name in names:
            del ctx.avps[name]
        return bool(names)

    @function(*ROUTES)
    def avp_copy(self, ctx: Context, source: AnyAvp, target: CopyTarget) -> bool:
        """Copy the newest value to another AVP; flags `g` all, `d` move, `n` `s` convert."""
        found = values.of(ctx, source.name)
        taken = found if "g" in target.flags else found[:1]
        for place, value in enumerate(taken):
            try:
                made = _converted(value, target.flags)
            except ValueError as error:
                self._complain(str(error))
                return False
            values.add(ctx, target.name, made)
            if "d" in target.flags:
                self._drop(ctx, source.name, found, place)
        return bool(taken)

    def _drop(
        self,
        ctx: Context,
        name: Name,
        found: list[AvpValue],
        place: int,
    ) -> None:
        """Take away the value that is at `place` of those `found` before anything was added."""
        now = len(values.of(ctx, name))
        # What was added is newer, what was taken away before was newer too.
        values.remove(ctx, name, place, behind=now - len(found))

    @function(*ROUTES)
    def avp_op(self, ctx: Context, avp: Counted, operation: Operation) -> bool:
        """Add to an AVP the result of an operation with each of its numbers: `add/i:5`.

        Operators: `add sub mul div mod and or xor not`; the flag `d` deletes the numbers used.
        """
        found = values.of(ctx, avp.name)
        if not found:
            return False
        numbers = list(values.ints(found))
        if not numbers and operation.operator != "not":
            return False
        for place, number in numbers or [(-1, 0)]:
            others = self._numbers(ctx, operation.operand)
            if others is None:
                return False
            result = number
            for other in others:
                try:
                    result = values.computed(operation.operator, result, other)
                except EvalError as error:
                    self._complain(str(error))
                    result = 0
                values.add(ctx, avp.target or avp.name, result)
            if "d" in operation.flags and place >= 0:
                self._drop(ctx, avp.name, found, place)
        return True

    def _numbers(self, ctx: Context, operand: Operand) -> list[int] | None:
        """The numbers an operand has; None, with a line in the log, where it has none."""
        found = values.candidates(ctx, operand) or []
        numbers = [value for value in found if isinstance(value, int)]
        if numbers:
            return numbers
        if operand.name is None:
            self._complain("dst value is str")
        return None

    @function(*ROUTES)
    def avp_subst(self, ctx: Context, avp: Changed, sed: Sed) -> bool:
        """Replace what a pattern matches in the newest text that it matches; `/g`: in all texts.

        `$avp(a)/$avp(b)` adds the results to another AVP; the flag `d` deletes the old values.
        """
        return self._subst(ctx, avp, sed.substitution)

    @function(*ROUTES)
    def avp_subst_pv(self, ctx: Context, avp: Changed, sed: str) -> int:
        """avp_subst with a substitution that may hold variables anywhere; -3 for a bad one."""
        try:
            substitution = Substitution.parse(sed, self.host.access)
        except (ValueError, PvSyntaxError, ResolveError):
            self._complain(f"bad subst re {sed}")
            return _BAD_RE
        return 1 if self._subst(ctx, avp, substitution) else -1

    def _subst(self, ctx: Context, avp: Changed, substitution: Substitution) -> bool:
        found = values.of(ctx, avp.name)
        done = 0
        for place, value in enumerate(found):
            made = _substituted(ctx, substitution, value)
            if made is None:
                continue
            values.add(ctx, avp.target or avp.name, made)
            if "d" in avp.flags or avp.target is None:
                self._drop(ctx, avp.name, found, place)
            done += 1
            if "g" not in avp.flags:
                break
        return done > 0


def _substituted(ctx: Context, substitution: Substitution, value: AvpValue) -> str | None:
    """The text after the substitution, None where there is nothing to replace."""
    if not isinstance(value, str):
        return None
    try:
        made, count = substitution.apply(ctx, value)
    except (EmptyMatch, RegexError):
        return None
    return made if count else None


def _converted(value: AvpValue, flags: frozenset[str]) -> AvpValue:
    """A value in the type that the flags ask for; raises ValueError."""
    if "n" in flags and isinstance(value, str):
        return values.to_unsigned(value)
    return values.as_text(value) if "s" in flags else value
