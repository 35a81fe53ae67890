"""The cfg as typed nodes, each with the span it came from. The parser makes them, `check` and
`compile` read them; nothing here knows what a name means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sipproxy.errors import Problem, Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in a cfg."""

    span: Span


# --- expressions -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Int(Node):
    """An integer literal, wrapped to 32 bits as Kamailio's scanner does; yes/no count too."""

    value: int


@dataclass(frozen=True, slots=True)
class Str(Node):
    """A string literal with escapes decoded and adjacent strings joined.

    `text` holds the bytes of the cfg as surrogateescaped UTF-8.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Pv(Node):
    """A pseudo-variable as written: `$ru`, `$(avp(x)[0]{s.len})`."""

    text: str


@dataclass(frozen=True, slots=True)
class Attr(Node):
    """A ser attribute as written: `%name`, and outside `#!KAMAILIO` files `$f.name`, `$name[1]`.

    `index` is the number in brackets, "all" for empty brackets, None without.
    """

    text: str
    index: int | Literal["all"] | None = None


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`@cfg_get.group.name`, `@from.uri.user`: the text without the @."""

    text: str


@dataclass(frozen=True, slots=True)
class Regex(Node):
    """The pattern of `case /"re":`."""

    text: str


@dataclass(frozen=True, slots=True)
class Bareword(Node):
    """An unquoted word where the grammar allows one: a method, a protocol, a flag name, a host."""

    text: str


@dataclass(frozen=True, slots=True)
class Ip(Node):
    """An unquoted address or net: `127.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `[::1]`.

    `text` has no brackets; `mask` is the part after the slash, or empty.
    """

    text: str
    mask: str = ""


@dataclass(frozen=True, slots=True)
class Address(Node):
    """`[proto:]host[:port]`; `proto` and `port` are empty or 0 when absent.

    `name` is the text of `name "x"`, `advertise` that of `advertise host:port` (port 0 without).
    `others` holds the further hosts of a multi-homed `(a, b)`; `virtual` is that word behind it.
    """

    proto: str
    host: str
    port: int
    advertise: tuple[str, int] | None = None
    name: str = ""
    others: tuple[str, ...] = ()
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Myself(Node):
    """`myself` in a core condition."""


@dataclass(frozen=True, slots=True)
class UriPart(Node):
    """`uri:host` or `uri:port` as an argument of forward()."""

    part: Literal["host", "port"]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`op` is one of `!`, `-`, `~`, `defined`, `int`, `str` (the casts); not is `!`."""

    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`op` in canonical form: `|| && | & ^ << >> == != =~ eq ne ieq ine < > <= >= + - * / mod`."""

    op: str
    left: "Expr"
    right: "Expr"
    op_span: Span


