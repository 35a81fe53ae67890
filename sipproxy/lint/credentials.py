"""SP3xx: authentication, and counting of failed attempts."""

from collections.abc import Iterator

from sipproxy.errors import Span
from sipproxy.lint.cfg import Cfg
from sipproxy.lint.flow import AUTHENTICATES, may_succeed
from sipproxy.lint.gather import LOGS, Cell, Step, Use
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import (
    comparisons,
    condition_of,
    conditions_around,
    is_null,
    leaves,
    resets,
)
from sipproxy.script import tree

_CLAIMS = frozenset(("au", "ar", "ad", "adu"))
_CODES = frozenset(("rc", "retcode", "?"))
_CREDENTIALS = frozenset(("has_credentials", "is_present_hf", "auth_get_www_authenticate"))

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "htable.so"
modparam("auth_db", "db_url", "sqlite:///etc/kamailio/kamailio.sqlite")
"""


@rule(
    "SP301",
    "$au is used before anybody was authenticated",
    wrong=_HEAD
    + """
    request_route {
        if ($au == "admin") {
            route(ADMIN);
        }
        if (!www_authorize("example.com", "subscriber")) {
            www_challenge("example.com", "1");
            exit;
        }
    }
    route[ADMIN] {
        sl_send_reply("200", "OK");
        exit;
    }
    """,
    right=_HEAD
    + """
    request_route {
        if (!www_authorize("example.com", "subscriber")) {
            www_challenge("example.com", "1");
            exit;
        }
        if ($au == "admin") {
            route(ADMIN);
        }
    }
    route[ADMIN] {
        sl_send_reply("200", "OK");
        exit;
    }
    """,
)
def claimed_identity(cfg: Cfg) -> Found:
    """`$au`, `$ar`, `$ad` and `$adu` are read from the request's first Proxy-Authorization header,
    or from the first Authorization header when there is none. Until credentials were checked they
    are what somebody claims. They need not even be the credentials that will be checked: those are
    the first ones for the right *realm*.

    So a rule that counts failed attempts by `$au` can be led astray: an attacker puts a decoy
    header of another realm and with ever new names before the real one, and each guess counts for
    somebody else. On Kamailio 5.6.3 that makes a limit of three failures pass 29 guesses.

    Decide by `$au` after a successful check. Where failures are counted by user, first refuse what
    has more than one header of credentials, or whose `$ar` is not your realm. Then say on the line
    that you did: `# sipproxy: ignore[SP301]`.

    Reported are keys of htables and comparisons with anything but `$null`, where no check of
    credentials can have succeeded before; the first in each route. Texts for the log are not.
    """
    if not any(site.call.name in AUTHENTICATES for site in cfg.calls):
        return
    told: set[tuple[str, str]] = set()
    for use in cfg.uses:
        name = use.spec.name
        if name not in _CLAIMS or not cfg.flow.reached(use.step):
            continue
        if not _decides(use) or cfg.flow.may_be_authenticated(use.step) or _realm_check(use):
            continue
        key = (use.step.route.kind + use.step.route.name, name)
        if key not in told:
            told.add(key)
            yield use.span, f"${name} is what the sender claims: nothing was checked yet", ""


def _decides(use: Use) -> bool:
    if use.call is not None and use.call.name in LOGS:
        return False
    if use.inside is not None:
        return use.inside.name.startswith("sht")
    expr = condition_of(use.step)
    return expr is not None and any(
        one.span == use.span and not is_null(other) and not _empty(other)
        for one, _, other in comparisons(expr)
    )


def _realm_check(use: Use) -> bool:
    """`$ar` compared is how one finds out whose credentials they are."""
    return use.spec.name == "ar" and use.inside is None


def _empty(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Str) and not expr.text


@rule(
    "SP302",
    "the first challenge of every phone counts as a failure",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=300;initval=0")

    request_route {
        if (!auth_check("$fd", "subscriber", "1")) {
            $var(n) = $shtinc(failed=>$si);
            auth_challenge("$fd", "1");
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=300;initval=0")

    request_route {
        if (!auth_check("$fd", "subscriber", "1")) {
            # -2 is a wrong password, -3 an unknown user
            if ($rc == -2 || $rc == -3) {
                $var(n) = $shtinc(failed=>$si);
            }
            auth_challenge("$fd", "1");
            exit;
        }
    }
    """,
)
def counts_the_challenge(cfg: Cfg) -> Found:
    """A phone sends its first request without credentials, is challenged, and comes again with
    them. It does so for each registration and each call. A counter in the branch of "not
    authenticated" counts all of that: fifty phones behind one NAT that come back after a power cut
    are a "dictionary attack".

    The check's return code tells why it failed: -2 a wrong password, -3 an unknown user, -4 a nonce
    that is too old, -5 no credentials for this realm, -1 an error (a database that does not
    answer). Count -2 and -3. Read `$rc` right behind the check.

    The rule is silent when a condition around the counting looks at the code or at the credentials.
    """
    for one in cfg.increments:
        outer = _failed_check(one.step)
        if outer is not None and not _looks_closer(one.step, outer):
            yield (
                one.span,
                "requests without credentials are counted here too",
                ("count only $rc -2 (wrong password) and -3 (unknown user)"),
            )


