"""SP1xx: counting in htables."""

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import LOGS, Cell
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import (
    Increment,
    at_start,
    comparisons,
    condition_of,
    is_null,
    locked,
    resets,
)
from sipproxy.script import tree

_SWEEP = 20
"""Seconds between two sweeps of htable, unless `timer_interval` is above 0."""
_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
"""


@rule(
    "SP101",
    "a counter is read, increased and written back",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        $sht(asked=>$si) = $sht(asked=>$si) + 1;
        if ($sht(asked=>$si) > 20) {
            sl_send_reply("429", "Too Many Requests");
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($shtinc(asked=>$si) > 20) {
            sl_send_reply("429", "Too Many Requests");
            exit;
        }
    }
    """,
)
def read_then_increment(cfg: Cfg) -> Found:
    """Kamailio runs several processes, and each reading and each writing of `$sht(t=>k)` is a step
    of its own. When two processes read 7 and both write 8, one request was not counted. The more
    requests come at once, the more are lost: a flood, which the counter is there for, is what it
    counts worst.

    `$shtinc(t=>k)` adds one and gives the new value in one step, `$shtdec(t=>k)` takes one away.
    The table needs `initval`, or a missing key stays missing. For other amounts put
    `sht_lock("t=>k")` and `sht_unlock("t=>k")` around reading and writing.

    Compare the value that `$shtinc` gives, rather than reading the cell again: another process may
    have counted in between.
    """
    for one in cfg.increments:
        cell = one.cell
        if one.how == "atomic" or at_start(one.step) or locked(one.step, cell.table):
            continue
        yield (
            one.span,
            f"{cell.use.spec.text} may change between this read and the write",
            _hint(one),
        )


def _hint(one: Increment) -> str:
    key = one.cell.use.spec.inner
    if isinstance(one.amount, tree.Int) and one.amount.value == 1:
        return f"one step does both: $sht{'inc' if one.op == '+' else 'dec'}({key})"
    return f'put sht_lock("{key}") before the read and sht_unlock("{key}") behind the write'


def begins_as_number(cfg: Cfg, cell: Cell) -> bool:
    """Whether something gives the cell a number to begin with."""
    definition = cfg.tables.get(cell.table)
    if definition is None or definition.spec.initval is not None or definition.spec.dbtable:
        return True
    for other in cfg.cells:
        if other.table == cell.table and other.use.written and other.step is not cell.step:
            statement = other.step.statement
            if isinstance(statement, tree.Assign) and not is_null(statement.value):
                if other.key == cell.key and not _adds_to(statement.value, cell):
                    return True
                if at_start(other.step):
                    return True
    return any(
        site.call.name in ("sht_setxi", "sht_setxs") and site.text(0) == cell.table
        for site in cfg.calls
    )


def _adds_to(value: tree.Expr, cell: Cell) -> bool:
    return (
        isinstance(value, tree.Binary)
        and isinstance(value.left, tree.Pv)
        and value.left.text == cell.use.spec.text
    )


