"""Parameters of permissions and what its parts share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, modparam
from sipproxy.core.offload import Workers
from sipproxy.core.pvspec import PvSyntaxError, parse_pv
from sipproxy.core.resolve import ResolveError
from sipproxy.errors import DatabaseError, ModuleError, RpcError

if TYPE_CHECKING:
    from sipproxy.db.database import Database

T = TypeVar("T")

TABLE_VERSION = 6
"""Of both tables."""

_PATIENCE = 3600.0
"""Seconds that reading a file may take."""
_BACKLOG = 10

ADDRESSES, TRUSTED, ALLOW_FILE, DENY_FILE = 1, 2, 4, 8
"""Bits of `load_backends`."""


class PermissionsBase(Module):
    """The parameters, the log, the database and the folder of the cfg."""

    default_allow_file = modparam("permissions.allow", "What allow_routing() allows.")
    default_deny_file = modparam("permissions.deny", "What allow_routing() denies.")
    check_all_branches = modparam(1, "0: look at the request URI only, not at the branches.")
    allow_suffix = modparam(".allow", "Ending of the allow file of a basename.")
    deny_suffix = modparam(".deny", "Ending of the deny file of a basename.")
    db_url = modparam("", "Database of the tables.")
    db_mode = modparam(0, "1: the trusted table is read at start and by RPC; 0: at each check.")
    trusted_table = modparam("trusted", "Table of trusted peers.")
    source_col = modparam("src_ip", "Column of the trusted table: address of the peer.")
    proto_col = modparam("proto", "Column of the trusted table: its transport, or `any`.")
    from_col = modparam("from_pattern", "Column of the trusted table: expression for From.")
    ruri_col = modparam("ruri_pattern", "Column of the trusted table: expression for the R-URI.")
    tag_col = modparam("tag", "Column of both tables: the peer's tag.")
    priority_col = modparam("priority", "Column of the trusted table: order among rows of a peer.")
    peer_tag_avp = modparam("", "`$avp(name)` that gets the tag of what matched.")
    peer_tag_mode = modparam(0, "1: tags of all trusted rows that match, not of the first only.")
    address_table = modparam("address", "Table of addresses, networks and names by group.")
    address_file = modparam("", "File read instead of the address table.")
    grp_col = modparam("grp", "Column of the address table: the group.")
    ip_addr_col = modparam("ip_addr", "Column of the address table: address, network or name.")
    mask_col = modparam("mask", "Column of the address table: length of the network's prefix.")
    port_col = modparam("port", "Column of the address table: port, 0 for any.")
    max_subnets = modparam(512, "Networks that are read; further ones are left out.", at_least=0)
    load_backends = modparam(0xFFFF, "Sum of 1 addresses, 2 trusted, 4 allow, 8 deny file.")
    reload_delta = modparam(5, "Seconds that must lie between two reloads by RPC.")
    trusted_cleanup_interval = modparam(60, "Without effect: an old table is freed at once.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._workers: Workers | None = None

    def start(self) -> None:
        if not self.load_backends:
            raise ModuleError("load_backends is 0: there is nothing to be loaded")
        if self.db_mode not in (0, 1):
            raise ModuleError(f"db_mode is 0 or 1, not {self.db_mode}")
        if self.reload_delta < 0:
            self.reload_delta = 5
        self._last_reload = 0
        self._tag_access = self._tag_variable(self.peer_tag_avp) if self.peer_tag_avp else None

    def _tag_variable(self, text: str) -> PvAccess:
        try:
            if parse_pv(text).name == "avp":
                return cast(PvAccess, self.host.pv(text))
        except (PvSyntaxError, ResolveError):
            pass
        raise ModuleError(f"malformed or non AVP {text} peer_tag_avp definition")

    def put_tag(self, ctx: Context, tag: str | None) -> None:
        """Add the tag of a row that matched to the AVP that was asked for."""
        if self._tag_access is not None and tag is not None:
            self._tag_access.write(ctx, tag)

    def error(self, text: str) -> None:
        """Write an error to the log."""
        report(self.host.log, ERROR, "permissions", text)

    def beside_cfg(self, name: str) -> str:
        """The path of a file that the cfg names: without a slash it lies beside the cfg."""
        return name if "/" in name else os.path.join(os.path.dirname(self.host.cfg_file), name)

    def database(self) -> Database:
        """The database of `db_url`; raises ModuleError."""
        return cast("Database", self.host.database(self.db_url))

    async def aside(self, work: Callable[[], T]) -> T:
        """Do what takes long, and needs no database, in a thread; raises ModuleError."""
        if self._workers is None:
            self._workers = Workers(self.host.offload, "permissions", threads=1, backlog=_BACKLOG)
        try:
            return cast(T, await self._workers.submit(work, _PATIENCE))
        except TimeoutError as error:
            raise ModuleError(str(error)) from None

    def close(self) -> None:
        if self._workers is not None:
            self._workers.close()

    def require_table(self, name: str) -> None:
        """See that the database holds a table of our version; raises ModuleError."""
        from sipproxy.db.version import check_version

        database = self.database()
        try:
            database.open()
            check_version(database, name, TABLE_VERSION)
        except DatabaseError as error:
            raise ModuleError(f"permissions: unable to connect database: {error}") from None
        except ModuleError as error:
            raise ModuleError(f"permissions: {error}") from None

    def begin_reload(self) -> None:
        """Raises RpcError while the reload before is not `reload_delta` seconds ago."""
        now = int(self.host.now())
        if self._last_reload and self._last_reload > now - self.reload_delta:
            self.error("ongoing reload")
            raise RpcError(500, "ongoing reload")
        self._last_reload = now
