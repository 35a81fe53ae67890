"""Who is calling and who pays: Remote-Party-ID, P-Charging-Vector, checked credentials (Kamailio
siputils/rpid.c, chargingvector.c, checks.c)."""

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from sipproxy.core.access import PvAccess
from sipproxy.core.bindings import AUTHORIZED
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, function, modparam, pvar
from sipproxy.core.params import Plain
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import Value
from sipproxy.errors import MessageError, ModuleError
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri
from sipproxy.text import lower

E164 = re.compile(r"\+[0-9]{2,15}\Z", re.ASCII)

_VECTOR = "siputils.charging-vector"
_NAMES = {
    "value": "icid-value=",
    "genaddr": "icid-generated-at=",
    "orig": "orig-ioi=",
    "term": "term-ioi=",
}


class Vector(NamedTuple):
    """A P-Charging-Vector: its text as `$pcv(all)` shows it, and its value as it is read."""

    shown: str
    value: str


class IdentityFunctions(Module):
    """Headers about the caller."""

    rpid_avp = modparam("$avp(s:rpid)", "AVP with the caller's address for Remote-Party-ID.")
    rpid_prefix = modparam("", "What append_rpid_hf writes before the address.")
    rpid_suffix = modparam(
        ";party=calling;id-type=subscriber;screen=yes", "What append_rpid_hf writes behind it."
    )

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._rpid: PvAccess | None = None
        self._vectors = 0

    def ready(self) -> None:
        """Look the AVP up; raises ModuleError for another variable."""
        if not self.rpid_avp:
            return
        try:
            self._rpid = self.host.pv(self.rpid_avp)
        except ResolveError as error:
            # The default names a variable of a module that a cfg need not load.
            if self.rpid_avp != IdentityFunctions.rpid_avp.default:
                raise ModuleError(str(error)) from None
        else:
            if self._rpid.avp_name is None:
                raise ModuleError(f"rpid_avp: {self.rpid_avp} is no AVP")

    def _complain(self, text: str, level: int = ERROR) -> None:
        report(self.host.log, level, "siputils", text)

    @function("REQUEST", "LOCAL")
    def is_user(self, ctx: Context, name: str) -> bool:
        """Whether the credentials that were checked are of a user."""
        found = ctx.scratch.get(AUTHORIZED) if ctx.touched("scratch") else None
        if not isinstance(found, Credentials):
            self._complain("no authorized credentials found (error in scripts)")
            return False
        return bool(found.user) and found.user == name

    # -- Remote-Party-ID

    def _caller(self, ctx: Context) -> str:
        """The address in the AVP, empty for none."""
        if self._rpid is None:
            self._complain("rpid avp not defined")
            return ""
        value = self._rpid.read(ctx)
        return value if isinstance(value, str) else ""

    @function("REQUEST", "BRANCH", "FAILURE")
    def append_rpid_hf(
        self, ctx: Context, prefix: Plain | None = None, suffix: Plain | None = None
    ) -> bool:
        """Add Remote-Party-ID with the address in the AVP, between prefix and suffix."""
        caller = self._caller(ctx)
        if not caller:
            return False
        before = self.rpid_prefix if prefix is None else prefix
        after = self.rpid_suffix if suffix is None else suffix
        ctx.lumps.append(f"Remote-Party-ID: {before}{caller}{after}\r\n")
        return True

    @function("REQUEST")
    def is_rpid_user_e164(self, ctx: Context) -> bool:
        """Whether the user of the address in the AVP is `+` and 2 to 15 digits."""
        caller = self._caller(ctx)
        try:
            uri = NameAddr.parse(caller).uri if "<" in caller else caller
            user = Uri.parse(uri).user if caller else None
        except MessageError:
            self._complain("failed to parse RPID URI")
            return False
        return E164.match(user or "") is not None

    # -- P-Charging-Vector

    @function()
    def sip_p_charging_vector(self, ctx: Context, flags: str) -> int:
        """Take notice of P-Charging-Vector; flags `g` add one where there is none, `f` in any case.

        The flag `r` removes nothing, as in Kamailio 5.6, which forgets the header it found.
        """
        asked = set(lower(flags))
        vector = _received(ctx)
        if "f" in asked or ("g" in asked and vector is None):
            value = f"icid-value={self._identifier(ctx)}; icid-generated-at={ctx.flow.local[0]}"
            header = f"P-Charging-Vector: {value}\r\n"
            ctx.lumps.append(header)
            vector = Vector(header, value)
        ctx.scratch[_VECTOR] = vector
        return 1

    def _identifier(self, ctx: Context) -> str:
        """16 bytes in hexadecimal: IVS, our address, process, time, a number that counts."""
        number = self._vectors
        self._vectors = (number + 1) & 0xFFFF_FFFF
        address = ctx.flow.local[0].split(".")
        four = bytes(map(int, address)) if len(address) == 4 else bytes(4)
        process = os.getpid() & 0xFFFF_FFFF
        parts = (b"IVS", four, process.to_bytes(4, "little"), bytes([int(ctx.now) & 0xFF]))
        return (b"".join(parts) + number.to_bytes(4, "little")).hex().upper()

    @pvar("pcv", bind=True)
    def pcv(self, inner: str | None, index: str | None) -> PvAccess:
        """P-Charging-Vector: `all` of it, `value` of icid-value, `genaddr`, `orig`, `term`."""
        if index is not None or inner not in ("all", *_NAMES):
            raise ValueError("it is written $pcv(all), value, genaddr, orig or term")
        read: Callable[[Vector], Value] = lambda vector: vector.shown  # noqa: E731
        if inner != "all":
            name = _NAMES[inner]
            read = lambda vector: _field(vector.value, name)  # noqa: E731

        def get(ctx: Context) -> Value:
            vector = self._vector(ctx)
            value = None if vector is None else read(vector)
            if vector is not None and not value:
                self._complain("No value for pseudo-var $pcv", WARN)
            return value or None

        return PvAccess(get)

    def _vector(self, ctx: Context) -> Vector | None:
        """The vector that was generated, else the received one."""
        known = ctx.scratch.get(_VECTOR) if ctx.touched("scratch") else None
        return known if isinstance(known, Vector) else _received(ctx)


def _received(ctx: Context) -> Vector | None:
    """The vector in the message; a header in other letters than `P-` first is not seen."""
    for row in ctx.msg.rows("p-charging-vector"):
        if row.name.startswith("P") and row.value:
            return Vector(row.value, row.value) if "icid-value=" in row.value else None
    return None


def _field(text: str, name: str) -> str:
    """What follows a name, up to a blank, semicolon or comma."""
    _, _, rest = text.partition(name)
    return re.split(r"[ ;,\r\n]", rest, maxsplit=1)[0]