@dataclass(frozen=True, slots=True)
class Builtin(Node):
    """`strlen(e)`, `strempty(e)`, `selval(c, a, b)`."""

    name: str
    args: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """A core condition: `uri==myself`, `method==INVITE`, `src_ip==10.0.0.0/8`, `msg:len > 4`.

    `subject` is the keyword as Kamailio names it first (`uri`, `from_uri`, `to_uri`, `method`,
    `status`, `src_ip`, `dst_ip`, `src_port`, `dst_port`, `proto`, `af`, `msg:len`, `snd_ip`,
    `snd_port`, `to_ip`, `to_port`, `snd_proto`, `snd_af`); `myself==uri` is turned round.
    """

    subject: str
    op: str
    value: "Expr"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call, of a module or of the core; core statements such as `setflag(1)`,
    `force_rport` and `forward()` are calls too."""

    name: str
    args: tuple["Expr", ...]
    name_span: Span


@dataclass(frozen=True, slots=True)
class RouteCall(Node):
    """`route(NAME)`; the name of a static call is a `Str`."""

    name: "Expr"


@dataclass(frozen=True, slots=True)
class AssignExpr(Node):
    """`(lval = e)` used as an operand."""

    assign: "Assign"


@dataclass(frozen=True, slots=True)
class BlockExpr(Node):
    """`{ actions }` used as an operand."""

    body: "Block"


Expr = (
    Int
    | Str
    | Pv
    | Attr
    | Select
    | Bareword
    | Ip
    | Address
    | Myself
    | UriPart
    | Unary
    | Binary
    | Builtin
    | Condition
    | Call
    | RouteCall
    | AssignExpr
    | BlockExpr
)

# --- statements ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block(Node):
    """Statements in order; stray semicolons leave nothing behind. May be empty (`{ ; }`)."""

    statements: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`lval = e`; `target` is the pseudo-variable (or ser attribute) written to."""

    target: Pv | Attr
    value: Expr


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if (e) stm [else stm]`; a single statement is a block of one."""

    condition: Expr
    then: Block
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class While(Node):
    """`while (e) stm`."""

    condition: Expr
    body: Block


@dataclass(frozen=True, slots=True)
class Case(Node):
    """One label with its body; `label` None is default. A body may be empty (stacked labels)."""

    label: Expr | Regex | None
    body: Block


@dataclass(frozen=True, slots=True)
class Switch(Node):
    """`switch (e) { ... }`."""

    subject: Expr
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Leave(Node):
    """`return`, `exit`, `drop` (with an optional value) or `break`."""

    kind: Literal["return", "exit", "drop", "break"]
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Evaluate(Node):
    """An expression as a statement: a function call, route(X), or any other the grammar takes."""

    expr: Expr


Statement = Assign | If | While | Switch | Leave | Evaluate

# --- top level -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadPath(Node):
    """`mpath`/`loadpath`."""

    path: str


@dataclass(frozen=True, slots=True)
class LoadModule(Node):
    """`loadmodule "name.so"`; `name` has neither path nor `.so`, `path` is the text as written.

    `evaluated` is True for loadmodulex, whose text holds pseudo-variables.
    """

    name: str
    path: str
    evaluated: bool = False


@dataclass(frozen=True, slots=True)
class ModParam(Node):
    """`modparam("mod", "param", value)`; `evaluated` is True for modparamx."""

    module: Str
    param: Str
    value: Int | Str
    evaluated: bool = False


@dataclass(frozen=True, slots=True)
class CoreParam(Node):
    """`debug=3`, `log_prefix="x"`, `mhomed=yes`: a core parameter with its value(s)."""

    name: str
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Listen(Node):
    """`listen=...` with one or several addresses."""

    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """`alias=...` with one or several addresses."""

    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Flags(Node):
    """`flags NAME[:number], ...`; the number is -1 when absent. `avpflags` keeps its keyword."""

    keyword: str
    names: tuple[tuple[str, int, Span], ...]


@dataclass(frozen=True, slots=True)
class CustomParam(Node):
    """`group.name = value [desc "text"]`, with `index` for `group[n].name`, else None."""

    group: str
    name: str
    value: Int | Str
    description: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Route(Node):
    """A route block. `kind` is Kamailio's word for it: `request_route`, `reply_route`,
    `onreply_route`, `failure_route`, `branch_route`, `onsend_route`, `event_route`, `route`
    (a named one). `name` is empty for an unnamed block."""

    kind: str
    name: str
    body: Block


Item = LoadPath | LoadModule | ModParam | CoreParam | Listen | Alias | Flags | CustomParam | Route


@dataclass(frozen=True, slots=True)
class Config:
    """A whole cfg, includes spliced in.

    `sources` maps each file read to its text (surrogateescaped UTF-8); `defines` holds the final
    defines; `flavour` is the last header seen (`KAMAILIO`, `OPENSER`, `SER`, `MAXCOMPAT`, `ALL`)
    or `MAXCOMPAT` when there is none; `compat` the version asked for by `#!sipproxy compat=...`;
    `warnings` what was read but is hardly meant, such as an unclosed comment.
    """

    file: str
    items: tuple[Item, ...]
    sources: Mapping[str, str]
    defines: Mapping[str, str] = field(default_factory=dict)
    flavour: str = "MAXCOMPAT"
    compat: str = ""
    warnings: tuple[Problem, ...] = ()


def walk(node: Node) -> Iterator[Node]:
    """The node and every node inside it, outer ones first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        for name in _FIELDS.get(type(current), ()):
            value = getattr(current, name)
            if isinstance(value, Node):
                stack.append(value)
            else:
                stack.extend(v for v in value or () if isinstance(v, Node))


_FIELDS: Mapping[type[Node], tuple[str, ...]] = {
    Unary: ("operand",),
    Binary: ("left", "right"),
    Builtin: ("args",),
    Condition: ("value",),
    Call: ("args",),
    RouteCall: ("name",),
    AssignExpr: ("assign",),
    BlockExpr: ("body",),
    Block: ("statements",),
    Assign: ("target", "value"),
    If: ("condition", "then", "otherwise"),
    While: ("condition", "body"),
    Case: ("label", "body"),
    Switch: ("subject", "cases"),
    Leave: ("value",),
    Evaluate: ("expr",),
    Route: ("body",),
}
"""Where a node keeps its inner nodes."""
