"""What Kamailio refuses while it parses, and what needs no module to be known for that.

Names of functions, pseudo-variables and routes are `check`'s affair.
"""

import ipaddress
import re
from collections.abc import Collection, Iterator, Sequence

from sipproxy.core.suggest import suggestion
from sipproxy.errors import Problem, Span
from sipproxy.script.collect import is_ip
from sipproxy.script.keywords import KEYWORDS, WORD_NUMBERS
from sipproxy.script.settings import MAX_FLAG, SETTINGS, free_flag
from sipproxy.script.tree import (
    Address,
    Alias,
    Bareword,
    Call,
    Case,
    Condition,
    CoreParam,
    CustomParam,
    Expr,
    Flags,
    Int,
    Ip,
    Item,
    Listen,
    ModParam,
    Node,
    Regex,
    Route,
    RouteCall,
    Str,
    Switch,
    walk,
)
from sipproxy.script.typecheck import Types, is_constant

_FACILITIES = frozenset(
    (
        *("log_auth", "log_authpriv", "log_cron", "log_daemon", "log_ftp", "log_kern"),
        *("log_lpr", "log_mail", "log_news", "log_syslog", "log_user", "log_uucp"),
        *(f"log_local{n}" for n in range(8)),
    )
)
_ONSEND = frozenset(
    (
        "log",
        "setflag",
        "resetflag",
        "isflagset",
        "set_forward_no_connect",
        "set_reply_no_connect",
        "set_forward_close",
        "set_reply_close",
    )
)
_MAX_PORT = 65535
_BEFORE_MEMORY = frozenset({"user", "shm_mem_size", "shm_force_alloc"})
_NO_NAME = re.compile(rf"\d|(?:{'|'.join(WORD_NUMBERS)})$")
_DOTTED = re.compile(r"\d+\.\d+\.\d+\.\d+")
_QUOTED_SOCKET = re.compile(r"(?:udp|tcp|tls|sctp):|[^:]*:\d+$", re.IGNORECASE)


def check(items: Sequence[Item], whole: bool) -> list[Problem]:
    """The problems of a cfg's items.

    `whole` is False when some items could not be read: then nothing is said about what is missing
    or given twice.
    """
    problems: list[Problem] = []
    for item in items:
        if isinstance(item, Route):
            problems += _route(item)
        elif isinstance(item, CoreParam):
            problems += _core_param(item)
        elif isinstance(item, Listen | Alias):
            for address in item.addresses:
                problems += _address(address)
        elif isinstance(item, CustomParam) and _NO_NAME.match(item.name):
            problems.append(Problem(item.span, f'"{item.name}" cannot name a parameter'))
    if whole:
        problems += _declarations(items)
        problems += _flag_uses(items)
        problems += _order(items)
    return problems


# --- routes ----------


def _route(route: Route) -> Iterator[Problem]:
    nodes = list(walk(route))
    types = Types(nodes)
    yield from types.problems
    for node in nodes:
        if isinstance(node, Switch):
            yield from _switch(node, types)
        elif isinstance(node, Call):
            yield from _call(node)
            if route.kind == "onsend_route" and node.name in KEYWORDS and node.name not in _ONSEND:
                yield _not_in_onsend(node.span, node.name)
        elif isinstance(node, RouteCall) and route.kind == "onsend_route":
            yield _not_in_onsend(node.span, "route()")
        elif isinstance(node, Condition):
            yield from _condition(node, route.kind)
        elif isinstance(node, Ip):
            yield from _ip(node)


def _not_in_onsend(span: Span, name: str) -> Problem:
    return Problem(span, f"{name} is not allowed in an onsend_route")


def _switch(node: Switch, types: Types) -> Iterator[Problem]:
    first_kind = ""
    default = False
    for case in node.cases:
        label = case.label
        if label is None:
            if default:
                yield Problem(case.span, "this switch has a default already")
            default = True
            continue
        if isinstance(label, Regex):
            kind = "str"
        elif not is_constant(label):
            yield Problem(label.span, "the label of a case is a constant", "use if and else if")
            continue
        else:
            kind = _label_kind(case, label, types)
        if first_kind and kind != first_kind:
            yield Problem(label.span, "the cases of one switch are all numbers or all strings")
            continue
        first_kind = kind


def _label_kind(case: Case, label: Expr, types: Types) -> str:
    return "str" if types.of(label) == "str" else "int"


def _call(node: Call) -> Iterator[Problem]:
    if node.name in KEYWORDS:
        return
    for arg in node.args:
        for inner in walk(arg):
            if isinstance(inner, Call) and inner.name not in KEYWORDS:
                yield Problem(
                    inner.span,
                    f"{inner.name}() is called inside the parameters of {node.name}()",
                    "call it before and keep its result in a $var",
                )


def _condition(node: Condition, kind: str) -> Iterator[Problem]:
    if node.subject in ("snd_ip", "to_ip") and kind != "onsend_route":
        yield Problem(node.span, f"{node.subject} exists only in onsend_route")
    if node.subject.endswith("_ip") and is_constant(node.value) and isinstance(node.value, Int):
        yield Problem(node.value.span, f"{node.subject} is compared with an address, not a number")


def _ip(node: Ip) -> Iterator[Problem]:
    try:
        address = ipaddress.ip_address(node.text)
    except ValueError:
        yield Problem(node.span, f"{node.text} is not an IP address")
        return
    if node.mask.isdigit() and int(node.mask) > address.max_prefixlen:
        yield Problem(node.span, f"a net of {address.max_prefixlen} bits has no /{node.mask}")


# --- core parameters ----------


