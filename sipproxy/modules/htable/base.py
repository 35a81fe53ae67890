"""The tables of one proxy: their modparams, their start, the timer that sweeps them."""

from collections.abc import Iterator
from typing import Any

from sipproxy.core.context import DROP
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, event, modparam, modparam_method
from sipproxy.errors import ModuleError
from sipproxy.modules.htable.iterators import Iterators
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.locks import Locks
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.table import Table

_EVENT_NAME_LIMIT = 47
"""Bytes of a table's name beyond which Kamailio has no room for its expired event."""


_AT_A_TIME = 0.001
"""Seconds of a sweep before messages are let through."""
_EVENTS_AT_A_TIME = 50


class HtableBase(Module):
    """What variables, functions and commands share. `tables` is in the order of definition."""

    timer_interval = modparam(20, "seconds between two sweeps of expired keys; below 1 means 20")
    timer_procs = modparam(0, "processes that sweep; accepted, one sweep serves all tables here")
    db_url = modparam("", "the database that tables with dbtable are loaded from")
    key_name_column = modparam("key_name", "column of the key")
    key_type_column = modparam("key_type", "column that says whether a key repeats")
    value_type_column = modparam("value_type", "column that says whether a value is a number")
    key_value_column = modparam("key_value", "column of the value")
    expires_column = modparam("expires", "column of the expiry")
    array_size_suffix = modparam("::size", "what the name of an array's length ends with")
    fetch_rows = modparam(100, "rows read from the database at a time")
    db_expires = modparam(0, "1: expiries are loaded and stored too")
    enable_dmq = modparam(0, "1: tables with dmqreplicate are replicated over DMQ")
    dmq_init_sync = modparam(0, "1: ask the other nodes for their content at start")
    event_callback = modparam("", "function of an embedded language that is told of events")
    event_callback_mode = modparam(0, "which process tells it")

    mod_init = event("htable:mod-init", "runs once before the first message")
    expired = event("htable:expired:*", "runs for each key that a sweep took out of the table")

    not_yet = frozenset({"enable_dmq", "event_callback"})

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.tables: dict[str, Table] = {}
        self.undefined: list[str] = []
        """Names of tables that variables and functions of the cfg mean and nothing defines."""
        self._sweeping: Iterator[int] | None = None
        self.iterators = Iterators()
        self.locks = Locks(lambda wait, act: host.timers.after(host.now(), wait, act))
        self.initial: dict[str, dict[str, int | str]] = {}
        """What event_route[htable:mod-init] wrote, by table and key."""

    @modparam_method("htable")
    def define(self, text: str) -> None:
        """Define a table: `name=>size=4;autoexpire=60`."""
        newer = self.host.compat == "6.1"
        spec = TableSpec.parse(text, newer=newer)
        if self.tables.pop(spec.name, None) is not None and self.host.compat != "3.0":
            raise ModuleError(f"htable already configured [{spec.name}]")
        self.tables[spec.name] = Table(spec, LocalStore(), newer=newer, tell_full=self._tell_full)

    @modparam_method("value_type")
    def _set_value_type(self, value: str) -> None:
        """Kamailio 3.0's documentation has this name, no version knows it."""
        self._only_in_30("value_type", "value_type_column")
        self.value_type_column = value

    @modparam_method("key_value")
    def _set_key_value(self, value: str) -> None:
        """Kamailio 3.0's documentation has this name, no version knows it."""
        self._only_in_30("key_value", "key_value_column")
        self.key_value_column = value

    @modparam_method("timer_mode", int)
    def _set_timer_mode(self, value: int) -> None:
        """Kamailio 3.0's documentation has it; one sweep serves all tables either way."""
        self._only_in_30("timer_mode", "timer_procs")

    def _only_in_30(self, name: str, instead: str) -> None:
        if self.host.compat != "3.0":
            raise ModuleError(
                f'the module htable has no parameter "{name}" (did you mean "{instead}"?)'
            )

    def start(self) -> None:
        """Refuse what would have an effect that does not exist yet."""
        for name, wanted in (
            ("enable_dmq", self.enable_dmq > 0),
            ("event_callback", bool(self.event_callback)),
        ):
            if wanted:
                raise ModuleError(f'the parameter "{name}" is not supported yet')
        for table in self.tables.values():
            self._check(table.spec)

    def _check(self, spec: TableSpec) -> None:
        if spec.dmqreplicate:
            self.warn(f"htable {spec.name}: dmqreplicate does nothing without enable_dmq")
        if spec.ignored:
            self.warn(f'htable {spec.name}: "{spec.ignored}" follows a comma and is not read')
        if len(spec.name) > _EVENT_NAME_LIMIT:
            self.warn(f"event route name for expired items in htable [{spec.name}] is too long")

    def begin_sweeps(self) -> None:
        """Let the timer begin."""
        interval = self.timer_interval if self.timer_interval > 0 else 20
        if any(table.spec.autoexpire for table in self.tables.values()):
            self.host.timers.every(self.host.now(), float(interval), self.sweep)

    def run_mod_init(self) -> dict[str, LocalStore]:
        """Run event_route[htable:mod-init] over what the tables have; `drop` raises ModuleError.

        Answers the cells there were before.
        """
        if not self.host.has_route("htable:mod-init"):
            return {}
        before = {name: table.copy() for name, table in self.tables.items()}
        ran = self.host.run_event("htable:mod-init", None)
        if ran is not None and ran.end & DROP:
            for name, cells in before.items():
                self.tables[name].swap(cells)
            raise ModuleError(f"event_route[htable:mod-init] ended in drop, at {ran.left_at}")
        self.initial = {
            name: {key: cell[0] for key, cell in self.tables[name].written_since(cells)}
            for name, cells in before.items()
        }
        return before

    def sweep(self, now: float) -> None:
        """Begin to take expired keys out of all tables; a sweep that still goes on goes on."""
        if self._sweeping is None:
            self._sweeping = self._sweep(now)
            self._go_on(now)

    def _go_on(self, due: float) -> None:
        """Sweep for a moment, then let messages through and come back.

        The rest is due now, by the clock of now: on a virtual clock, which stands still meanwhile,
        a whole sweep happens at one instant.
        """
        assert self._sweeping is not None
        began = self.host.now()
        events = 0
        for posted in self._sweeping:
            events += posted
            now = self.host.now()
            if events >= _EVENTS_AT_A_TIME or not 0 <= now - began < _AT_A_TIME:
                self.host.timers.after(now, 0.0, self._go_on)
                return
        self._sweeping = None

    def _sweep(self, now: float) -> Iterator[int]:
        """Sweep and post events; answers after each piece how many were posted."""
        for table in self.newest_first():
            event = f"htable:expired:{table.spec.name}"
            heard = len(table.spec.name) <= _EVENT_NAME_LIMIT and self.host.has_route(event)
            for records in table.sweep(now, in_order=heard):
                for record in records if heard else ():
                    self.host.post(event, record)
                yield len(records) if heard else 0

    def newest_first(self) -> list[Table]:
        """All tables in the order in which Kamailio lists them."""
        return list(reversed(self.tables.values()))

    def _tell_full(self, spec: TableSpec) -> None:
        """One line at a time says that keys find no room, however many do not."""
        text = f"no room in htable {spec.name}: it holds maxitems={spec.maxitems} keys"
        self.host.report_limited(ERROR, "htable", text)

    def warn(self, text: str) -> None:
        """Write a line at level WARN."""
        report(self.host.log, WARN, "htable", text)
