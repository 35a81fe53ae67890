"""What the XAVP of xavp_rcd tells of contacts (Kamailio registrar/lookup.c xavp_rcd_helper)."""

from sipproxy.core.contact import Contact
from sipproxy.core.context import Context
from sipproxy.modules.registrar.params import (
    RCD_CONTACT,
    RCD_EXPIRES,
    RCD_PATH,
    RCD_RECEIVED,
    RCD_RUID,
    Params,
)


class Details(Params):
    """Tells the cfg of the contacts it works with."""

    def tell_details(self, ctx: Context, contact: Contact) -> None:
        """Add what is known of a contact, before what is there of others."""
        if not self.xavp_rcd:
            return
        mask = self.xavp_rcd_mask
        found: list[tuple[str, int | str | None]] = []
        if not mask & RCD_PATH and contact.path:
            found.append(("path", contact.path))
        if not mask & RCD_EXPIRES:
            found.append(("expires", contact.expires - int(ctx.now)))
        if not mask & RCD_CONTACT:
            found.append(("contact", contact.uri))
        if not mask & RCD_RECEIVED and contact.received:
            found.append(("received", contact.received))
        if not mask & RCD_RUID:
            found.append(("ruid", contact.ruid))
        values = ctx.xavps.setdefault(self.xavp_rcd, [])
        if values and isinstance(values[0], list):
            values[0][:0] = found
        else:
            values.insert(0, found)