@rule(
    "SP102",
    'a counter without initval counts "1", "11", "111"',
    wrong=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60")

    request_route {
        sht_lock("asked=>$fU");
        $sht(asked=>$fU) = $sht(asked=>$fU) + 1;
        sht_unlock("asked=>$fU");
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($shtinc(asked=>$fU) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
)
def counts_by_appending(cfg: Cfg) -> Found:
    """What `+` does is decided by its left operand. A missing key has no value, and no value plus
    1 is the *text* "1". The next time the left operand is a text, so 1 is appended: "11", "111".
    A limit of 20 is passed by the second request.

    With `initval=0` in the table's definition a missing key reads as the number 0. An explicit
    beginning does too: `if ($sht(t=>k) == $null) $sht(t=>k) = 0;`, and so does a number on the
    left, `1 + $sht(t=>k)`.
    """
    for one in cfg.increments:
        if one.string_first and one.op == "+" and not begins_as_number(cfg, one.cell):
            table = one.cell.table
            message = f'the first {one.cell.use.spec.text} has no value: this gives "1", then "11"'
            yield one.span, message, f'add ";initval=0" to the definition of the table {table}'


@rule(
    "SP103",
    "$shtinc on a table without initval counts nothing",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60")

    request_route {
        if ($shtinc(asked=>$fU) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($shtinc(asked=>$fU) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
)
def counts_nothing(cfg: Cfg) -> Found:
    """`$shtinc` and `$shtdec` change a key that is there. In a table without `initval` they do not
    make one: the result has no value, nothing is stored, nothing is logged, and the limit is never
    reached.

    The rule is silent when the cfg writes a first value to the key, and for tables loaded from a
    database.
    """
    for one in cfg.increments:
        if one.how == "atomic" and not begins_as_number(cfg, one.cell):
            table = one.cell.table
            message = f"{one.cell.use.spec.text} never makes the key: nothing is counted"
            yield one.span, message, f'add ";initval=0" to the definition of the table {table}'


@rule(
    "SP106",
    "a cell is tested and then written",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "once=>size=8;autoexpire=60")

    request_route {
        if ($sht(once=>$ci) == $null) {
            $sht(once=>$ci) = 1;
            route(CHARGE);
        }
    }
    route[CHARGE] {
        return;
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "once=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($shtinc(once=>$ci) == 1) {
            route(CHARGE);
        }
    }
    route[CHARGE] {
        return;
    }
    """,
)
def tested_then_written(cfg: Cfg) -> Found:
    """Two processes may both find the cell empty before either writes it, and both go on: a
    request and its retransmission are charged twice, a reset takes away what was counted in
    between.

    `$shtinc(t=>k) == 1` is true for one process only (with `initval=0`). Where that does not fit,
    put `sht_lock("t=>k")` before the test and `sht_unlock("t=>k")` behind the write.

    Reported where the branch also calls a function or route; without that the worst is one value
    written over another.
    """
    counted = {id(one.step) for one in cfg.increments if one.how != "atomic"}
    for cell in cfg.cells:
        step = cell.step
        if not cell.use.written or id(step) in counted or at_start(step) or step.above is None:
            continue
        condition = condition_of(step.above)
        if condition is None or step.part != "then" or locked(step, cell.table):
            continue
        if _is_tested(condition, cell) and not resets(cell) and _acts(step.block):
            what = cell.use.spec.text
            yield (
                step.statement.span,
                f"another process may write {what} between the test and this",
                "one step does both: $shtinc(...) == 1; or sht_lock before the test",
            )


def _is_tested(condition: tree.Expr, cell: Cell) -> bool:
    text = cell.use.spec.text
    for one, op, other in comparisons(condition):
        if isinstance(one, tree.Pv) and one.text == text:
            return (op == "==" and (is_null(other) or _is_zero(other))) or op in ("<", "<=")
    return any(
        isinstance(node, tree.Unary)
        and node.op in ("!",)
        and isinstance(node.operand, tree.Pv)
        and node.operand.text == text
        for node in tree.walk(condition)
    )


def _acts(block: tree.Block) -> bool:
    """Whether a block does something that must not be done twice."""
    return any(
        isinstance(node, tree.RouteCall)
        or (isinstance(node, tree.Call) and node.name not in LOGS and node.name[:4] != "sht_")
        for node in tree.walk(block)
    )


def _is_zero(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Int) and expr.value == 0


@rule(
    "SP107",
    "a counter in a table that DMQ replicates",
    wrong=_HEAD
    + """
    loadmodule "dmq.so"
    modparam("dmq", "server_address", "sip:127.0.0.1:5060")
    modparam("htable", "enable_dmq", 1)
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0;dmqreplicate=1")

    request_route {
        if ($shtinc(asked=>$fU) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
    right=_HEAD
    + """
    loadmodule "dmq.so"
    modparam("dmq", "server_address", "sip:127.0.0.1:5060")
    modparam("htable", "enable_dmq", 1)
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0;dmqreplicate=1")

    request_route {
        # each node counts under its own address, whoever limits adds up
        $var(mine) = $shtinc(asked=>$fU::$Ri);
        if ($var(mine) + $sht(asked=>$fU::192.0.2.2) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
)
def counts_over_dmq(cfg: Cfg) -> Found:
    """DMQ sends the new *value* of a cell, not that it grew. When two nodes count at the same time
    each tells the other its own number, and the last one wins: the counts of the other are gone.
    Measured on two nodes with one hot key, 2,000 counts on each left between 1,143 and 1,307 of
    4,000; at 50 a second about 2 % were missing. A ban is fine in such a table, a limit is not.

    Let each node count under a key of its own (with `$Ri` or a name in it) and compare the sum of
    all nodes' cells. A key that holds `$Ri`, `$def`, `$env` or `$sel` is taken for one of those.
    """
    if not cfg.number("htable", "enable_dmq"):
        return
    for one in cfg.increments:
        definition = cfg.tables.get(one.cell.table)
        if definition is not None and definition.spec.dmqreplicate:
            if cfg.made_of(one.cell) & {"Ri", "RAi", "def", "env", "sel", "RAu"}:
                continue
            message = f"nodes that count {one.cell.use.spec.text} overwrite each other's counts"
            yield one.span, message, "a key for each node, and the sum of them"


@rule(
    "SP108",
    "a counter that counts nothing between its expiry and the sweep",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;updateexpire=0;initval=0")

    request_route {
        if ($shtinc(asked=>$fU) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        $var(minute) = $Ts / 60;
        if ($shtinc(asked=>$fU::$var(minute)) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
)
def counts_one_until_the_sweep(cfg: Cfg) -> Found:
    """With `updateexpire=0` a key keeps the time at which it was to expire, also when it is written
    behind that time. Until the sweep takes it out, up to `timer_interval` seconds (20) later, it
    reads as missing: `$shtinc` gives 1 each time it is asked, and `$sht(t=>k)` stays what it is in
    the beginning. Whoever sends without a pause is not limited for up to 20 of each 80 seconds.

    For a limit in fixed spans of time put the number of the span into the key and leave
    `updateexpire` alone; see the example. With `timer_interval` 1 a second is left, which is not
    reported. Under `--compat 6.1` such a key begins anew, and the rule is silent.
    """
    seconds = cfg.number("htable", "timer_interval")
    seconds = seconds if seconds > 0 else _SWEEP
    if cfg.compat == "6.1" or seconds == 1:
        return
    for one in cfg.increments:
        definition = cfg.tables.get(one.cell.table)
        if definition is None or definition.spec.updateexpire or not definition.spec.autoexpire:
            continue
        what = one.cell.use.spec.text
        message = f"when {what} has expired, nothing is counted for up to {seconds} s"
        hint = 'the span of time in the key, or modparam("htable", "timer_interval", 1)'
        yield one.span, message, hint


RULES: tuple[Rule, ...] = (
    read_then_increment,
    counts_by_appending,
    counts_nothing,
    tested_then_written,
    counts_over_dmq,
    counts_one_until_the_sweep,
)
