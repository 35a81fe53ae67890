"""SP1xx: limits, and the keys they are counted by."""

from collections.abc import Iterator

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import Cell
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import comparisons, condition_of, resets
from sipproxy.script import tree

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "htable.so"
"""


def _listens_on_ipv6(cfg: Cfg) -> bool:
    listens = [item for item in cfg.config.items if isinstance(item, tree.Listen)]
    if not listens:
        return any(
            isinstance(item, tree.CoreParam)
            and item.name == "auto_bind_ipv6"
            and isinstance(item.values[0], tree.Int)
            and item.values[0].value != 0
            for item in cfg.config.items
        )
    return any(":" in host for i in listens for a in i.addresses for host in (a.host, *a.others))


@rule(
    "SP104",
    "a limit by $si alone, and the proxy listens on IPv6",
    wrong=_HEAD
    + """
    listen=udp:[::1]:5060
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($shtinc(asked=>$si) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
    right=_HEAD
    + """
    listen=udp:[::1]:5060
    modparam("htable", "htable", "asked=>size=8;autoexpire=60;initval=0")

    request_route {
        $var(net) = $si;
        if (af == INET6) {
            # write 2001:db8::7 with all its groups, then take the first four
            if ($var(net) =~ "^:") {
                $var(net) = "0" + $var(net);
            }
            $var(left) = 16 - 2 * $(var(net){s.count,:});
            $var(groups) = ":0:0:0:0:0:0:0:0";
            $var(groups) = $(var(groups){s.substr,0,$var(left)}) + ":";
            $var(net) = $(var(net){s.replace,::,$var(groups)});
            $var(net) = $(var(net){s.select,0,:}) + ":" + $(var(net){s.select,1,:}) + ":"
                + $(var(net){s.select,2,:}) + ":" + $(var(net){s.select,3,:});
        }
        if ($shtinc(asked=>$var(net)) > 20) {
            sl_send_reply("429", "Too Many Requests");
        }
    }
    """,
)
def by_one_ipv6_address(cfg: Cfg) -> Found:
    """Whoever has one IPv6 address has at least a /64 of them, 18 million million million, and may
    send each request from another. A counter or a ban by `$si` never reaches its limit, while its
    table fills up.

    Count by prefix. `$si` is the short form of an address (`2001:db8::7`), so its groups have to be
    written out before the first four can be cut off as text; see the example. Providers hand out
    /56 and /48 too: a second, higher limit by a shorter prefix catches those.

    Only keys that hold no other pseudo-variable are reported, each once.
    """
    if not _listens_on_ipv6(cfg):
        return
    told: set[tuple[str, str]] = set()
    for cell in cfg.cells:
        name = (cell.table, cell.key)
        counts = cell.name == "shtinc" or (cell.use.written and not resets(cell))
        if counts and name not in told and cfg.made_of(cell) == {"si"}:
            told.add(name)
            message = f"one IPv6 host has 2^64 addresses: no limit by {cell.key} holds it"
            yield cell.span, message, "key by the /64 prefix"


_ANYTHING = frozenset(("var", "avp", "xavp", "xavu", "xavi", "shv", "dlg_var", "_s", "sht"))


@rule(
    "SP105",
    "what is counted and what is checked have different keys",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($sht(failed=>$si::$fU) > 5) {
            sl_send_reply("403", "Forbidden");
            exit;
        }
        $var(now) = $shtinc(failed=>$fU::$si);
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=60;initval=0")

    request_route {
        if ($sht(failed=>$fU::$si) > 5) {
            sl_send_reply("403", "Forbidden");
            exit;
        }
        $var(now) = $shtinc(failed=>$fU::$si);
    }
    """,
)
def counted_elsewhere(cfg: Cfg) -> Found:
    """The cell that is compared with a limit is none that anything in the cfg counts or writes, so
    the limit is never reached. Keys are compared as they are written: `$si::$fU` and `$fU::$si` are
    two keys, and a blank behind the `=>` is part of the key.

    The rule is silent where a key comes from a `$var` or the like, or the table from a database.
    """
    for table, definition in cfg.tables.items():
        given = [c for c in cfg.cells if c.table == table and _gives_value(c)]
        counted = [one.cell for one in cfg.increments if one.cell.table == table]
        if not counted or definition.spec.dbtable or any(_open(cfg, cell) for cell in given):
            continue
        known = {cell.key for cell in given}
        for cell in _limits(cfg, table):
            if cell.key not in known and not _open(cfg, cell) and cfg.made_of(cell):
                keys = " or ".join(sorted({c.key for c in counted}))
                message = f'nothing counts under the key "{cell.key}": counted is "{keys}"'
                yield cell.span, message, ""


def _gives_value(cell: Cell) -> bool:
    return cell.use.written or cell.name in ("shtinc", "shtdec")


def _open(cfg: Cfg, cell: Cell) -> bool:
    """Whether a key can be anything."""
    return bool({name.rstrip("{") for name in cfg.made_of(cell)} & _ANYTHING)


def _limits(cfg: Cfg, table: str) -> Iterator[Cell]:
    """Cells of a table that a condition compares with a number."""
    for cell in cfg.cells:
        if cell.table != table or cell.name != "sht" or cell.use.written:
            continue
        condition = condition_of(cell.step)
        if condition is not None and any(
            one.span == cell.span and isinstance(other, tree.Int) and other.value > 0
            for one, _, other in comparisons(condition)
        ):
            yield cell


RULES: tuple[Rule, ...] = (by_one_ipv6_address, counted_elsewhere)
