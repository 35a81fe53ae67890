"""The parameters of registrar, what it binds, and its statistics (Kamailio registrar.c)."""

from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.bindings import Locations, Replies
from sipproxy.core.contact import Socket
from sipproxy.core.context import Context
from sipproxy.core.flow import Address
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, modparam
from sipproxy.core.resolve import ResolveError
from sipproxy.core.ruid import Ruids
from sipproxy.core.statistics import Statistic
from sipproxy.errors import ModuleError
from sipproxy.modules.registrar.aor import AorRules

PATH_OFF, PATH_LAZY, PATH_STRICT = range(3)
OUTBOUND_NONE, OUTBOUND_SUPPORTED, OUTBOUND_REQUIRED = range(3)
_LONGEST_FLOW_TIMER = 999
RCD_RUID, RCD_CONTACT, RCD_EXPIRES, RCD_RECEIVED, RCD_PATH = 1, 2, 4, 8, 16
"""Bits of xavp_rcd_mask: what is left out."""


class Params(Module):
    """What a cfg may set, and what all functions need."""

    default_expires = modparam(3600, "Seconds where a REGISTER names none.")
    default_expires_range = modparam(0, "Percent by which these may be less, by chance.")
    expires_range = modparam(0, "Percent by which asked seconds may be less, by chance.")
    min_expires = modparam(60, "The least seconds that are granted.")
    min_expires_mode = modparam(0, "1: less is refused with 423, not raised.")
    max_expires = modparam(0, "The most seconds that are granted; 0: any.")
    default_q = modparam(-1, "q of contacts without one, in thousandths; -1: none.")
    append_branches = modparam(1, "0: lookup() takes the first contact only.")
    use_expired_contacts = modparam(0, "1: lookup() takes contacts that have expired.")
    case_sensitive = modparam(0, "Non-zero: users are told apart by case.")
    realm_prefix = modparam("", "What is cut from the front of domains.")
    received_param = modparam(
        "received", "Parameter with the source address in replies; empty: none."
    )
    received_avp = modparam("", "AVP with the source address of a REGISTER.")
    max_contacts = modparam(0, "The most contacts of an address-of-record; 0: any number.")
    contact_max_size = modparam(512, "The most bytes of a contact's URI.")
    retry_after = modparam(0, "Seconds in Retry-After of replies 5xx; 0: no such header.")
    sock_mode = modparam(0, "1: the advertised address of the socket is stored.")
    sock_flag = modparam(-1, "Flag of requests whose socket a header or XAVP names; -1 for none.")
    sock_hdr_name = modparam("", "That header.")
    method_filtering = modparam(0, "1: lookup() leaves out contacts that do not allow the method.")
    use_path = modparam(0, "1: Path is stored and followed.")
    path_mode = modparam(PATH_STRICT, "Path in replies: 0 never, 1 if supported, 2 always or 420.")
    path_use_received = modparam(0, "1: received of the first Path counts.")
    path_check_local = modparam(0, "1: a first Path that is our own is skipped by lookup().")
    xavp_cfg = modparam("", "XAVP that overrides parameters for a message.")
    xavp_rcd = modparam("", "XAVP that gets details of contacts.")
    xavp_rcd_mask = modparam(
        0, "What is left out: 1 ruid, 2 contact, 4 expires, 8 received, 16 path."
    )
    gruu_enabled = modparam(1, "0: no GRUUs in replies.")
    outbound_mode = modparam(OUTBOUND_NONE, "RFC 5626: 0 not supported, 1 supported, 2 required.")
    regid_mode = modparam(0, "reg-id counts: 0 with outbound, 1 always.")
    flow_timer = modparam(0, "Seconds in Flow-Timer; 0: no such header.")
    lookup_filter_mode = modparam(0, "lookup() filters: 1 branch flags, 2 standing connections.")
    not_yet = frozenset({"event_callback"})
    event_callback = modparam("", "Function of an embedded language that is told of events.")

    locations: Locations
    replies: Replies
    rules: AorRules

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.ruids = Ruids(host, "uloc")
        self.accepted = Statistic("registrar", "accepted_regs")
        self.rejected = Statistic("registrar", "rejected_regs")
        self.server_id = 0
        self.sockets: dict[tuple[str, Address], Socket] = {}
        """Our sockets as contacts have them, by transport and address: one tuple for all."""
        self._received: PvAccess | None = None

    def start(self) -> None:
        """Bind the location service and the one who replies."""
        self.replies = self.host.bind("sl")
        self.locations = self.host.bind("usrloc")
        self._check()
        self.server_id = getattr(self.host.settings, "server_id", 0)
        use_domain = bool(self.locations.use_domain)
        self.rules = AorRules(use_domain, bool(self.case_sensitive), self.realm_prefix)
        self.locations.case_sensitive = bool(self.case_sensitive)
        if self.default_q != -1:
            self.default_q = min(max(self.default_q, 0), 1000)
        if self.received_avp:
            self._received = self._avp(self.received_avp)
        self._count()

    def _check(self) -> None:
        if self.outbound_mode not in (OUTBOUND_NONE, OUTBOUND_SUPPORTED, OUTBOUND_REQUIRED):
            raise ModuleError(
                "outbound_mode must be 0 (not supported), 1 (supported) or 2 (required)"
            )
        if self.regid_mode not in (0, 1):
            raise ModuleError("regid_mode must be 0 (use with outbound) or 1 (use always)")
        without_outbound = self.flow_timer > 0 and self.outbound_mode == OUTBOUND_NONE
        if not 0 <= self.flow_timer <= _LONGEST_FLOW_TIMER or without_outbound:
            raise ModuleError("bad value for flow_timer")
        if self.event_callback:
            raise ModuleError('the parameter "event_callback" is not supported yet')

    def _avp(self, text: str) -> PvAccess:
        try:
            access: PvAccess = self.host.pv(text)
        except ResolveError as error:
            raise ModuleError(f"received_avp: {error}") from None
        if access.avp_name is None:
            raise ModuleError(f"malformed or non AVP {text} AVP definition")
        return access

    def _count(self) -> None:
        add = self.host.statistics.add
        self.accepted = add(self.accepted)
        self.rejected = add(self.rejected)
        for name, parameter in (
            ("max_expires", "max_expires"),
            ("max_contacts", "max_contacts"),
            ("default_expire", "default_expires"),
            ("default_expires_range", ""),
            ("expires_range", ""),
        ):
            kept = add(Statistic("registrar", name, is_kept=True))
            kept.value = getattr(self, parameter) if parameter else 0

    @property
    def socket_flag(self) -> int:
        """The flag that lets a request name its socket; 0 for none."""
        if self.sock_flag < 0 or not (self.sock_hdr_name or self.xavp_cfg):
            return 0
        flag: int = self.sock_flag
        return 1 << flag

    def received_of(self, ctx: Context) -> str:
        """The source address that the cfg put into its AVP, empty for none."""
        if self._received is None:
            return ""
        value = self._received.read(ctx)
        return value if isinstance(value, str) else ""

    def setting_int(self, ctx: Context, name: str) -> int | None:
        """What the XAVP of xavp_cfg says of a number, None for nothing."""
        if not self.xavp_cfg:
            return None
        return next((v for n, v in self._settings(ctx) if n == name and isinstance(v, int)), None)

    def setting_text(self, ctx: Context, name: str) -> str:
        """What the XAVP of xavp_cfg says of a text, empty for nothing."""
        return next((v for n, v in self._settings(ctx) if n == name and isinstance(v, str)), "")

    def _settings(self, ctx: Context) -> list[tuple[str, int | str | None]]:
        if not self.xavp_cfg or not ctx.touched("xavps"):
            return []
        values = ctx.xavps.get(self.xavp_cfg)
        return values[0] if values and isinstance(values[0], list) else []

    def complain(self, text: str, level: int = ERROR) -> None:
        """Write a line to the log."""
        report(self.host.log, level, "registrar", text)