def _failed_check(step: Step) -> Step | None:
    """The `if (!auth_check(...))` that a statement stands under."""
    part = step.part
    for outer in list(step.outer())[1:]:
        statement = outer.statement
        if isinstance(statement, tree.If) and part in ("then", "else"):
            failed = not may_succeed(statement.condition, part == "then")
            if failed and may_succeed(statement.condition, part != "then"):
                return outer
        part = outer.part
    return None


def _looks_closer(step: Step, check: Step) -> bool:
    conditions = [expr for expr, _ in conditions_around(step)]
    for outer in step.outer():
        conditions += [
            statement.condition
            for statement in outer.earlier()
            if isinstance(statement, tree.If) and leaves(statement.then)
        ]
    return any(map(_mentions_credentials, conditions))


def _mentions_credentials(expr: tree.Expr) -> bool:
    for node in tree.walk(expr):
        if isinstance(node, tree.Pv):
            name = node.text.strip("$()").partition("(")[0]
            if name in _CODES | _CLAIMS | {"hdr", "var", "avp"}:
                return True
        elif isinstance(node, tree.Call) and node.name in _CREDENTIALS:
            return True
    return False


@rule(
    "SP303",
    "any success from an address forgives all its failures",
    wrong=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=300;initval=0")

    request_route {
        if (!auth_check("$fd", "subscriber", "1")) {
            if ($rc == -2 || $rc == -3) {
                $var(n) = $shtinc(failed=>$si);
            }
            auth_challenge("$fd", "1");
            exit;
        }
        $sht(failed=>$si) = $null;
    }
    """,
    right=_HEAD
    + """
    modparam("htable", "htable", "failed=>size=8;autoexpire=300;initval=0")

    request_route {
        if (!auth_check("$fd", "subscriber", "1")) {
            if ($rc == -2 || $rc == -3) {
                $var(n) = $shtinc(failed=>$si::$fU);
            }
            auth_challenge("$fd", "1");
            exit;
        }
        $sht(failed=>$si::$fU) = $null;
    }
    """,
)
def forgiven_by_any_success(cfg: Cfg) -> Found:
    """Failures are counted for an address and forgotten when anybody from that address succeeds.
    Many phones stand behind one address: a working phone beside an attacker shields him, and an
    attacker with one account of his own logs in with it between guesses at others.

    Count by source *and* user, so that a success forgives the failures of that user only. A slower
    limit by source alone, which no success resets, holds those who try many users.
    """
    counted = {(one.cell.table, one.cell.key) for one in cfg.increments if _failed_check(one.step)}
    for cell, span in _forgotten(cfg):
        if (cell.table, cell.key) in counted and cfg.flow.may_be_authenticated(cell.step):
            message = f"one success from {cell.key} forgives every failure from there"
            yield span, message, "key by source and user"


def _forgotten(cfg: Cfg) -> Iterator[tuple[Cell, Span]]:
    """Where a cell that is only keyed by an address is taken back to nothing."""
    for cell in cfg.cells:
        if resets(cell) and {n.rstrip("{") for n in cfg.made_of(cell)} == {"si"}:
            yield cell, cell.step.statement.span


RULES: tuple[Rule, ...] = (claimed_identity, counts_the_challenge, forgiven_by_any_success)
