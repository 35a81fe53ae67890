"""From the contacts that a record has and those that a request names to those it shall have
(Kamailio save.c insert_contacts, update_contacts)."""

from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.context import Context
from sipproxy.core.log import INFO
from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.pack import Packer
from sipproxy.modules.registrar.params import Params
from sipproxy.modules.registrar.request import Request, grant

INSERTED, UPDATED, DELETED, SHOWN = 1, 2, 3, 4
"""What save() gives for what it did last; SHOWN where nothing was asked for."""


class Merge:
    """One try to merge a request into a record; `code` and `refused` say how it went.

    What was merged before something was refused stays merged, save in a new record.
    """

    code = 0
    refused: Refused | None = None

    def __init__(
        self,
        module: Params,
        ctx: Context,
        request: Request,
        aor: str,
        *,
        replace: bool,
        memory_only: bool,
        vary: bool,
    ) -> None:
        self._module = module
        self._ctx = ctx
        self._request = request
        self._aor = aor
        self._replace = replace
        self._vary = vary
        self._packer = Packer(module, ctx, request, memory_only=memory_only)
        self._now = int(ctx.now)
        self.contacts: Contacts = ()

    def __call__(self, contacts: Contacts) -> Contacts:
        """The contacts that the record shall have."""
        self.contacts = contacts
        try:
            if contacts:
                self._update()
            else:
                self.code = INSERTED
                self._insert()
        except Refused as refused:
            self.refused = refused
            if not contacts:
                self.contacts = ()
        return self.contacts

    def _insert(self) -> None:
        locations, ctx = self._module.locations, self._ctx
        most = self._most()
        count = 0
        for offer in self._request.offers:
            expires = grant(self._module, ctx, offer, self._request.expires, vary=self._vary)
            if not expires:
                continue
            if 0 < most <= count:
                self._refuse_many(count, most)
            count += 1
            if count == 1:
                self._packer.begin()
                new = self._packer.first(offer.uri, expires)
                self.contacts = locations.added((), new, ctx)
                continue
            new = self._packer.next(offer, expires)
            # The same address twice in one request is one contact: as if it came later.
            later = new._replace(cseq=new.cseq + 1)
            _, same = locations.find(self.contacts, later, self._now)
            if same is None:
                self.contacts = locations.added(self.contacts, new, ctx)
            else:
                self.contacts = locations.updated(self.contacts, same, new, ctx)

    def _update(self) -> None:
        self._packer.begin()
        if not self._replace and (most := self._most()) > 0:
            self._check_number(most)
        for offer in self._request.offers:
            expires = grant(self._module, self._ctx, offer, self._request.expires, vary=self._vary)
            new = self._packer.next(offer, expires)
            code, same = self._find(new)
            if code == -2:
                if expires and self._replace:
                    return
            elif same is None:
                if expires and self._add(new):
                    return
            elif not expires:
                self.contacts = self._module.locations.removed(self.contacts, same)
                self.code = DELETED
            elif self._refresh(same, new):
                return

    def _find(self, wanted: Contact) -> tuple[int, Contact | None]:
        code, same = self._module.locations.find(self.contacts, wanted, self._now)
        if code == -1:
            raise Refused(errors.INV_CSEQ, f"invalid cseq for aor <{self._aor}>")
        return code, same

    def _add(self, new: Contact) -> bool:
        """Add a contact; whether that was all."""
        contacts = () if self._replace else self.contacts
        self.contacts = self._module.locations.added(contacts, new, self._ctx)
        self.code = INSERTED
        return self._replace

    def _refresh(self, same: Contact, new: Contact) -> bool:
        """Refresh a contact; whether that was all."""
        done = self._replace
        if done:
            self.contacts = (same,)
        if new.instance and new.callid != same.callid:
            # The phone began anew: of its instance nothing else stays.
            self.contacts = tuple(
                c for c in self.contacts if c is same or c.instance != same.instance
            )
            done = True
        self.contacts = self._module.locations.updated(self.contacts, same, new, self._ctx)
        self.code = UPDATED
        return done

    def _check_number(self, most: int) -> None:
        """Refuse a request that would leave more contacts than are allowed."""
        count = sum(contact.is_valid(self._now) for contact in self.contacts)
        for offer in self._request.offers:
            expires = grant(self._module, self._ctx, offer, self._request.expires, vary=True)
            code, same = self._find(self._packer.first(offer.uri, expires))
            if code == -2:
                continue
            if same is None:
                count += bool(expires)
            else:
                count -= not expires
        if count > most:
            self._refuse_many(count, most)

    def _refuse_many(self, count: int, most: int) -> None:
        text = f"too many contacts for AOR <{self._aor}> (n:{count} max:{most})"
        raise Refused(errors.TOO_MANY, text, INFO)

    def _most(self) -> int:
        module = self._module
        most = module.setting_int(self._ctx, "max_contacts") if module.xavp_cfg else None
        default: int = module.max_contacts
        return default if most is None else most
