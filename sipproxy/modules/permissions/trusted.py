"""allow_trusted: what the trusted table says, read beforehand (db_mode 1) or at each check."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from sipproxy.core.answer import Struct
from sipproxy.core.context import Context
from sipproxy.core.hashing import core_hash
from sipproxy.core.module import function, rpc
from sipproxy.core.regex import RegexError
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.errors import DatabaseError, MessageError, ModuleError, RpcError
from sipproxy.modules.permissions.base import TRUSTED, PermissionsBase
from sipproxy.modules.permissions.peers import TrustedPeer, by_source, read_peer
from sipproxy.text import byte_length, lower

if TYPE_CHECKING:
    from sipproxy.db.database import Query

_SLOTS = 128
"""Size of Kamailio's hash table, which its list shows."""

_LONGEST = 1024
"""Bytes of a URI that is compared with patterns."""

Peers = dict[str, list[TrustedPeer]]


class Trusted(PermissionsBase):
    """The functions that look into the trusted table."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._trusted: Peers | None = None
        self._trusted_to_read = False
        self._query: Query | None = None

    def start(self) -> None:
        super().start()
        wanted = bool(self.load_backends & TRUSTED and self.db_url)
        self._trusted_to_read = wanted and self.db_mode == 1
        self._asks = wanted and self.db_mode == 0

    def open(self) -> None:
        super().open()
        if self._trusted_to_read or self._asks:
            self.require_table(self.trusted_table)
        if self._trusted_to_read:
            self._trusted = self._read_trusted()
            self._trusted_to_read = False

    def _peers(self) -> Peers:
        """What was read last; a proxy that was not opened reads it when it is first needed."""
        if self._trusted_to_read:
            self._trusted_to_read = False
            try:
                self._trusted = self._read_trusted()
            except ModuleError as error:
                self.error(str(error))
        return self._trusted or {}

    def _read_trusted(self) -> Peers:
        """The table anew, now; raises ModuleError."""
        return self._told_peers(self._built_trusted(aside=False))

    async def _read_trusted_aside(self) -> Peers:
        """The table anew, made where no message waits for it; raises ModuleError."""
        try:
            return self._told_peers(
                await self.database().aside(partial(self._built_trusted, aside=True))
            )
        except DatabaseError as error:
            raise ModuleError(str(error)) from None

    def _built_trusted(self, *, aside: bool) -> tuple[Peers, list[str]]:
        """The peers, and complaints; raises ModuleError. It may run in a thread."""
        from sipproxy.modules.permissions.queries import read_all

        columns = (self.source_col, *self._columns(), self.priority_col)
        complaints: list[str] = []
        try:
            rows = read_all(self.database(), self.trusted_table, *columns, aside=aside)
            peers = [read_peer(row, complaints.append) for row in rows]
        except (DatabaseError, ValueError) as error:
            raise ModuleError(f"reload of trusted table failed: {error}") from None
        return by_source(peer for peer in peers if peer is not None), complaints

    def _told_peers(self, built: tuple[Peers, list[str]]) -> Peers:
        """The peers; the complaints are told."""
        peers, complaints = built
        for text in complaints:
            self.error(text)
        return peers

    def _columns(self) -> tuple[str, str, str, str]:
        return self.proto_col, self.from_col, self.ruri_col, self.tag_col

    # -- functions

    @function(name="allow_trusted")
    async def _allow_trusted(self, ctx: Context) -> int:
        """Whether a row has the message's source, transport, From and request URI.

        1; with `peer_tag_mode` 1 the number of such rows; -1 for none.
        """
        proto = PROTO_NUMBER.get(ctx.flow.proto, 0)
        return await self._check(ctx, ctx.flow.remote[0], proto, None)

    @function(name="allow_trusted")
    async def _allow_trusted_from(self, ctx: Context, address: str, proto: str) -> int:
        """The same for a source address and a transport, `any` for all."""
        return await self._check_named(ctx, address, proto, None)

    @function(name="allow_trusted")
    async def _allow_trusted_uri(self, ctx: Context, address: str, proto: str, uri: str) -> int:
        """The same with a URI instead of From's."""
        return await self._check_named(ctx, address, proto, uri)

    async def _check_named(self, ctx: Context, address: str, proto: str, uri: str | None) -> int:
        name = lower(proto)
        if name != "any" and name not in PROTO_NUMBER:
            self.error(f"unknown protocol {proto}")
            return -1
        return await self._check(ctx, address, PROTO_NUMBER.get(name, 0), uri)

    async def _check(self, ctx: Context, address: str, proto: int, uri: str | None) -> int:
        msg = ctx.msg
        texts = None
        # Patterns are for requests: of a reply only the source and the transport count.
        if msg.is_request:
            try:
                texts = (msg.from_uri if uri is None else uri), msg.ruri
            except MessageError:
                return -1
            if max(map(byte_length, texts)) > _LONGEST:
                self.error("message has a From or Request URI too large")
                return -1
        if self.db_mode == 1:
            peers: Iterable[TrustedPeer] = self._peers().get(address, ())
        else:
            peers = await self._ask(address)
        return self._count(ctx, peers, proto, texts)

    async def _ask(self, address: str) -> list[TrustedPeer]:
        """The rows of a source, read now, the lowest priority first."""
        if not self._asks:
            self.error("no connection to database")
            return []
        try:
            rows = await self._prepared().rows((address,))
        except (DatabaseError, ModuleError) as error:
            self.error(f"failed to query database: {error}")
            return []
        peers = []
        for row in rows:
            try:
                peer = read_peer((address, *row, 0), self.error)
            except ValueError:
                continue
            if peer is not None:
                peers.append(peer)
        return peers

    def _prepared(self) -> Query:
        if self._query is None:
            from sipproxy.modules.permissions import queries

            table, source, order = self.trusted_table, self.source_col, self.priority_col
            self._query = queries.by_source(self.database(), table, source, order, *self._columns())
        return self._query

    def _count(
        self,
        ctx: Context,
        peers: Iterable[TrustedPeer],
        proto: int,
        texts: tuple[str, str] | None,
    ) -> int:
        count = 0
        for peer in peers:
            try:
                trusted = peer.takes(proto) and (texts is None or peer.trusts(*texts))
            except RegexError as error:
                self.error(str(error))
                continue
            if trusted:
                self.put_tag(ctx, peer.tag)
                if not self.peer_tag_mode:
                    return 1
                count += 1
        return count or -1

    # -- RPC

    @rpc("permissions.trustedReload")
    async def _trusted_reload(self) -> str:
        """Reload permissions trusted table"""
        self.begin_reload()
        try:
            if not self.db_url:
                raise ModuleError("db_url not set")
            if self.db_mode != 1 or not self.load_backends & TRUSTED:
                raise ModuleError("in-memory hash table not initialized")
            self._trusted = await self._read_trusted_aside()
        except ModuleError as error:
            self.error(str(error))
            raise RpcError(500, "Reload failed.") from None
        self._trusted_to_read = False
        return "Reload OK"

    @rpc("permissions.trustedDump")
    def _trusted_dump(self) -> Struct:
        """Dump permissions trusted table"""
        table = self._peers()
        if self._trusted is None:
            raise RpcError(500, "No trusted table")
        slots = sorted(
            ((core_hash(peer.source) % _SLOTS, peer) for rows in table.values() for peer in rows),
            key=lambda found: (found[0], -found[1].priority),
        )
        members: list[tuple[str | None, object]] = []
        for slot, peer in slots:
            members += [("table", slot), ("item", _listed(peer))]
        return Struct(tuple(members))


def _listed(peer: TrustedPeer) -> dict[str, object]:
    return {
        "ip": peer.source,
        "proto": peer.proto,
        "pattern": "NULL" if peer.from_pattern is None else peer.from_pattern,
        "ruri_pattern": "NULL" if peer.ruri_pattern is None else peer.ruri_pattern,
        "tag": peer.tag or "NULL",
        "priority": peer.priority,
    }
