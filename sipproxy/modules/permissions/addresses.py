"""allow_address and its kin: what the address table says."""

from collections.abc import Iterable, Mapping
from functools import partial

from sipproxy.core.addresses import packed, packed_as_kamailio, unpacked
from sipproxy.core.answer import Struct
from sipproxy.core.context import Context
from sipproxy.core.hashing import core_hash
from sipproxy.core.log import CRIT, report
from sipproxy.core.module import function, rpc
from sipproxy.errors import DatabaseError, ModuleError, RpcError
from sipproxy.modules.permissions.base import ADDRESSES, PermissionsBase
from sipproxy.modules.permissions.table import AddressTable, Peer, Row, read_lines
from sipproxy.text import decode

_SLOTS = 128
"""Size of Kamailio's hash tables, which its lists show."""


class Addresses(PermissionsBase):
    """The functions that look into the address table."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._addresses: AddressTable | None = None
        self._to_read = False

    def start(self) -> None:
        super().start()
        if not self.load_backends & ADDRESSES:
            return
        if self.address_file:
            self._addresses = self._read()
        else:
            self._to_read = bool(self.db_url)

    def open(self) -> None:
        super().open()
        if self._to_read:
            self.require_table(self.address_table)
            self._addresses = self._read()
            self._to_read = False

    def _table(self) -> AddressTable | None:
        """What was read last; a proxy that was not opened reads it when it is first needed."""
        if self._to_read:
            self._to_read = False
            try:
                self._addresses = self._read()
            except ModuleError as error:
                self.error(str(error))
        return self._addresses

    def _read(self) -> AddressTable:
        """A table anew, now; raises ModuleError."""
        return self._told(self._built(aside=False))

    async def _read_aside(self) -> AddressTable:
        """A table anew, made where no message waits for it; raises ModuleError."""
        work = partial(self._built, aside=True)
        if self.address_file:
            return self._told(await self.aside(work))
        try:
            return self._told(await self.database().aside(work))
        except DatabaseError as error:
            raise ModuleError(str(error)) from None

    def _built(self, *, aside: bool) -> AddressTable:
        """Raises ModuleError. It may run in a thread: it changes nothing and tells nothing."""
        table = AddressTable(self.max_subnets)
        try:
            for row in self._file_rows() if self.address_file else self._database_rows(aside):
                table.add(*row)
        except ValueError as error:
            raise ModuleError(f"reload of address table failed: {error}") from None
        table.settle()
        return table

    def _told(self, table: AddressTable) -> AddressTable:
        """The table, of which it is told that it is full."""
        if table.full:
            text = f"subnet table is full: only {self.max_subnets} are kept (max_subnets)"
            report(self.host.log, CRIT, "permissions", text)
        return table

    def _file_rows(self) -> Iterable[Row]:
        path = self.beside_cfg(self.address_file)
        try:
            with open(path, "rb") as file:
                return read_lines(decode(file.read()))
        except OSError as error:
            raise ModuleError(f"can't open list file [{path}]: {error.strerror}") from None

    def _database_rows(self, aside: bool) -> Iterable[Row]:
        from sipproxy.modules.permissions.queries import read_all

        columns = (self.grp_col, self.ip_addr_col, self.mask_col, self.port_col, self.tag_col)
        try:
            rows = read_all(self.database(), self.address_table, *columns, aside=aside)
            for group, address, mask, port, tag in rows:
                if not isinstance(group, int) or group <= 0:
                    raise ValueError(f"invalid record: group {group!r}")
                if not isinstance(address, str):
                    raise ValueError(f"invalid record: address {address!r}")
                if not isinstance(mask, int) or not isinstance(port, int):
                    raise ValueError(f"invalid record: mask {mask!r}, port {port!r} of {address}")
                yield group, address, mask, port, None if tag is None else str(tag)
        except DatabaseError as error:
            raise ModuleError(f"failed to query database: {error}") from None

    # -- functions

    @function()
    def allow_source_address(self, ctx: Context, group: int = 1) -> bool:
        """Whether the message's source is in a group of the address table."""
        table = self._table()
        if table is None:
            return False
        host, port = ctx.flow.remote
        return self._found(ctx, table.find(packed(host), port, group)) is not None

    @function()
    def allow_address(self, ctx: Context, group: int, address: str, port: int) -> bool:
        """Whether an address (or a host name, as it is written) and port are in a group."""
        return self._found(ctx, self._find(address, port, group)) is not None

    @function()
    def allow_source_address_group(self, ctx: Context) -> int:
        """The first group that the message's source is in, -1 for none."""
        table = self._table()
        host, port = ctx.flow.remote
        peer = table.find(packed(host), port, None) if table else None
        return -1 if self._found(ctx, peer) is None or peer is None else peer.group

    @function()
    def allow_address_group(self, ctx: Context, address: str, port: int) -> int:
        """The first group that an address or host name and port are in, -1 for none."""
        peer = self._find(address, port, None)
        if peer is None:
            return -1
        if not _is_name(address):
            self.put_tag(ctx, peer.tag)
        return peer.group

    def _find(self, address: str, port: int, group: int | None) -> Peer | None:
        table = self._table()
        if table is None:
            return None
        try:
            key = packed_as_kamailio(address)
        except ValueError:
            return table.find_name(address, port, group)
        return table.find(key, port, group)

    def _found(self, ctx: Context, peer: Peer | None) -> Peer | None:
        if peer is not None:
            self.put_tag(ctx, peer.tag)
        return peer

    # -- RPC

    @rpc("permissions.addressReload")
    async def _address_reload(self) -> str:
        """Reload permissions address table"""
        self.begin_reload()
        if not self.address_file and not self.db_url:
            self.error("db_url not set")
            raise RpcError(500, "Reload failed.")
        try:
            self._addresses = await self._read_aside()
        except ModuleError as error:
            self.error(str(error))
            raise RpcError(500, "Reload failed.") from None
        self._to_read = False
        return "Reload OK"

    @rpc("permissions.addressDump", array=True)
    def _address_dump(self) -> list[Mapping[str, object]]:
        """Dump permissions address table"""
        rows = [
            (core_hash(decode(key[:4])) % _SLOTS, peer, {"ip": unpacked(key)})
            for key, peers in self._there("No address table").addresses.items()
            for peer in peers
        ]
        return [_listed(*row) for row in _in_order(rows)]

    @rpc("permissions.subnetDump", array=True)
    def _subnet_dump(self) -> list[Mapping[str, object]]:
        """Dump permissions subnet table"""
        return [
            {
                "id": number,
                "group": network.group,
                "item": {
                    "ip": unpacked(network.address),
                    "mask": network.mask,
                    "port": network.port,
                    "tag": network.tag or "",
                },
            }
            for number, network in enumerate(self._there("No subnet table").networks)
        ]

    @rpc("permissions.domainDump")
    def _domain_dump(self) -> Struct:
        """Dump permissions domain name table"""
        rows = [
            (core_hash(name) % _SLOTS, peer, {"domain_name": name})
            for name, peers in self._there("No domain list table").names.items()
            for peer in peers
        ]
        return Struct(tuple(item for row in _in_order(rows) for item in _listed(*row).items()))

    def _there(self, fault: str) -> AddressTable:
        table = self._table()
        if table is None:
            raise RpcError(500, fault)
        return table


_ListedPeer = tuple[int, Peer, Mapping[str, object]]


def _in_order(rows: Iterable[_ListedPeer]) -> list[_ListedPeer]:
    """By slot, and the newest row of a slot first."""
    return sorted(rows, key=lambda row: (row[0], -row[1].number))


def _listed(slot: int, peer: Peer, named: Mapping[str, object]) -> Mapping[str, object]:
    item = {**named, "port": peer.port, "tag": peer.tag or "NULL"}
    return {"table": slot, "group": peer.group, "item": item}


def _is_name(address: str) -> bool:
    try:
        packed_as_kamailio(address)
    except ValueError:
        return True
    return False
