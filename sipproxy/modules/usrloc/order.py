"""Where a contact stands in its record, and which one a REGISTER means (Kamailio urecord.c)."""

from collections.abc import Callable

from sipproxy.core.bindings import Found
from sipproxy.core.contact import Contact, Contacts

CONTACT_ONLY, CONTACT_CALLID, CONTACT_PATH, CALLID_ONLY = range(4)
"""Values of matching_mode: what two contacts must share to be the same."""

NOT_FOUND: Found = (1, None)
OUT_OF_ORDER: Found = (-1, None)
SEEN: Found = (-2, None)


def with_new(contacts: Contacts, contact: Contact, *, newest_first: bool) -> Contacts:
    """With a new contact behind those of its q or a higher one, or before all."""
    if not contacts:
        return (contact,)
    at = 0 if newest_first else _before(contacts, lambda other: other.q < contact.q)
    return (*contacts[:at], contact, *contacts[at:])


def with_changed(contacts: Contacts, at: int, contact: Contact, *, newest_first: bool) -> Contacts:
    """With another contact in the place of the one at `at`, moved where its q asks for it.

    A contact whose q no longer fits goes before the first with a q as high, counted from the
    highest: as in Kamailio that is not the order in which new ones are put.
    """
    rest = (*contacts[:at], *contacts[at + 1 :])
    if newest_first:
        return (contact, *rest)
    fits = (at == 0 or contact.q <= contacts[at - 1].q) and (
        at == len(rest) or contact.q >= contacts[at + 1].q
    )
    if not fits:
        at = _before(rest, lambda other: other.q >= contact.q)
    return (*rest[:at], contact, *rest[at:])


def with_kept(contacts: Contacts, old: Contacts, kept: Contacts) -> Contacts:
    """With some of the contacts that a record had, each behind the one it stood behind."""
    result = list(contacts)
    names = [contact.ruid for contact in contacts]
    at = 0
    staying = {contact.ruid: contact for contact in kept}
    for contact in old:
        if contact.ruid in staying:
            result.insert(at, staying[contact.ruid])
            names.insert(at, contact.ruid)
            at += 1
        elif contact.ruid in names:
            at = names.index(contact.ruid) + 1
    return tuple(result)


def _before(contacts: Contacts, stop: Callable[[Contact], bool]) -> int:
    """The place of the first contact that `stop` says yes to, else the end."""
    return next((at for at, other in enumerate(contacts) if stop(other)), len(contacts))


def find(contacts: Contacts, wanted: Contact, now: int, *, mode: int, delay: int) -> Found:
    """The contact that a REGISTER is about: by instance where it has one, else by its mode."""
    if wanted.instance:
        return find_instance(contacts, wanted)
    return find_address(contacts, wanted, now, mode=mode, delay=delay)


def find_instance(contacts: Contacts, wanted: Contact) -> Found:
    """By +sip.instance and reg-id, whatever the CSeq is."""
    instance = bare(wanted.instance)
    for contact in contacts:
        same_flow = contact.instance and contact.reg_id == wanted.reg_id
        if same_flow and bare(contact.instance) == instance:
            return 0, contact
    return NOT_FOUND


def find_address(contacts: Contacts, wanted: Contact, now: int, *, mode: int, delay: int) -> Found:
    """By what matching_mode says; `delay` seconds long the same CSeq is a retransmission."""
    found = _match(contacts, wanted, mode)
    if found is None:
        return NOT_FOUND
    if found.callid == wanted.callid:
        if wanted.cseq < found.cseq:
            return OUT_OF_ORDER
        if wanted.cseq == found.cseq:
            return SEEN if found.last_modified + delay > now else OUT_OF_ORDER
    return 0, found


def _match(contacts: Contacts, wanted: Contact, mode: int) -> Contact | None:
    for contact in contacts:
        if mode == CALLID_ONLY:
            if contact.callid == wanted.callid:
                return contact
        elif contact.uri == wanted.uri and (
            mode == CONTACT_ONLY
            or (mode == CONTACT_CALLID and contact.callid == wanted.callid)
            # A request without Path is about any contact of its address.
            or (mode == CONTACT_PATH and wanted.path in ("", contact.path))
        ):
            return contact
    return None


def bare(instance: str) -> str:
    """An instance without its angle brackets."""
    if instance[0] == "<" and instance[-1] == ">":
        return instance[1:-1]
    return instance
