"""The tables of one proxy: their modparams, their start, the timer that sweeps them."""

from typing import Any

from sipproxy.core.context import DROP
from sipproxy.core.log import WARN, report
from sipproxy.core.module import Module, event, modparam, modparam_method
from sipproxy.errors import ModuleError
from sipproxy.modules.htable.iterators import Iterators
from sipproxy.modules.htable.local import LocalStore
from sipproxy.modules.htable.locks import Locks
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.table import Table

_EVENT_NAME_LIMIT = 47
"""Bytes of a table's name beyond which Kamailio has no room for its expired event."""


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

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.tables: dict[str, Table] = {}
        self.undefined: list[str] = []
        """Names of tables that variables and functions of the cfg mean and nothing defines."""
        self.iterators = Iterators()
        self.locks = Locks()

    @modparam_method("htable")
    def define(self, text: str) -> None:
        """Define a table: `name=>size=4;autoexpire=60`."""
        spec = TableSpec.parse(text)
        if self.tables.pop(spec.name, None) is not None and self.host.compat != "3.0":
            raise ModuleError(f"htable already configured [{spec.name}]")
        old_kamailio = self.host.compat != "6.1"
        self.tables[spec.name] = Table(spec, LocalStore(), forgets_lifetime=old_kamailio)

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
        if spec.dbtable and self.db_url:
            raise ModuleError(
                f"{spec.name}: loading dbtable={spec.dbtable} from a database is not supported yet"
            )
        if spec.dmqreplicate:
            self.warn(f"htable {spec.name}: dmqreplicate does nothing without enable_dmq")
        if spec.ignored:
            self.warn(f'htable {spec.name}: "{spec.ignored}" follows a comma and is not read')
        if len(spec.name) > _EVENT_NAME_LIMIT:
            self.warn(f"event route name for expired items in htable [{spec.name}] is too long")

    def ready(self) -> None:
        """Let the timer begin and run event_route[htable:mod-init]; `drop` forbids the start."""
        interval = self.timer_interval if self.timer_interval > 0 else 20
        if any(table.spec.autoexpire for table in self.tables.values()):
            self.host.timers.every(self.host.now(), float(interval), self.sweep)
        ran = self.host.run_event("htable:mod-init", None)
        if ran is not None and ran.end & DROP:
            raise ModuleError(f"event_route[htable:mod-init] ended in drop, at {ran.left_at}")

    def sweep(self, now: float) -> None:
        """Take expired keys out of all tables and post an event for each."""
        for name, table in self.tables.items():
            for record in table.sweep(now):
                if len(name) <= _EVENT_NAME_LIMIT:
                    self.host.post(f"htable:expired:{name}", record)

    def newest_first(self) -> list[Table]:
        """All tables in the order in which Kamailio lists them."""
        return list(reversed(self.tables.values()))

    def warn(self, text: str) -> None:
        """Write a line at level WARN."""
        report(self.host.log, WARN, "htable", text)
