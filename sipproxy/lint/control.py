"""SP4xx: return codes, and which statements run."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sipproxy.lint.cfg import Cfg
from sipproxy.lint.gather import LOGS, Step
from sipproxy.lint.rule import Found, Rule, rule
from sipproxy.lint.shapes import answers, comparisons, condition_of, is_unbraced
from sipproxy.script import tree

_HEAD = """
#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "textops.so"
"""

_COMPARE: Mapping[str, Callable[[int, int], bool]] = MappingProxyType(
    {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        ">": lambda a, b: a > b,
        "<=": lambda a, b: a <= b,
        ">=": lambda a, b: a >= b,
    }
)


@rule(
    "SP401",
    "a result compared with what it can never be",
    wrong=_HEAD
    + """
    request_route {
        if (route(CHECK) == -1) {
            exit;
        }
    }
    route[CHECK] {
        if ($rU == $null) return -1;
        return 1;
    }
    """,
    right=_HEAD
    + """
    request_route {
        $var(result) = route(CHECK);
        if ($var(result) == -1) {
            exit;
        }
    }
    route[CHECK] {
        if ($rU == $null) return -1;
        return 1;
    }
    """,
)
def result_is_a_truth(cfg: Cfg) -> Found:
    """Inside a comparison the result of a function or route is no longer the code it returned but
    0 or 1: whether that code was positive. `route(X) == -1` is false even when X returns -1, and
    `f() < 0` always is.

    Assigned to a variable the code stays what it is, and so does `$rc` right behind the call.
    """
    for step in cfg.steps:
        expr = condition_of(step)
        if expr is None:
            continue
        for one, op, other in comparisons(expr):
            if (
                isinstance(one, tree.Call | tree.RouteCall)
                and (number := _number(other)) is not None
            ):
                outcomes = {_COMPARE[op](result, number) for result in (0, 1)}
                if len(outcomes) == 1:
                    always = "always" if outcomes.pop() else "never"
                    message = f"the result of {_called(one)} is 0 or 1 here: this is {always} true"
                    yield one.span.to(other.span), message, "assign it to a $var, and compare that"


def _number(expr: tree.Expr) -> int | None:
    if isinstance(expr, tree.Unary) and expr.op == "-" and isinstance(expr.operand, tree.Int):
        return -expr.operand.value
    return expr.value if isinstance(expr, tree.Int) else None


def _called(expr: tree.Call | tree.RouteCall) -> str:
    return f"{expr.name}()" if isinstance(expr, tree.Call) else "the route"


@rule(
    "SP402",
    "sht_setxi ends the script",
    wrong=_HEAD
    + """
    loadmodule "htable.so"
    modparam("htable", "htable", "calls=>size=8;autoexpire=60")

    request_route {
        sht_setxi("calls", "$ci", "1", "30");
        sl_send_reply("200", "OK");
    }
    """,
    right=_HEAD
    + """
    loadmodule "htable.so"
    modparam("htable", "htable", "calls=>size=8;autoexpire=60")

    request_route {
        $sht(calls=>$ci) = 1;
        $shtex(calls=>$ci) = 30;
        sl_send_reply("200", "OK");
    }
    """,
)
def ends_the_script(cfg: Cfg) -> Found:
    """In Kamailio 5.6 and 5.7 `sht_setxi` returns 0 although it did what it should, and 0 ends the
    script there and then: in the example no reply is sent. `sht_setxs` returns 1. From 6.0 on both
    do; the rule is silent under `--compat 6.1`.

    Set the value and its time in two steps, by `$sht` and `$shtex`.
    """
    if cfg.compat == "6.1":
        return
    for site in cfg.calls:
        if site.call.name == "sht_setxi":
            message = "sht_setxi() returns 0 in Kamailio 5.6: the script ends here"
            yield site.call.span, message, "$sht(t=>k) = n; and $shtex(t=>k) = seconds;"


@rule(
    "SP403",
    "an indented line that the if does not govern",
    wrong=_HEAD
    + """
    request_route {
        if (is_method("BYE"))
            xlog("a call ends");
            append_hf("Reason: SIP;cause=200\\r\\n");
        sl_send_reply("200", "OK");
    }
    """,
    right=_HEAD
    + """
    request_route {
        if (is_method("BYE")) {
            xlog("a call ends");
            append_hf("Reason: SIP;cause=200\\r\\n");
        }
        sl_send_reply("200", "OK");
    }
    """,
)
def misleading_indent(cfg: Cfg) -> Found:
    """Without braces an `if`, `else` or `while` governs one statement. A second line that is
    indented like the first looks governed and always runs: in the example every request gets the
    header.
    """
    for step in cfg.steps:
        governed = _governed(step.statement)
        later = step.later()
        if governed is None or not later or not is_unbraced(governed):
            continue
        head, first, second = step.statement.span, governed.statements[0].span, later[0].span
        if not (head.file == first.file == second.file and head.line < first.line < second.line):
            continue
        lines = cfg.lines(head.file)
        if not all(map(str.strip, lines[first.end_line : second.line - 1])):
            continue  # an empty line says that something else begins
        indents = [_indent(lines[s.line - 1], s.column) for s in (head, first, second)]
        if None not in indents and indents[1] == indents[2] and _deeper(indents[1], indents[0]):
            word = "while" if isinstance(step.statement, tree.While) else "if"
            message = f"this runs whatever the {word} in line {head.line} says: it has no braces"
            yield second, message, "put both lines in braces, or indent this one as the " + word


def _governed(statement: tree.Statement) -> tree.Block | None:
    """The block at the end of a statement."""
    if isinstance(statement, tree.While):
        return statement.body
    while isinstance(statement, tree.If):
        if statement.otherwise is None:
            return statement.then
        block = statement.otherwise
        inner = block.statements[0] if block.statements else None
        if not (is_unbraced(block) and isinstance(inner, tree.If)):
            return block
        statement = inner
    return None


def _indent(line: str, column: int) -> str | None:
    before = line[: column - 1]
    return before if not before.strip() else None


def _deeper(inner: str | None, outer: str | None) -> bool:
    return inner is not None and outer is not None and len(inner) > len(outer)


_RETURN_CODES = frozenset(("rc", "retcode", "?"))


@rule(
    "SP406",
    "$rc behind xlog is that of xlog",
    wrong=_HEAD
    + """
    loadmodule "rr.so"
    request_route {
        loose_route();
        xlog("came from a dialog: $rc");
        if ($rc < 0) {
            exit;
        }
    }
    """,
    right=_HEAD
    + """
    loadmodule "rr.so"
    request_route {
        loose_route();
        $var(code) = $rc;
        xlog("came from a dialog: $var(code)");
        if ($var(code) < 0) {
            exit;
        }
    }
    """,
)
def code_of_the_log(cfg: Cfg) -> Found:
    """`$rc` (`$retcode`, `$?`) is the return code of the last function or route that ran, whichever
    it was. `xlog` returns 1. A line for the log that is put in between makes the test behind it
    always come out the same.

    Keep the code in a `$var` right behind the call it belongs to.
    """
    for use in cfg.uses:
        if use.spec.name not in _RETURN_CODES or use.call is not None:
            continue
        before = use.step.earlier()
        if before and _is_log(before[-1]) and not _calls(use.step):
            yield (
                use.span,
                "this is the return code of the log line before it, always 1",
                ("keep the code in a $var before logging"),
            )


def _is_log(statement: tree.Statement) -> bool:
    return (
        isinstance(statement, tree.Evaluate)
        and isinstance(statement.expr, tree.Call)
        and statement.expr.name in LOGS
    )


def _calls(step: Step) -> bool:
    """Whether the statement's own condition calls something."""
    expr = condition_of(step)
    if isinstance(step.statement, tree.Assign):
        expr = step.statement.value
    return expr is not None and any(
        isinstance(node, tree.Call | tree.RouteCall) for node in tree.walk(expr)
    )


