"""SP2xx: htables and their definitions."""

from collections.abc import Iterator
from types import MappingProxyType

from sipproxy.core.suggest import suggestion
from sipproxy.errors import Span
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import Cell
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import OF_THE_SENDER, comparisons, is_null, refuses, resets
from sipproxy.script import tree

_MANY_SLOTS = 20
_SLOT_BYTES = 32
"""Kamailio's ht_entry_t on 64 bits: count, list, lock, its owner and depth (htable/ht_api.h)."""

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
"""

_CONSEQUENCE = MappingProxyType(
    {
        "read": "there is never a value",
        "write": "this write fails on every request",
        "call": "this call fails",
        "event": "this route never runs",
    }
)

_BAN = """
    request_route {
        if ($sht(ipban=>$si) != $null) {
            exit;
        }
        if ($ua =~ "friendly-scanner") {
            $sht(ipban=>$si) = 1;
            exit;
        }
    }
    """


@rule(
    "SP201",
    "a table that nothing defines",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")

    request_route {
        if ($sht(ipban=>$si) != $null) {
            exit;
        }
        if ($ua =~ "friendly-scanner") {
            $sht(ipbann=>$si) = 1;
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")
    """
    + _BAN,
)
def undefined_table(cfg: Cfg) -> Found:
    """Kamailio starts, and `kamailio -c` says nothing. Each request that reads the cell finds no
    value; each that writes it logs "setting pvar failed" and goes on; functions such as `sht_rm`
    fail. A ban that is written to a misspelt table bans nobody.

    An `event_route[htable:expired:t]` for such a table never runs.

    Where a table's definition is computed (`modparamx`), nothing is reported.
    """
    if not cfg.is_loaded("htable") or cfg.computes_tables or not cfg.is_whole:
        return
    told: set[tuple[str, Span]] = set()
    for table, span, use in cfg.table_names:
        if table and table not in cfg.tables and (table, span) not in told:
            told.add((table, span))
            message = f'the htable "{table}" is not defined: {_CONSEQUENCE[use]}'
            yield span, message, suggestion(table, cfg.tables)


@rule(
    "SP202",
    "a ban that never ends",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8")
    """
    + _BAN,
    right=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")
    """
    + _BAN,
)
def ban_for_ever(cfg: Cfg) -> Found:
    """Without `autoexpire` an item stays until the next restart. Addresses change hands: the next
    customer to get the address of an infected machine is shut out too, and so is every phone behind
    the NAT of the one that mistyped a password. Somebody who sends with forged addresses fills the
    table until shared memory is gone.

    Give the table `autoexpire=SECONDS`. The rule is silent when the cfg itself takes items out
    (`$null`, `sht_rm...`, `sht_reset`) or loads the table from a database.
    """
    for table, cells in _kept_for_ever(cfg):
        if _decides(cfg, cells) and any(_marks(cell) for cell in cells):
            message = f'nothing ever leaves the table "{table}", and who is in it is refused'
            yield cfg.tables[table].span, message, 'add ";autoexpire=300", or what a ban may last'


