"""save() and unregister() (Kamailio registrar/save.c)."""

import re
from typing import Any

from sipproxy.core.bindings import LocationTable, NotStored
from sipproxy.core.contact import Contacts
from sipproxy.core.context import Context
from sipproxy.core.log import WARN
from sipproxy.core.module import function
from sipproxy.core.params import Parsed
from sipproxy.errors import MessageError
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.answer import Answer, Answers
from sipproxy.modules.registrar.aor import is_plain
from sipproxy.modules.registrar.contacts import number
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.merging import DELETED, INSERTED, SHOWN, Merge
from sipproxy.modules.registrar.params import PATH_OFF
from sipproxy.modules.registrar.request import Request, read
from sipproxy.sip.uri import Uri

MEMORY, NO_REPLY, REPLACE, NO_VARIATION, PREPARE = 1, 2, 4, 8, 16
_ALL = 31
_DB_ONLY = 3
_STAR_FAILED = "failed to remove record from usrloc"
_HEX = re.compile(r"0x[0-9A-Fa-f]{1,8}\Z", re.ASCII)

FAILED, TOO_MANY = -1, -2
NOT_DELETED, NOT_FOUND = -2, -3


class Table(Parsed):
    """The table that a function names; it is there from the start on."""

    __slots__ = ("name", "place")
    place: LocationTable

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> "Table":
        """Any name is one."""
        return cls(text)

    def bind(self, host: Any) -> None:
        """Make the table, unless another function did."""
        self.place = host.modules["usrloc"].table(self.name)


class Flags(Parsed):
    """The flags of save(): a number, decimal or `0x..`."""

    __slots__ = ("bits",)

    def __init__(self, bits: int) -> None:
        self.bits = bits

    @classmethod
    def parse(cls, text: str) -> "Flags":
        """Read the number."""
        bits = int(text, 16) if _HEX.match(text) else number(text)
        if bits is None or bits > _ALL:
            raise ValueError(f"bad flags <{text}>")
        return cls(bits)

    def bind(self, host: Any) -> None:
        """Raises ValueError where there is no memory that a contact could be in alone."""
        if self.bits & MEMORY and host.modules["usrloc"].db_mode == _DB_ONLY:
            raise ValueError("flag 1 (memory only) does not go with db_mode 3 of usrloc")