def _core_param(item: CoreParam) -> Iterator[Problem]:
    value = item.values[0]
    if isinstance(value, Ip):
        yield from _ip(value)
    setting = SETTINGS.get(item.name)
    if setting is None:
        return
    expected = _expected(setting.kind, value)
    if expected:
        hint = ""
        if isinstance(value, Bareword):
            hint = f"is {value.text} a define that is not set?"
        yield Problem(value.span, f"{item.name} expects {expected}", hint)
    elif setting.name == "ipv6_hex_style" and _text(value)[:1] not in ("a", "A", "c"):
        yield Problem(value.span, 'ipv6_hex_style expects "a", "A" or "c"')


def _text(value: Expr) -> str:
    return value.text if isinstance(value, Str) else ""


def _expected(kind: str, value: Expr) -> str:
    """What a parameter of this kind expects, or nothing when the value will do."""
    word = value.text if isinstance(value, Bareword) else ""
    name = word and word not in KEYWORDS and word != "*"
    if kind in ("bool", "int"):
        fits = isinstance(value, Int) and value.value >= 0
        return "" if fits else ("yes or no" if kind == "bool" else "a number")
    if kind == "signed":
        return "" if isinstance(value, Int) else "a number"
    if kind == "string":
        return "" if isinstance(value, Str) else "a string in quotes"
    if kind == "word":
        return "" if name or isinstance(value, Str) else "a string"
    if kind == "facility":
        return "" if word.lower() in _FACILITIES else "a syslog facility"
    if kind == "tos":
        return "" if name or isinstance(value, Int) else "a number"
    if kind == "proto":
        return "" if word == "*" or KEYWORDS.get(word) == "PROTO" else "udp, tcp, tls or sctp"
    if kind == "tls":
        return "" if KEYWORDS.get(word) == "TLS_VERSION" else "a TLS version"
    six = isinstance(value, Ip) and ":" in value.text
    return "" if isinstance(value, Ip) and six == (kind == "ipv6") else f"an {kind} address"


def _address(address: Address) -> Iterator[Problem]:
    if _QUOTED_SOCKET.match(address.host) and not is_ip(address.host):
        yield Problem(
            address.span,
            f'"{address.host}" would be read as the name of one host',
            "quote only the host, or nothing: udp:127.0.0.1:5060",
        )
    elif _DOTTED.fullmatch(address.host) and not is_ip(address.host):
        yield Problem(address.span, f"{address.host} is not an IP address")
    if address.port > _MAX_PORT:  # Kamailio goes on with the lower 16 bits
        yield Problem(address.span, f"{address.port} is not a port (up to {_MAX_PORT})")


# --- what is given twice, or not at all ----------


def _declarations(items: Sequence[Item]) -> Iterator[Problem]:
    routes: dict[tuple[str, str], Span] = {}
    variables: dict[tuple[str, str], Span] = {}
    for item in items:
        if isinstance(item, Route) and item.name:
            first = routes.setdefault((item.kind, item.name), item.span)
            if first is not item.span:
                yield Problem(item.span, f"{item.kind}[{item.name}] exists already, at {first}")
        elif isinstance(item, CustomParam) and item.index is None:
            first = variables.setdefault((item.group, item.name), item.span)
            if item.group == "core":
                yield Problem(item.span, "the group core belongs to Kamailio itself")
            elif first is not item.span:
                yield Problem(item.span, f"{item.group}.{item.name} exists already, at {first}")


def _flag_uses(items: Sequence[Item]) -> Iterator[Problem]:
    flags: dict[str, int] = {}
    avpflags: set[str] = set()
    for item in items:
        if isinstance(item, Flags):
            yield from _flag_names(item, flags, avpflags)
        elif isinstance(item, Route):
            for node in walk(item):
                if isinstance(node, Call):
                    kind = KEYWORDS.get(node.name)
                    if kind in ("ROUTE_FLAG", "AVP_FLAG"):
                        yield from _flag_use(
                            node.args[-1], flags if kind == "ROUTE_FLAG" else avpflags
                        )


def _flag_names(item: Flags, flags: dict[str, int], avpflags: set[str]) -> Iterator[Problem]:
    for name, number, span in item.names:
        known = avpflags if item.keyword == "avpflags" else flags
        if name in known:
            yield Problem(span, f"the flag {name} is declared already")
        elif item.keyword == "avpflags":
            avpflags.add(name)
        elif number > MAX_FLAG:
            yield Problem(span, f"flags are numbered from 0 to {MAX_FLAG}")
        else:
            flags[name] = number if number >= 0 else free_flag(flags)
            if flags[name] < 0:
                yield Problem(span, f"there are no more than {MAX_FLAG + 1} flags")


def _flag_use(flag: Node, known: Collection[str]) -> Iterator[Problem]:
    if isinstance(flag, Int):
        if not 0 <= flag.value <= MAX_FLAG:
            yield Problem(flag.span, f"flags are numbered from 0 to {MAX_FLAG}")
    elif isinstance(flag, Str | Bareword) and flag.text not in known:
        hint = suggestion(flag.text, known) or "declare it: flags NAME"
        yield Problem(flag.span, f"the flag {flag.text} is not declared", hint)


def _order(items: Sequence[Item]) -> Iterator[Problem]:
    memory = False
    for item in items:
        memory = memory or isinstance(item, ModParam | Route)
        setting = SETTINGS.get(item.name) if isinstance(item, CoreParam) else None
        if memory and setting and setting.name in _BEFORE_MEMORY:
            yield Problem(item.span, f"{setting.name} comes before all modparams and routes")