@rule(
    "SP203",
    "a table that only grows",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8;initval=0")

    request_route {
        $var(n) = $shtinc(calls=>$ci);
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8;initval=0;autoexpire=7200")

    request_route {
        $var(n) = $shtinc(calls=>$ci);
    }
    """,
)
def only_grows(cfg: Cfg) -> Found:
    """Senders choose what the keys are, each new one is a new item in shared memory, and nothing
    takes items out. When shared memory is full, writes to every table fail, and so do transactions
    and registrations. An attacker sends many Call-IDs, users or addresses in minutes.

    Give the table `autoexpire=SECONDS`, longer than what it counts needs; items that are written
    again live on. The rule is silent when the cfg takes items out (`$null`, `sht_rm...`,
    `sht_reset`), and when the table is loaded from a database.
    """
    for table, cells in _kept_for_ever(cfg):
        if _decides(cfg, cells) and any(_marks(cell) for cell in cells):
            continue  # SP202 says it
        for cell in cells:
            chosen = {name.rstrip("{") for name in cfg.made_of(cell)} & OF_THE_SENDER
            if _makes(cell) and chosen:
                message = f'nothing ever leaves the table "{table}", and senders choose its keys'
                yield cfg.tables[table].span, message, 'add ";autoexpire=" and a number of seconds'
                break


def _kept_for_ever(cfg: Cfg) -> Iterator[tuple[str, list[Cell]]]:
    """Tables whose items never leave, and the uses of their cells."""
    if not cfg.is_whole:
        return
    for table, definition in cfg.tables.items():
        if definition.spec.autoexpire or definition.spec.dbtable:
            continue
        cells = [cell for cell in cfg.cells if cell.table == table]
        if not any(map(_takes_out, cells)) and not _removed_by_call(cfg, table):
            yield table, cells


def _takes_out(cell: Cell) -> bool:
    statement = cell.step.statement
    return cell.use.written and isinstance(statement, tree.Assign) and is_null(statement.value)


def _removed_by_call(cfg: Cfg, table: str) -> bool:
    """Whether a function empties the table, or one whose table is not known."""
    for site in cfg.calls:
        if site.call.name == "sht_iterator_rm":
            return True
        if site.call.name.startswith(("sht_rm", "sht_reset")):
            named = (site.text(0) or "$").partition("=>")[0].strip()
            if named == table or "$" in named:
                return True
    return False


def _makes(cell: Cell) -> bool:
    return cell.name == "shtinc" or (cell.use.written and not resets(cell))


def _marks(cell: Cell) -> bool:
    """Whether a cell is written with something to be found there later."""
    return cell.name == "sht" and cell.use.written and not resets(cell)


def _decides(cfg: Cfg, cells: list[Cell]) -> bool:
    """Whether a request is refused because a cell is there."""
    for cell in cells:
        statement = cell.step.statement
        if cell.use.written or not isinstance(statement, tree.If):
            continue
        condition = statement.condition
        there = isinstance(condition, tree.Pv) or any(
            one.span == cell.span and op in ("!=", "==") and not resets_to(other, op)
            for one, op, other in comparisons(condition)
        )
        if there and refuses(statement.then):
            return True
    return False


def resets_to(other: tree.Expr, op: str) -> bool:
    """Whether a comparison asks for absence."""
    return op == "==" and is_null(other)


@rule(
    "SP204",
    "size= is an exponent",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=1024;autoexpire=300")
    """
    + _BAN,
    right=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=10;autoexpire=300")
    """
    + _BAN,
)
def size_is_an_exponent(cfg: Cfg) -> Found:
    """`size=N` makes 2^N slots, over which the items are spread. It is neither a number of bytes
    nor of items: a table takes as many items as shared memory holds, and is merely slower with many
    to a slot. `size=10` is 1,024 slots and serves some ten thousand items well.

    Kamailio reads a size over 31 as 14, without a word. From 20 on the slots alone take 32 MB of
    shared memory and more, in a default of 64.
    """
    for table, definition in cfg.tables.items():
        spec, size = definition.spec, definition.spec.size
        if size > 31:
            message = f"size={size} is no exponent Kamailio takes: {table} gets {spec.slots} slots"
            yield definition.span, message, f"for about {size} items: size={_exponent(size)}"
        elif size >= _MANY_SLOTS:
            megabytes = (spec.slots * _SLOT_BYTES) >> 20
            message = (
                f"size={size} means 2^{size} slots: {megabytes} MB of shared memory for {table}"
            )
            yield definition.span, message, "size=10 to 16 serves most"


def _exponent(items: int) -> int:
    return min(max((items - 1).bit_length(), 4), 16)


@rule(
    "SP205",
    "what follows a comma in a table's definition is not read",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8,autoexpire=300")

    request_route {
        sht_reset("ipban");
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300")

    request_route {
        sht_reset("ipban");
    }
    """,
)
def after_a_comma(cfg: Cfg) -> Found:
    """Attributes of a table are separated by semicolons. At a comma Kamailio stops reading the
    definition, without a word: the `autoexpire` behind it does not count.
    """
    for definition in cfg.tables.values():
        ignored = definition.spec.ignored
        if ignored:
            yield (
                definition.span,
                f'"{ignored}" follows a comma and is not read',
                "write ; for the ,",
            )


@rule(
    "SP206",
    "dmqreplicate without enable_dmq",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300;dmqreplicate=1")

    request_route {
        sht_reset("ipban");
    }
    """,
    right=_HEAD
    + """
    loadmodule "dmq.so"
    modparam("dmq", "server_address", "sip:127.0.0.1:5060")
    modparam("htable", "enable_dmq", 1)
    modparam("htable", "htable", "ipban=>size=8;autoexpire=300;dmqreplicate=1")

    request_route {
        sht_reset("ipban");
    }
    """,
)
def replicates_nothing(cfg: Cfg) -> Found:
    """`dmqreplicate=1` says which tables are replicated, `modparam("htable", "enable_dmq", 1)` that
    any is. Without the second a warning stands in the log of the start, and the nodes keep their
    tables to themselves. The module dmq has to be loaded before htable.
    """
    if cfg.number("htable", "enable_dmq"):
        return
    for table, definition in cfg.tables.items():
        if definition.spec.dmqreplicate:
            message = f"{table} is not replicated: enable_dmq is not set"
            yield definition.span, message, 'modparam("htable", "enable_dmq", 1)'


@rule(
    "SP207",
    "an event for items that never expire",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8;initval=0")

    request_route {
        $sht(calls=>now) = $null;
    }
    event_route[htable:expired:calls] {
        $var(key) = $shtrecord(key);
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8;initval=0;autoexpire=60")

    request_route {
        $sht(calls=>now) = $null;
    }
    event_route[htable:expired:calls] {
        $var(key) = $shtrecord(key);
    }
    """,
)
def never_expires(cfg: Cfg) -> Found:
    """Only tables with `autoexpire` are swept. The items of one without it never expire, whatever
    `$shtex` was set to, and the event route never runs.
    """
    for table, span in _expired_events(cfg):
        definition = cfg.tables.get(table)
        if definition is not None and not definition.spec.autoexpire:
            message = f"nothing expires in {table}: it has no autoexpire"
            yield span, message, f'add ";autoexpire=" to the definition of {table}'


@rule(
    "SP208",
    "a time to live that is ignored",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8")

    request_route {
        $sht(calls=>last) = $Ts;
        $shtex(calls=>last) = 60;
        if ($sht(calls=>$fU) == 2) {
            sht_rm("calls", "$fU");
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "calls=>size=8;autoexpire=3600")

    request_route {
        $sht(calls=>last) = $Ts;
        $shtex(calls=>last) = 60;
        if ($sht(calls=>$fU) == 2) {
            sht_rm("calls", "$fU");
        }
    }
    """,
)
def ignored_lifetime(cfg: Cfg) -> Found:
    """A table without `autoexpire` has no expiry at all: Kamailio never sweeps it and never looks
    at the time of an item. `$shtex(t=>k) = 60` and the last argument of `sht_setxs` and `sht_setxi`
    do nothing there, without a word.

    Give the table an `autoexpire`, the longest time an item may need; then single items can have a
    time of their own.
    """
    for table, span in _lifetimes(cfg):
        definition = cfg.tables.get(table)
        if definition is not None and not definition.spec.autoexpire:
            message = f"{table} has no autoexpire: the time given here is ignored"
            yield span, message, f'add ";autoexpire=" to the definition of {table}'


def _lifetimes(cfg: Cfg) -> Iterator[tuple[str, Span]]:
    for cell in cfg.cells:
        if cell.name == "shtex" and cell.use.written:
            yield cell.table, cell.step.statement.span
    for site in cfg.calls:
        if site.call.name in ("sht_setxs", "sht_setxi"):
            yield site.text(0) or "", site.call.span


def _expired_events(cfg: Cfg) -> Iterator[tuple[str, Span]]:
    for name, span, use in cfg.table_names:
        if use == "event":
            yield name, span


RULES: tuple[Rule, ...] = (
    undefined_table,
    ban_for_ever,
    only_grows,
    size_is_an_exponent,
    after_a_comma,
    replicates_nothing,
    never_expires,
    ignored_lifetime,
)
