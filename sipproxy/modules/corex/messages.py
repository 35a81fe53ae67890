"""What corex does to a message besides sending it: flags, our Via, files (corex_mod.c)."""

from sipproxy.core.access import PvAccess
from sipproxy.core.context import VIA_FIELDS, VIA_PARAMS, VIA_SERVER, Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam, modparam_method
from sipproxy.errors import ModuleError
from sipproxy.text import decode, encode, lower

_FLAGS = {"use_uac_from": 1 << 13, "use_uac_to": 1 << 14, "uac_auth": 1 << 19}
_INTERNAL = "corex.internal-flags"
_ALL = (1 << 32) - 1
_NOT_SET = -2


class MessageFunctions(Module):
    """Internal flags, parameters of our Via, files."""

    nio_min_msg_len = modparam(-1, "Accepted; there is no nio_intercept.")
    nio_msg_avp = modparam("", "Accepted; there is no nio_intercept.")

    @modparam_method("nio_intercept", int)
    def nio_intercept(self, on: int) -> None:
        """Must be 0: there is no event_route[network:msg]."""
        if on:
            raise ModuleError("event_route[network:msg] does not exist here")

    @modparam_method("evcb_reply_out")
    def evcb_reply_out(self, text: str) -> None:
        """Refused: it names a function of a scripting language."""
        raise ModuleError("callbacks of scripting languages do not exist here")

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "corex", text)

    # -- our Via

    @function()
    def via_add_srvid(self, ctx: Context, on: int) -> None:
        """Have our Via carry the core parameter server_id, as `srvid`."""
        _switch(ctx, VIA_SERVER, on)

    @function()
    def via_add_xavp_params(self, ctx: Context, on: int) -> None:
        """Have our Via carry the children of the XAVP that xavp_via_params names."""
        _switch(ctx, VIA_PARAMS, on)

    @function()
    def via_use_xavp_fields(self, ctx: Context, on: int) -> None:
        """Take `address` and `port` of our Via from the XAVP that xavp_via_fields names."""
        _switch(ctx, VIA_FIELDS, on)

    # -- internal flags

    @function()
    def is_incoming(self, ctx: Context) -> bool:
        """Whether event_route[network:msg], which is not here, runs for a message that came in."""
        return False

    @function()
    def msg_iflag_set(self, ctx: Context, name: str) -> bool:
        """Set an internal flag: USE_UAC_FROM, USE_UAC_TO, UAC_AUTH."""
        # An unknown name is all flags to Kamailio, which then sets them.
        ctx.scratch[_INTERNAL] = _flags(ctx) | _FLAGS.get(lower(name), _ALL)
        return True

    @function()
    def msg_iflag_reset(self, ctx: Context, name: str) -> bool:
        """Clear an internal flag."""
        value = self._value(name)
        if value:
            ctx.scratch[_INTERNAL] = _flags(ctx) & ~value
        return value > 0

    @function()
    def msg_iflag_is_set(self, ctx: Context, name: str) -> int:
        """1 when an internal flag is set, -2 when not, -1 for an unknown one."""
        value = self._value(name)
        if not value:
            return -1
        return 1 if _flags(ctx) & value else _NOT_SET

    def _value(self, name: str) -> int:
        value = _FLAGS.get(lower(name), 0)
        if not value:
            self._complain(f"unsupported flag name [{name}]")
        return value

    # -- files

    @function()
    def file_read(self, ctx: Context, path: str, target: PvAccess) -> bool:
        """Write what a file holds to a variable. The proxy stands still meanwhile."""
        if not path:
            self._complain("cannot get file path")
            return False
        try:
            with open(path, "rb") as file:
                content = file.read()
        except (OSError, ValueError):
            self._complain(f"cannot open file: {path}")
            return False
        target.write(ctx, decode(content))
        return True

    @function(outside=True)
    def file_write(self, ctx: Context, path: str, text: str) -> bool:
        """Write a text to a file, in place of what it held; the proxy stands still meanwhile."""
        if not path or not text:
            self._complain("cannot get file path" if not path else "cannot get the content")
            return False
        try:
            with open(path, "wb") as file:
                file.write(encode(text))
        except (OSError, ValueError):
            self._complain(f"cannot open file: {path}")
            return False
        return True


def _switch(ctx: Context, bit: int, on: int) -> None:
    ctx.via_extras = ctx.via_extras | bit if on else ctx.via_extras & ~bit


def _flags(ctx: Context) -> int:
    found = ctx.scratch.get(_INTERNAL, 0) if ctx.touched("scratch") else 0
    return found if isinstance(found, int) else 0