class Saving(Answers):
    """Functions that change records."""

    @function("REQUEST", "FAILURE", "ONREPLY")
    async def save(
        self, ctx: Context, table: Table, flags: Flags | None = None, uri: str | None = None
    ) -> int:
        """Register what the REGISTER asks for, and reply to it.

        Of To, or of the address-of-record that `uri` means. Flags: 1 memory only, 2 no reply, 4
        replace all other contacts, 8 no variation of expires, 16 with 2: prepare the reply. Gives
        1 inserted, 2 refreshed, 3 deleted, 4 nothing asked for; -1, or -2 for too many contacts.
        """
        bits = flags.bits if flags else 0
        if uri == "":
            self.complain("invalid uri parameter")
            return FAILED
        answer = ctx.scratch["registrar"] = Answer()
        try:
            code = await self._register(ctx, table.place, bits, uri)
        except Refused as refused:
            return self._refuse(ctx, answer, refused, bits)
        self.accepted.value += 1
        if not bits & NO_REPLY:
            if ctx.kind in ("request", "failure") and not self.reg_send_reply(ctx):
                return FAILED
        elif bits & PREPARE:
            self.prepare(ctx)
        if ctx.path and self.use_path and self.path_mode != PATH_OFF:
            ctx.path = ""
        return code

    def _refuse(self, ctx: Context, answer: Answer, refused: Refused, bits: int) -> int:
        answer.verdict = refused.verdict
        if refused.text:
            self.complain(refused.text, refused.level)
        self.rejected.value += 1
        if ctx.kind == "request" and not bits & NO_REPLY:
            self.reg_send_reply(ctx)
        return TOO_MANY if refused.verdict is errors.TOO_MANY else FAILED

    async def _register(
        self, ctx: Context, table: LocationTable, bits: int, uri: str | None
    ) -> int:
        """Do what the request asks for. Raises Refused."""
        try:
            to = ctx.msg.to_uri
            if not is_plain(to):
                Uri.parse(to)
        except MessageError as error:
            raise Refused(errors.FINE, f"failed to parse To: {error}") from None
        request = read(self, ctx)
        aor, host = self.rules.extract(to if uri is None else uri)
        if uri is not None:
            host = Uri.parse(to).host
        if request.star:
            try:
                await table.change(aor, _none, memory_only=bool(bits & MEMORY))
            except NotStored:
                self.list_contacts(ctx, aor, await table.read(aor), host)
                raise Refused(errors.UL_DEL_R) from None
            return DELETED
        if not request.offers:
            self.list_contacts(ctx, aor, await table.read(aor), host)
            return SHOWN
        merge = await self._merge(ctx, table, request, aor, bits)
        if merge.contacts or merge.refused is None:
            self.list_contacts(ctx, aor, merge.contacts, host)
        if merge.refused is not None:
            raise merge.refused
        return merge.code or INSERTED

    async def _merge(
        self, ctx: Context, table: LocationTable, request: Request, aor: str, bits: int
    ) -> Merge:
        """Merge the request into its record; the last try, where there were several."""
        merge: Merge
        is_new = False

        def change(contacts: Contacts) -> Contacts:
            nonlocal merge, is_new
            is_new = not contacts
            merge = Merge(
                self,
                ctx,
                request,
                aor,
                replace=bool(bits & REPLACE),
                memory_only=bool(bits & MEMORY),
                vary=not bits & NO_VARIATION,
            )
            return merge(contacts)

        try:
            await table.change(aor, change, memory_only=bool(bits & MEMORY))
        except NotStored as error:
            merge.refused = Refused(errors.NOT_STORED[error.what])
            if is_new:
                merge.contacts = ()
        return merge

    @function()
    async def unregister(
        self, ctx: Context, table: Table, uri: str, ruid: str | None = None
    ) -> int:
        """Delete a record, or its contact of that ruid: 1, -1 bad URI, -2 failed, -3 not found."""
        if ruid is None:
            if not uri:
                self.complain("invalid uri parameter")
                return FAILED
            aor = self._aor(uri)
            if aor is None:
                return FAILED
            return await self._unregister_all(table.place, aor)
        if not ruid:
            self.complain("invalid ruid parameter")
            return FAILED
        if not uri:
            return await self._unregister_ruid(table.place, ruid)
        aor = self._aor(uri)
        return FAILED if aor is None else await self._unregister_contact(table.place, aor, ruid)

    async def _unregister_all(self, table: LocationTable, aor: str) -> int:
        try:
            await table.change(aor, _none)
        except NotStored:
            self.complain(_STAR_FAILED)
            self.complain(f"error unregistering user [{aor}]")
            return NOT_DELETED
        return 1

    async def _unregister_ruid(self, table: LocationTable, ruid: str) -> int:
        if self.locations.db_mode != _DB_ONLY:
            self.complain("a ruid alone is found in db_mode 3 only")
            return NOT_DELETED
        try:
            found = await table.remove_ruid(ruid)
        except NotStored:
            self.complain("could not delete contact")
            return NOT_DELETED
        if not found:
            self.complain("contact not found", WARN)
        return 1 if found else NOT_FOUND

    async def _unregister_contact(self, table: LocationTable, aor: str, ruid: str) -> int:
        found = False

        def without(contacts: Contacts) -> Contacts:
            nonlocal found
            left = tuple(contact for contact in contacts if contact.ruid != ruid)
            found = len(left) < len(contacts)
            return left if found else contacts

        try:
            await table.change(aor, without)
        except NotStored:
            self.complain("could not delete contact", WARN)
            return NOT_DELETED
        if not found:
            self.complain("AOR/Contact not found", WARN)
        return 1 if found else NOT_FOUND

    def _aor(self, uri: str) -> str | None:
        """The address-of-record of a URI; None for none, which is logged."""
        try:
            return self.rules.extract(uri)[0]
        except Refused as refused:
            self.complain(refused.text)
            self.complain("failed to extract Address Of Record")
            return None


def _none(_: Contacts) -> Contacts:
    return ()
