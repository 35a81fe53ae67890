"""lookup() and its like: from an address-of-record to its contacts (Kamailio lookup.c)."""

from collections.abc import Iterable, Iterator

from sipproxy.core.contact import Contact
from sipproxy.core.context import Branch, Context
from sipproxy.core.methods import method_bit
from sipproxy.core.module import function
from sipproxy.errors import MessageError
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.saving import Saving, Table
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri

FOUND, NONE, NOT_ALLOWED, BROKEN = 1, -1, -2, -3
"""What lookup() gives: found, not registered, the method is not allowed, an unreadable URI."""

_BY_BFLAGS, _BY_CONNECTION = 1, 2
_MATCH_CALL_ID, _MATCH_RECEIVED, _MATCH_CONTACT = 1, 2, 4
_TELL_XAVP, _NO_DETAILS = 1, 2
_SEPARATOR = "-"
_MAX_BRANCHES = 12


class Finding(Saving):
    """Functions that look records up."""

    @function("REQUEST", "FAILURE")
    async def lookup(self, ctx: Context, table: Table, uri: str | None = None) -> int:
        """Put the contacts of the R-URI, or of `uri`, in its place and into further branches.

        1, -1 for no contact, -2 where none allows the method, -3 for an unreadable URI.
        """
        return await self._look_up(ctx, table, uri, rewrite=True)

    @function("REQUEST", "FAILURE")
    async def lookup_to_dset(self, ctx: Context, table: Table, uri: str | None = None) -> int:
        """As lookup(), but all contacts become further branches."""
        return await self._look_up(ctx, table, uri, rewrite=False)

    async def _look_up(self, ctx: Context, table: Table, uri: str | None, *, rewrite: bool) -> int:
        if uri == "":
            self.complain("invalid uri parameter")
            return NONE
        try:
            place = ctx.ruri if uri is None else uri
            aor, _ = self.rules.extract(place)
        except Refused as refused:
            self.complain(refused.text)
            self.complain("failed to extract address of record")
            return BROKEN
        gruu = Uri.parse(place).param("gr") if ";" in place else None
        if gruu == "":
            return await self._look_up_temporary(ctx, table, Uri.parse(place), rewrite=rewrite)
        contacts = await table.place.read(aor)
        if not contacts:
            return NONE
        code = NONE
        valid: list[Contact] = []
        for contact in self._valid(ctx, contacts):
            if not self._allows(ctx, contact):
                code = code if valid else NOT_ALLOWED
            elif gruu:
                if _bare(contact.instance) == _bare(gruu):
                    return self._use(ctx, [contact], rewrite=rewrite, alone=True)
            elif self._passes(ctx, contact):
                valid.append(contact)
        return self._use(ctx, valid, rewrite=rewrite) if valid else code

    async def _look_up_temporary(
        self, ctx: Context, table: Table, uri: Uri, *, rewrite: bool
    ) -> int:
        """Look a temporary GRUU up."""
        ruid, dash, digits = (uri.user or "").rpartition(_SEPARATOR)
        try:
            if not dash:
                raise ValueError("invalid format")
            number = int(digits[::-1], 16) if digits else 0
        except ValueError:
            self.complain("failed to extract temp gruu - invalid hash")
            return BROKEN
        found = await table.place.read_ruid(number & 0xFFFF_FFFF, ruid)
        if found is None:
            return NONE
        contact = found[1]
        if not next(self._valid(ctx, (contact,)), None):
            return NONE
        if not self._allows(ctx, contact):
            return NOT_ALLOWED
        return self._use(ctx, [contact], rewrite=rewrite, alone=True)

    def _valid(self, ctx: Context, contacts: Iterable[Contact]) -> Iterator[Contact]:
        now = int(ctx.now)
        return (c for c in contacts if c.is_valid(now) or self.use_expired_contacts)

    def _allows(self, ctx: Context, contact: Contact) -> bool:
        if not self.method_filtering or method_bit(ctx.msg.method) & contact.methods:
            return True
        return ctx.msg.is_tagged

    def _passes(self, ctx: Context, contact: Contact) -> bool:
        """Whether the filters of lookup_filter_mode leave a contact in."""
        mode = self.lookup_filter_mode
        if mode & _BY_BFLAGS:
            wanted = self.setting_int(ctx, "rlf_bflags")
            if wanted and not wanted & contact.cflags:
                return False
        if mode & _BY_CONNECTION and contact.connection > 0:
            return ctx.host.streams.peer(contact.connection) is not None
        return True

    def _use(
        self, ctx: Context, contacts: list[Contact], *, rewrite: bool, alone: bool = False
    ) -> int:
        """Send to these contacts."""
        rest = contacts
        if rewrite:
            try:
                self._rewrite(ctx, contacts[0])
            except MessageError as error:
                self.complain(f"failed to get dst_uri for Path: {error}")
                return BROKEN
            rest = contacts[1:]
        if not alone and self.append_branches:
            for contact in rest:
                self._append(ctx, contact)
        return FOUND

    def _rewrite(self, ctx: Context, contact: Contact) -> None:
        """Make a contact the destination of the request. Raises MessageError."""
        ctx.new_ruri = contact.uri
        ctx.dst_uri = ""
        self.tell_details(ctx, contact)
        hop, path = self._next_hop(ctx, contact)
        if hop:
            ctx.path = path
        ctx.dst_uri = hop or contact.received
        ctx.instance = contact.instance or ctx.instance
        ctx.reg_id = contact.reg_id
        ctx.ruid = contact.ruid
        ctx.location_ua = contact.user_agent
        ctx.ruri_q = contact.q
        ctx.bflags |= contact.cflags
        if contact.socket is not None:
            ctx.force_socket = contact.socket
        self._tell_xavp(ctx, contact, 0)

    def _append(self, ctx: Context, contact: Contact) -> None:
        """Make a contact a further branch."""
        most = int(getattr(ctx.host.settings, "max_branches", 0) or _MAX_BRANCHES) - 1
        try:
            hop, path = self._next_hop(ctx, contact)
        except MessageError as error:
            self.complain(f"failed to get dst_uri for Path: {error}")
            return
        if len(ctx.branches) >= most:
            self.complain("failed to append a branch: there are too many")
            return
        branch = Branch(contact.uri, hop or contact.received, contact.q, contact.cflags)
        branch.path = path if hop else ""
        branch.force_socket = contact.socket
        branch.ruid = contact.ruid
        branch.instance = contact.instance
        branch.reg_id = contact.reg_id if contact.instance else 0
        branch.location_ua = contact.user_agent
        ctx.branches.append(branch)
        self._tell_xavp(ctx, contact, len(ctx.branches))

    def _next_hop(self, ctx: Context, contact: Contact) -> tuple[str, str]:
        """The first hop of the contact's path and the path from there on; empty for none.

        Raises MessageError.
        """
        path = contact.path
        if not path:
            return "", ""
        hop = NameAddr.parse_list(path)[0].uri
        if self.path_check_local > 0 and ctx.host.own.is_myself(Uri.parse(hop).host):
            # We are that hop: the next one, which stands behind `<hop>,`.
            path = path[len(hop) + 3 :]
            if not path:
                return "", ""
            hop = NameAddr.parse_list(path)[0].uri
        return hop, path

    def _tell_xavp(self, ctx: Context, contact: Contact, index: int) -> None:
        """Give the message the XAVP that was kept with a contact, at the index of its branch."""
        if contact.xavp is None:
            return
        value = list(contact.xavp) if isinstance(contact.xavp, list) else contact.xavp
        name: str = getattr(self.locations, "xavp_contact", "")
        values = ctx.xavps.setdefault(name, [])
        while len(values) < index:
            values.append([])
        values.insert(index, value)

    @function("REQUEST", "FAILURE")
    async def lookup_branches(self, ctx: Context, table: Table) -> int:
        """lookup() for the R-URI and for each further branch that nothing was done to yet."""
        branches = list(ctx.branches) if ctx.touched("branches") else []
        code = await self._look_up(ctx, table, None, rewrite=True)
        if not branches:
            return code
        found = code > 0
        kept = [getattr(ctx, name) for name in _DESTINATION]
        for branch in branches:
            if branch.dst_uri or branch.path or branch.force_socket or branch.bflags:
                continue
            _clear(ctx)
            ctx.new_ruri = branch.uri
            code = await self._look_up(ctx, table, None, rewrite=True)
            if code > 0:
                found = True
                _move(ctx, branch)
        for name, value in zip(_DESTINATION, kept, strict=True):
            setattr(ctx, name, value)
        return FOUND if found else code

    @function()
    async def registered(
        self, ctx: Context, table: Table, uri: str | None = None, flags: int = 0, action: int = 0
    ) -> int:
        """Whether the R-URI, in a reply To, or `uri` has a contact.

        Flags: 1, 2, 4 it must have the Call-ID, source address, URI that the XAVP of xavp_cfg has
        as match_callid, match_received, match_contact. Actions: 1 give the contact's XAVP, 2 no
        details in that of xavp_rcd.
        """
        if uri == "":
            self.complain("invalid uri parameter")
            return NONE
        try:
            place = ctx.ruri if ctx.msg.is_request else ctx.msg.to_uri
            aor, _ = self.rules.extract(place if uri is None else uri)
        except (Refused, MessageError) as error:
            self.complain(f"failed to extract address of record: {error}")
            return NONE
        for contact in self._valid(ctx, await table.place.read(aor)):
            if self._matches(ctx, contact, flags):
                if not action & _NO_DETAILS:
                    self.tell_details(ctx, contact)
                if action & _TELL_XAVP:
                    self._tell_xavp(ctx, contact, 0)
                return FOUND
        return NONE

    def _matches(self, ctx: Context, contact: Contact, flags: int) -> bool:
        for bit, name, value in (
            (_MATCH_CALL_ID, "match_callid", contact.callid),
            (_MATCH_RECEIVED, "match_received", contact.received),
            (_MATCH_CONTACT, "match_contact", contact.uri),
        ):
            wanted = self.setting_text(ctx, name) if flags & bit else ""
            if wanted and wanted != value:
                return False
        return True

    @function("REQUEST")
    def add_sock_hdr(self, ctx: Context, name: str) -> bool:
        """Add a header with the socket the request came to."""
        if not name:
            self.complain("invalid header name parameter")
            return False
        proto, (address, port), *_ = ctx.flow
        host = f"[{address}]" if ":" in address else address
        ctx.lumps.append(f"{name}: {proto}:{host}:{port}\r\n")
        return True


_DESTINATION = (
    *("new_ruri", "dst_uri", "path", "ruri_q", "force_socket", "bflags"),
    *("instance", "reg_id", "ruid", "location_ua"),
)
"""What a lookup changes of a context."""


def _clear(ctx: Context) -> None:
    """No destination but the R-URI."""
    ctx.dst_uri = ctx.path = ctx.instance = ctx.ruid = ctx.location_ua = ""
    ctx.ruri_q, ctx.bflags, ctx.reg_id = -1, 0, 0
    ctx.force_socket = None


def _move(ctx: Context, branch: Branch) -> None:
    """Give a branch the destination that a lookup found for it."""
    branch.uri, branch.dst_uri, branch.path = ctx.ruri, ctx.dst_uri, ctx.path
    branch.q, branch.bflags, branch.force_socket = ctx.ruri_q, ctx.bflags, ctx.force_socket


def _bare(instance: str) -> str:
    """An instance without its angle brackets."""
    if len(instance) > 2 and instance[0] == "<" and instance[-1] == ">":
        return instance[1:-1]
    return instance