@rule(
    "SP407",
    "return 0 ends the script",
    wrong=_HEAD
    + """
    request_route {
        if (!route(KNOWN)) {
            sl_send_reply("404", "Not Found");
        }
    }
    route[KNOWN] {
        if ($rU == "alice") return 1;
        return 0;
    }
    """,
    right=_HEAD
    + """
    request_route {
        if (!route(KNOWN)) {
            sl_send_reply("404", "Not Found");
        }
    }
    route[KNOWN] {
        if ($rU == "alice") return 1;
        return -1;
    }
    """,
)
def return_zero(cfg: Cfg) -> Found:
    """A return code of 0 does not mean "false" but "stop here": `return 0` in a route ends the
    whole script, as `exit` does. In the example nobody gets a 404, nor any other answer.

    False is -1. Where the script shall end, `exit` says so. Reported are routes whose result a
    condition or an assignment uses; where a reply was sent just before, `return 0` is taken for
    what it does.
    """
    asked = _asked(cfg)
    for step in cfg.steps:
        match step.statement:
            case tree.Leave(kind="return", value=tree.Int(value=0)) if step.route.name in asked:
                if step.route.kind == "route" and not _answered(step):
                    message = "return 0 ends the script; whoever asked this route gets no answer"
                    yield step.statement.span, message, "false is return -1; to end it, write exit"


