"""maxfwd: the hop counter Max-Forwards (Kamailio modules/maxfwd)."""

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam

_ABSENT = -1
_BAD = -2


class Maxfwd(Module, name="maxfwd"):
    """Counts Max-Forwards down and compares it."""

    max_limit = modparam(70, "A higher value is lowered to this one.")

    @function("REQUEST", name="mf_process_maxfwd_header")
    @function("REQUEST", name="process_maxfwd")
    @function("REQUEST", name="maxfwd_process")
    def process(self, ctx: Context, limit: int) -> int:
        """Count down: 1 done, 2 added with `limit`, -1 it was 0, -2 it is no number."""
        if not 0 <= limit <= 255:
            report(self.host.log, ERROR, "maxfwd", f"invalid param value: {limit}")
            return -1
        text = ctx.msg.header("Max-Forwards")
        value = self._value(ctx, text)
        if value == _ABSENT:
            ctx.lumps.prepend(f"Max-Forwards: {limit}\r\n")
            return 2
        if value == _BAD:
            return -2
        if value == 0:
            return -1
        # Kamailio writes it into the received bytes, so $mf and $hdr(Max-Forwards) show it at once,
        # and no other header moves: edits made before stay in place.
        digits = (text or "").strip()
        left = str(min(value - 1, self.max_limit)).rjust(len(digits))
        ctx.msg = ctx.msg.patched("Max-Forwards", digits, left)
        return 1

    @function("REQUEST", "FAILURE", "BRANCH", name="is_maxfwd_lt")
    @function("REQUEST", "FAILURE", "BRANCH", name="maxfwd_at_least")
    @function("REQUEST", "FAILURE", "BRANCH", name="mf_lowlimit")
    def is_lower(self, ctx: Context, limit: int) -> int:
        """1 below the limit, -1 not, -2 there is none, -3 it is no number."""
        if not 0 <= limit <= 255:
            report(self.host.log, ERROR, "maxfwd", f"invalid param value: {limit}")
            return -1
        value = self._value(ctx, ctx.msg.header("Max-Forwards"))
        return value - 1 if value < 0 else 1 if value < limit else -1

    def _value(self, ctx: Context, text: str | None) -> int:
        """The counter in the header's value, which may have been counted down."""
        if text is None:
            return _BAD if ctx.msg.malformed else _ABSENT
        digits = text.strip()
        if not digits:
            return 0
        if len(digits) > 5 or not (digits.isascii() and digits.isdigit()) or int(digits) > 65535:
            report(self.host.log, ERROR, "maxfwd", "unable to parse the max forwards number")
            return _BAD
        return int(digits)
