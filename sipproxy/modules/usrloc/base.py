"""The tables of one proxy: what other modules are offered, statistics, the sweep of what expired
(Kamailio usrloc_mod.c, dlist.c)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sipproxy.core.bindings import Expired, Found
from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.context import Context, XavpValue
from sipproxy.core.flow import CLOSE, NO_CONNECT, Flow
from sipproxy.core.hashing import core_hash
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import modparam_method
from sipproxy.core.statistics import Statistic
from sipproxy.errors import ModuleError
from sipproxy.modules.usrloc import order
from sipproxy.modules.usrloc.memory import MemoryStore
from sipproxy.modules.usrloc.params import Params
from sipproxy.modules.usrloc.table import IsLost, Table, instead

_AT_A_TIME = 0.001
"""Seconds of a sweep before messages are let through."""
_EVENTS_AT_A_TIME = 50
_MOST_PRELOADED = 8
_SLOTS = 512
"""Slots of a table where hash_size is at most 1."""
_MODES = range(4)


class Base(Params):
    """Tables by name in the order in which the cfg names them."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.tables: dict[str, Table] = {}
        self.case_sensitive = False
        self.nat_flag = 0
        self.on_expired: list[Expired] = []
        self._preload: list[str] = []
        self._there: set[str] = set()
        """The tables that were there before a reload of the cfg."""
        self._sweeping: Iterator[int] | None = None

    @modparam_method("preload")
    def _preload_table(self, name: str) -> None:
        """A table that is there even if no function names it."""
        if len(self._preload) == _MOST_PRELOADED:
            raise ModuleError("too many preloaded tables")
        self._preload.append(name)

    def start(self) -> None:
        """Make the preloaded tables."""
        for complaint in self.complaints():
            raise ModuleError(complaint)
        if self.matching_mode not in _MODES:
            self.complain(f"invalid matching mode {self.matching_mode}")
        self.nat_flag = 0 if self.nat_bflag < 0 else 1 << self.nat_bflag
        for name in self._preload:
            self.table(name)
        self.host.statistics.add(Statistic("usrloc", "registered_users", reading=self._users))

    def ready(self) -> None:
        """Let the timer begin."""
        if self.timer_interval > 0:
            self.host.timers.every(self.host.now(), float(self.timer_interval), self.sweep)

    def _users(self) -> int:
        return sum(table.users for table in self.tables.values())

    def newest_first(self) -> list[Table]:
        """All tables in the order in which Kamailio lists them."""
        return list(reversed(self.tables.values()))

    # What other modules are offered (core.bindings.Locations)

    def table(self, name: str) -> Table:
        """The table of that name; it is there from now on."""
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = self.make_table(name, self._slots(), self._lost())
            self._count(name)
        return found

    def _slots(self) -> int:
        return _SLOTS if self.hash_size <= 1 else 1 << self.hash_size

    def _lost(self) -> IsLost | None:
        return self._is_lost if self.handle_lost_tcp else None

    def make_table(self, name: str, size: int, is_lost: IsLost | None) -> Table:
        """A table in memory of so many slots."""
        return Table(name, MemoryStore(size), is_lost)

    def _count(self, table: str) -> None:
        for what in ("users", "contacts", "expired"):
            separator = getattr(self.host.settings, "stats_name_separator", "_")
            name = f"{table}{separator}{'expires' if what == 'expired' else what}"
            reading = partial(self._number, table, what)
            self.host.statistics.add(Statistic("usrloc", name, reading=reading))

    def _number(self, table: str, what: str) -> int:
        number: int = getattr(self.tables[table], what)
        return number

    # Reload of the cfg

    def inherit(self, previous: Any) -> None:
        """The tables are the same ones, those too that no function names any more."""
        super().inherit(previous)
        for name, table in previous.tables.items():
            if name not in self.tables:
                self._count(name)
            self.tables[name] = table
            self._there.add(name)

    def take_over(self, previous: Any) -> None:
        """From now on the tables do as this cfg says."""
        super().take_over(previous)
        for name in self._there:
            fresh = self.make_table(name, self._slots(), self._lost())
            self.tables[name].go_on_as(fresh)

    def hash_of(self, aor: str) -> int:
        """The number of an address-of-record."""
        return core_hash(aor)

    def find(self, contacts: Contacts, wanted: Contact, now: int) -> Found:
        """The one that a REGISTER's contact is about, by its instance, else by matching_mode."""
        mode, delay = self.matching_mode, self.cseq_delay
        return order.find(contacts, wanted, now, mode=mode, delay=delay)

    def added(self, contacts: Contacts, contact: Contact, ctx: Context | None = None) -> Contacts:
        """With a new contact at its place."""
        if self.xavp_contact:
            contact = contact._replace(xavp=self._xavp(ctx))
        return order.with_new(contacts, contact, newest_first=bool(self.desc_time_order))

    def updated(
        self, contacts: Contacts, old: Contact, wanted: Contact, ctx: Context | None = None
    ) -> Contacts:
        """With one of them refreshed by what a REGISTER says, at its place.

        It keeps its ruid, its instance and, without an instance, its URI.
        """
        contact = Contact(
            wanted.uri if wanted.instance else old.uri,
            old.ruid,
            wanted.expires,
            wanted.q,
            wanted.callid,
            wanted.cseq,
            wanted.user_agent,
            wanted.received,
            wanted.path,
            wanted.socket,
            wanted.methods,
            wanted.flags,
            wanted.cflags,
            old.instance,
            old.reg_id,
            wanted.connection,
            wanted.last_modified,
            wanted.server_id,
            old.state,
            old.keepalive,
            wanted.last_keepalive,
            old.roundtrip,
            self._xavp(ctx) if self.xavp_contact else None,
        )
        newest_first = bool(self.desc_time_order)
        return order.with_changed(contacts, contacts.index(old), contact, newest_first=newest_first)

    def removed(self, contacts: Contacts, contact: Contact) -> Contacts:
        """Without one of them."""
        return tuple(other for other in contacts if other is not contact)

    def _xavp(self, ctx: Context | None) -> XavpValue | None:
        """What the XAVP of the message holds that is kept with a contact."""
        if ctx is None or not ctx.touched("xavps"):
            return None
        values = ctx.xavps.get(self.xavp_contact)
        if not values:
            return None
        first = values[0]
        return list(first) if isinstance(first, list) else first

    # The sweep

    def sweep(self, now: float) -> None:
        """Begin to take expired contacts out of all tables; a sweep that still goes on goes on."""
        if self._sweeping is None:
            self._sweeping = self._sweep(int(now))
            self._go_on(now)

    def sweep_now(self) -> None:
        """Do a whole sweep at once: what an operator asks for."""
        for _ in self._sweep(int(self.host.now())):
            pass

    def _go_on(self, due: float) -> None:
        """Sweep for a moment, then let messages through and come back.

        The rest is due now, by the clock of now: on a virtual clock, which stands still meanwhile,
        a whole sweep happens at one instant.
        """
        assert self._sweeping is not None
        began = self.host.now()
        told = 0
        for count in self._sweeping:
            told += count
            now = self.host.now()
            if told >= _EVENTS_AT_A_TIME or not 0 <= now - began < _AT_A_TIME:
                self.host.timers.after(now, 0.0, self._go_on)
                return
        self._sweeping = None
        self.after_sweep()

    def after_sweep(self) -> None:
        """What expired is gone from memory."""

    def _sweep(self, now: int) -> Iterator[int]:
        """Sweep all tables; answers after each piece of work how many were told of it."""
        for table in self.newest_first():
            for gone in table.sweep(now):
                for aor, contact in gone:
                    self.expire(table.name, aor, contact)
                yield len(gone) if self.on_expired else 0
            if self.ka_mode:
                yield from self._keep_alive(table)

    def _keep_alive(self, table: Table) -> Iterator[int]:
        for records in table.by_slot():
            for aor, _ in records:
                contacts = table.read_now(aor)
                kept = self.keep_alive(aor, contacts)
                if kept is not contacts:
                    table.change_now(aor, partial(instead, kept))
            yield len(records)

    def keep_alive(self, aor: str, contacts: Contacts) -> Contacts:
        """Send what keeps the way to the contacts open; what becomes of them."""
        return contacts

    def expire(self, table: str, aor: str, contact: Contact) -> None:
        """Tell of a contact that expired, and close its connection where that is wanted."""
        for told in self.on_expired:
            told(table, aor, contact)
        if self.close_expired_tcp and contact.connection > 0 and contact.socket is not None:
            peer = self.host.streams.peer(contact.connection)
            if peer is not None:
                proto, host, port = contact.socket
                hints = CLOSE | NO_CONNECT
                flow = Flow(proto, (host, port), peer, contact.connection, hints)
                self.host.send(b"", flow)

    def _is_lost(self, contact: Contact) -> bool:
        """Whether a contact came by a connection that is gone."""
        number = contact.connection
        return number != -1 and self.host.streams.peer(number) is None

    def complain(self, text: str) -> None:
        """Write an error to the log."""
        report(self.host.log, ERROR, "usrloc", text)