def _answered(step: Step) -> bool:
    """Whether a statement before it in its block sends a reply."""
    return any(map(answers, step.earlier()))


def _asked(cfg: Cfg) -> set[str]:
    """Routes whose result a condition or assignment uses."""
    found: set[str] = set()
    for step in cfg.steps:
        names = cfg.jumps.get(id(step), ())
        is_call = isinstance(step.statement, tree.Evaluate) and isinstance(
            step.statement.expr, tree.RouteCall
        )
        if not is_call:
            found |= {name for name in names if name is not None}
    return found


@rule(
    "SP408",
    "statements that never run",
    wrong=_HEAD
    + """
    request_route {
        if (is_method("OPTIONS")) {
            sl_send_reply("200", "OK");
            exit;
            xlog("answered");
        }
    }
    """,
    right=_HEAD
    + """
    request_route {
        if (is_method("OPTIONS")) {
            sl_send_reply("200", "OK");
            xlog("answered");
            exit;
        }
    }
    """,
)
def never_runs(cfg: Cfg) -> Found:
    """What stands behind `exit`, `return`, `drop` or `break` in the same block is never reached. A
    further `exit` or the `break` of a case behind one is harmless and not reported; neither is what
    a directive such as `#!endif` separates from it, for there other settings decide.
    """
    for step in cfg.steps:
        later = step.later()
        if isinstance(step.statement, tree.Leave) and later:
            rest = [s for s in later if not isinstance(s, tree.Leave)]
            first_leave = not any(isinstance(s, tree.Leave) for s in step.earlier())
            if rest and first_leave and not _switched(cfg, step.statement, rest[0]):
                kind = step.statement.kind
                yield rest[0].span, f"this never runs: {kind} stands before it", ""


def _switched(cfg: Cfg, first: tree.Statement, second: tree.Statement) -> bool:
    """Whether a directive stands between two statements."""
    if first.span.file != second.span.file:
        return True
    between = cfg.lines(first.span.file)[first.span.end_line - 1 : second.span.line]
    return any(line.lstrip().startswith(("#!", "!!")) for line in between)


@rule(
    "SP409",
    "a route that nothing calls",
    severity="note",
    wrong=_HEAD
    + """
    request_route {
        exit;
    }
    route[LIMIT] {
        sl_send_reply("429", "Too Many Requests");
        exit;
    }
    """,
    right=_HEAD
    + """
    request_route {
        route(LIMIT);
    }
    route[LIMIT] {
        sl_send_reply("429", "Too Many Requests");
        exit;
    }
    """,
)
def never_called(cfg: Cfg) -> Found:
    """No `route(...)` and no text of a function or parameter names this block (`t_on_failure`,
    `async_route` and the `rtimer` parameter name blocks in texts). A protection in it protects
    nobody. In a cfg that computes the names of routes, nothing is reported.
    """
    if not cfg.is_whole or any(None in names for names in cfg.jumps.values()):
        return
    called = {name for names in cfg.jumps.values() for name in names}
    words = cfg.words
    for name, route in cfg.named_routes.items():
        if name not in called and name not in words and name != "0":
            yield route.span, f"nothing calls route[{name}]", ""


RULES: tuple[Rule, ...] = (
    result_is_a_truth,
    ends_the_script,
    misleading_indent,
    code_of_the_log,
    return_zero,
    never_runs,
    never_called,
)
