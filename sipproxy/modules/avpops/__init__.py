"""avpops: work on AVPs by flags and operators (Kamailio modules/avpops)."""

from sipproxy.core import ruri
from sipproxy.core.context import Branch, Context
from sipproxy.core.log import INFO, report
from sipproxy.core.module import function
from sipproxy.core.stored import AvpValue
from sipproxy.modules.avpops import values
from sipproxy.modules.avpops.arguments import Asked, Checked, Comparison, Destination, Pushed
from sipproxy.modules.avpops.changes import ROUTES, AvpChanges
from sipproxy.modules.avpops.keeping import Keeping
from sipproxy.text import byte_length


class Avpops(AvpChanges, Keeping, name="avpops"):
    """Checks of AVPs, and what is written from them."""

    @function(*ROUTES)
    def is_avp_set(self, ctx: Context, avp: Asked) -> bool:
        """Whether an AVP has a value at its index: `e` an empty one, `n` a number, `s` a text."""
        found = values.of(ctx, avp.name)
        index = max(avp.index(ctx), 0)
        if index >= len(found):
            return False
        value = found[index]
        if "s" in avp.flags and isinstance(value, int):
            return False
        if "n" in avp.flags and isinstance(value, str):
            return False
        return "e" not in avp.flags or not value

    @function(*ROUTES)
    def avp_check(self, ctx: Context, variable: Checked, check: Comparison) -> bool:
        """Whether a value compares as asked: `eq/text/i`, `gt/i:5`, `re/pattern`, `fm/a*`...

        Of an AVP the newest value counts, with the flag `g` any; of the other side always any.
        """
        found = values.candidates(ctx, variable.operand)
        if found is None:
            return False
        several = variable.operand.name is None or "g" in check.flags
        kind = type(found[0])
        # Kamailio takes all for the type of the first, and so finds none of the others.
        for value in [v for v in found if type(v) is kind] if several else found[:1]:
            if value is not None and values.is_long(value):
                self._complain("src value too long")
                return False
            others = values.candidates(ctx, check.operand)
            if others is None:
                return False
            if any(self._fits(value, other, check) for other in others):
                return True
        return False

    def _fits(self, value: AvpValue | None, other: AvpValue | None, check: Comparison) -> bool:
        if value is None or other is None:
            self._complain("a value is neither number nor text")
            return False
        fits = values.fits(value, other, check)
        if fits is None:
            self._complain("value types don't match")
        return bool(fits)

    @function(*ROUTES)
    def avp_pushto(self, ctx: Context, to: Destination, source: Pushed) -> bool:
        """Write a value to `$ru`, its user or domain, `$du` or `$br`; `/g`: all values of an AVP,
        the later ones as further branches.
        """
        found = values.candidates(ctx, source.operand)
        if found is None:
            return False
        for number, value in enumerate(found if source.all else found[:1]):
            if value is None or not self._push(ctx, to, value, number):
                return False
        return True

    def _push(self, ctx: Context, to: Destination, value: AvpValue, number: int) -> bool:
        """Write the value with this number; whether it could be written."""
        if to.to != "ru":
            if not isinstance(value, str):
                return False
            if to.to == "du":
                ctx.dst_uri = value
                return True
            return self._branch(ctx, value, ctx.force_socket)
        if values.is_long(value):
            self._complain("failed to make 0 term.")
            return False
        if number and not self._branch(ctx, ctx.ruri, None):
            return False
        text = values.as_text(value)
        if not to.part:
            ctx.new_ruri = text
            return True
        if to.part == "username":
            return ruri.set_user(ctx, text) == 1
        return ruri.rewrite(ctx, lambda parts: ruri.with_host(parts, text)) == 1

    def _branch(self, ctx: Context, uri: str, socket: tuple[str, str, int] | None) -> bool:
        branch = Branch(uri)
        branch.force_socket = socket
        ctx.branches.append(branch)
        return True

    @function(*ROUTES)
    def avp_print(self, ctx: Context) -> None:
        """Write all AVPs to the log, at level INFO."""
        for name, found in ctx.avps.items() if ctx.touched("avps") else ():
            for value in found:
                kind = "name" if isinstance(name, str) else "id"
                self._tell(f"\t\t\t{kind}=<{name}>")
                if isinstance(value, str):
                    self._tell(f"\t\t\tval_str=<{value} / {byte_length(value)}>")
                else:
                    self._tell(f"\t\t\tval_int=<{value}>")

    def _tell(self, text: str) -> None:
        report(self.host.log, INFO, "avpops", text)
