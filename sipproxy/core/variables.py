"""What Kamailio's core itself offers: `$null $rc $retcode $? $env(X) $def(X)` (core/pv_core.c)."""

import os

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar
from sipproxy.core.values import Value


class CoreVariables(Module):
    """Variables that exist without any module."""

    @pvar("null")
    def null(self, ctx: Context) -> Value:
        """Undefined."""
        return None

    @pvar("rc", bind=True)
    @pvar("retcode", bind=True)
    @pvar("?", bind=True)
    def rc(self, inner: str | None, index: str | None) -> PvAccess:
        """Code of the last function or route."""
        return PvAccess(lambda ctx: ctx.rc, type="int", slot="rc")

    @pvar("env", bind=True)
    def env(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the environment, as it was at start."""
        return _constant(os.environ.get(_name(inner)))

    @pvar("envn", bind=True)
    def envn(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the environment; a text to an expression, in Kamailio too."""
        return self.env(inner, index)

    @pvar("def", bind=True)
    def definition(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of a `#!define`."""
        return _constant(self._defined(inner))

    @pvar("defn", bind=True)
    def definition_number(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of a `#!define`; a text to an expression, in Kamailio too."""
        return self.definition(inner, index)

    def _defined(self, inner: str | None) -> str | None:
        defines = getattr(self.host.settings, "defines", {})
        value: str | None = defines.get(_name(inner))
        return value


def _name(inner: str | None) -> str:
    if not inner:
        raise ValueError("a name is missing")
    return inner


def _constant(value: Value) -> PvAccess:
    return PvAccess(lambda ctx: value)
