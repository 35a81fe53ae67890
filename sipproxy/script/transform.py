"""What each rule of the grammar makes: nodes of :mod:`sipproxy.script.tree`.

The parser calls these as it reduces, with the tokens and nodes of the rule in order; no tree of
Lark's ever exists. Nothing here can fail: what is wrong with a node is found by `static` later.
"""

from typing import Any

from sipproxy.errors import Span
from sipproxy.script.precedence import Group, Item, climb, wrap
from sipproxy.script.scan import module_name
from sipproxy.script.tokens import Token
from sipproxy.script.tree import (
    Address,
    Alias,
    Assign,
    AssignExpr,
    Attr,
    Bareword,
    Block,
    BlockExpr,
    Builtin,
    Call,
    Case,
    Condition,
    CoreParam,
    CustomParam,
    Evaluate,
    Expr,
    Flags,
    If,
    Int,
    Ip,
    Leave,
    Listen,
    LoadModule,
    LoadPath,
    ModParam,
    Myself,
    Pv,
    Regex,
    Route,
    RouteCall,
    Select,
    Statement,
    Str,
    Switch,
    UriPart,
    While,
)

Children = list[Any]
_UNNAMED = {"route": "request_route", "onreply_route": "reply_route"}


def _start(child: Any) -> Span:
    span: Span = child.span
    return span


def _over(children: Children) -> Span:
    """The stretch from the first to the last of a rule's tokens and nodes."""
    first, last = children[0], children[-1]
    if first is last:
        return _start(first)
    if first.__class__ is Token and last.__class__ is Token:
        both: Span = first.to(last)
        return both
    return _start(first).to(_start(last))


def _block(span: Span, statements: list[Statement | Token]) -> Block:
    return Block(span, tuple(s for s in statements if not isinstance(s, Token)))


def _text(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def _host(value: Any) -> Str | Ip | Bareword:
    """A host as the grammar delivers it: a string, an address, or the tokens of a name."""
    if isinstance(value, list):
        return Bareword(value[0].to(value[-1]), _text(value))
    assert isinstance(value, Str | Ip)
    return value


def _number(token: Token) -> Int:
    return Int(token.span, token.number)


def _string(token: Token) -> Str:
    return Str(token.span, token.text)


class Lists:
    """Rules that gather; lists grow in place."""

    @staticmethod
    def none(children: Children) -> None:
        """Nothing was written."""

    @staticmethod
    def new_list(children: Children) -> Children:
        """An empty list."""
        return []

    @staticmethod
    def start_list(children: Children) -> Children:
        """A list of one."""
        return children

    @staticmethod
    def grow(children: Children) -> Children:
        """The list with one more."""
        grown: Children = children[0]
        if children[1] is not None:
            grown.append(children[1])
        return grown

    @staticmethod
    def grow_after_comma(children: Children) -> Children:
        """The list with what follows the comma."""
        grown: Children = children[0]
        grown.append(children[2])
        return grown

    @staticmethod
    def keep(children: Children) -> Any:
        """The first alone."""
        return children[0]

    first = keep

    @staticmethod
    def second(children: Children) -> Any:
        """The second alone."""
        return children[1]

    @staticmethod
    def inner(children: Children) -> Any:
        """What stands between brackets."""
        inside = children[1]
        return inside if isinstance(inside, list) else Group(inside, _over(children))

    tokens_one = start_list

    @staticmethod
    def tokens_more(children: Children) -> list[Token]:
        """A dotted name with one part more."""
        name: list[Token] = children[0]
        name += children[1:]
        return name


class Items(Lists):
    """Rules of the top level."""

    @staticmethod
    def start(children: Children) -> Any:
        """All items of the cfg."""
        return children[0]

    nothing = staticmethod(Lists.none)

    @staticmethod
    def loadmodule(children: Children) -> LoadModule:
        """`loadmodule "x.so"`."""
        word, path = children
        name = module_name(path.text)
        return LoadModule(_over(children), name, path.text, word.text == "loadmodulex")

    @staticmethod
    def loadpath(children: Children) -> LoadPath:
        """`mpath "x"`."""
        return LoadPath(_over(children), children[-1].text)

    @staticmethod
    def cfgengine(children: Children) -> CoreParam:
        """`cfgengine "x"`."""
        return CoreParam(_over(children), "cfgengine", (_string(children[-1]),))

    @staticmethod
    def modparam(children: Children) -> ModParam:
        """`modparam("m", "p", value)`."""
        value = children[6]
        if isinstance(value, Pv):
            value = Str(value.span, value.text)
        return ModParam(
            _over(children),
            _string(children[2]),
            _string(children[4]),
            value,
            children[0].text == "modparamx",
        )

    @staticmethod
    def core_param(children: Children) -> CoreParam:
        """`name = value`."""
        value = children[2]
        if isinstance(value, list):
            value = _host(value)
        return CoreParam(children[0].span.to(value.span), children[0].text, (value,))

    @staticmethod
    def kemi_param(children: Children) -> CoreParam:
        """`kemi.x = "y"`."""
        return CoreParam(_over(children), f"kemi.{children[2].text}", (children[4],))

    @staticmethod
    def bound(children: Children) -> tuple[list[Any], int, Any]:
        """Hosts with an optional port, and the last token or node of it."""
        hosts, last = children[0], children[-1]
        if len(children) == 1:
            return hosts, 0, _host(hosts[-1])
        return hosts, last.number, last

    @staticmethod
    def address(children: Children) -> Address:
        """`[proto:]host[:port]`."""
        proto = children[0] if len(children) == 3 else None
        hosts, port, last = children[-1]
        first, *others = (_host(host) for host in hosts)
        span = (proto or first).span.to(last.span)
        name = proto.text.lower() if proto is not None and proto.type == "PROTO" else ""
        return Address(span, name, first.text, port, others=tuple(h.text for h in others))

    socket = address

    @staticmethod
    def advertise(children: Children) -> tuple[str, int]:
        """What `advertise` says; port 0 when it says none."""
        return _host(children[1]).text, children[3].number if len(children) > 2 else 0

    @staticmethod
    def listen_options(children: Children) -> tuple[tuple[str, int] | None, str, bool]:
        """What follows the addresses of a listen line."""
        advertise, name, *virtual = children
        return advertise, name.text if name is not None else "", bool(virtual)

    @staticmethod
    def listen(children: Children) -> Listen:
        """`listen = ...`."""
        word, _, addresses, (advertise, name, virtual) = children
        addresses = tuple(
            Address(a.span, a.proto, a.host, a.port, advertise, name, a.others, virtual)
            for a in addresses
        )
        return Listen(word.span.to(addresses[-1].span), addresses)

    @staticmethod
    def alias(children: Children) -> Alias:
        """`alias = ...`."""
        word, _, addresses = children
        return Alias(word.span.to(addresses[-1].span), tuple(addresses))

    @staticmethod
    def flag(children: Children) -> tuple[str, int, Span]:
        """`name` or `name:number`."""
        return children[0].text, children[2].number if len(children) > 1 else -1, _over(children)

    @staticmethod
    def avpflags_one(children: Children) -> list[tuple[str, int, Span]]:
        """The first name."""
        return [(children[0].text, -1, children[0].span)]

    @staticmethod
    def avpflags_more(children: Children) -> list[tuple[str, int, Span]]:
        """One more name."""
        children[0].append((children[2].text, -1, children[2].span))
        names: list[tuple[str, int, Span]] = children[0]
        return names

    @staticmethod
    def flags(children: Children) -> Any:
        """A list that grows, or the whole `flags a, b`."""
        if isinstance(children[0], Token):
            word, names = children
            return Flags(word.span.to(names[-1][2]), word.text, tuple(names))
        return children

    @staticmethod
    def custom_param(children: Children) -> CustomParam:
        """`group.name = value`."""
        group, _, name, _, value, description = children
        last = description or value
        text = description.text if description is not None else ""
        return CustomParam(group.span.to(last.span), group.text, name.text, value, text)

    @staticmethod
    def custom_instance(children: Children) -> CustomParam:
        """`group[n].name = value`."""
        group, _, index, _, _, name, _, value = children
        span = group.span.to(value.span)
        return CustomParam(span, group.text, name.text, value, "", index.number)


class Statements(Items):
    """Rules of routes and their statements."""

    @staticmethod
    def unnamed_route(children: Children) -> Route:
        """`request_route { ... }`."""
        word, block = children
        return Route(_over(children), _UNNAMED.get(word.text, word.text), "", block)

    @staticmethod
    def named_route(children: Children) -> Route:
        """`route[NAME] { ... }`; the name 0 is that of the unnamed block."""
        word, _, name, _, block = children
        if name.text == "0":
            return Statements.unnamed_route([word, block])
        return Route(_over(children), word.text, name.text, block)

    @staticmethod
    def event_route(children: Children) -> Route:
        """`event_route[a:b] { ... }`."""
        word, name, block = children
        return Route(_over(children), word.text, name.text, block)

    @staticmethod
    def block(children: Children) -> Block:
        """`{ ... }`."""
        return _block(children[0].to(children[2]), children[1])

    @staticmethod
    def body_of_one(children: Children) -> Block:
        """A statement without braces."""
        return _block(children[0].span, children)

    empty = staticmethod(Lists.keep)

    @staticmethod
    def evaluate(children: Children) -> Evaluate:
        """A call as a statement."""
        return Evaluate(children[0].span, children[0])

    @staticmethod
    def leave(children: Children) -> Leave:
        """`exit;` and its kin."""
        return Leave(children[0].span, children[0].text)

    @staticmethod
    def leave_with(children: Children) -> Leave:
        """`return e;` and its kin."""
        word, value, _ = children
        return Leave(word.span.to(value.span), word.text, value)

    @staticmethod
    def if_(children: Children) -> If:
        """`if e stm`."""
        return If(_over(children), children[1], children[2], None)

    @staticmethod
    def if_else(children: Children) -> If:
        """`if e stm else stm`."""
        return If(_over(children), children[1], children[2], children[4])

    @staticmethod
    def while_(children: Children) -> While:
        """`while e stm`."""
        return While(_over(children), children[1], children[2])

    @staticmethod
    def switch(children: Children) -> Switch:
        """`switch e { cases }`."""
        cases = children[3] if len(children) == 5 else []
        return Switch(_over(children), children[1], tuple(cases))

    @staticmethod
    def _case(children: Children, label: Expr | Regex | None) -> Case:
        statements = children[-1]
        colon = children[-2]
        last = statements[-1].span if statements else colon.span
        place = statements[0].span.to(last) if statements else colon.span
        return Case(children[0].span.to(last), label, _block(place, statements))

    @staticmethod
    def case(children: Children) -> Case:
        """`case e: ...`."""
        return Statements._case(children, children[1])

    @staticmethod
    def case_regex(children: Children) -> Case:
        """`case /"re": ...`."""
        label = children[2]
        if isinstance(label, Str):
            return Statements._case(children, Regex(label.span, label.text))
        return Statements._case(children, label)

    @staticmethod
    def case_default(children: Children) -> Case:
        """`default: ...`."""
        return Statements._case(children, None)

    @staticmethod
    def assign(children: Children) -> Assign:
        """`lval = e`."""
        return Assign(_over(children), children[0], children[2])


class Expressions(Statements):
    """Rules of expressions; `climb` shapes them."""

    @staticmethod
    def climb(children: Children) -> Expr:
        """A whole expression."""
        return climb(children[0])

    @staticmethod
    def flat_one(children: Children) -> list[Item]:
        """The first operand of a flat expression."""
        first = children[0]
        return first if isinstance(first, list) else children

    @staticmethod
    def flat_more(children: Children) -> list[Item]:
        """One operator and operand more."""
        flat: list[Item] = children[0]
        term = children[2]
        flat.append(children[1])
        if isinstance(term, list):
            flat += term
        else:
            flat.append(term)
        return flat

    @staticmethod
    def prefix(children: Children) -> list[Item]:
        """A prefix operator and its operand."""
        term = children[1]
        return [children[0], *term] if isinstance(term, list) else children

    @staticmethod
    def condition(children: Children) -> list[Item]:
        """A core condition: subject, operator, value; the value may go on behind it."""
        value = children[2]
        return [*children[:2], *value] if isinstance(value, list) else children

    @staticmethod
    def myself_first(children: Children) -> Condition:
        """`myself == uri`, turned round."""
        myself, operator, subject = children
        return Condition(_over(children), subject.text, operator.text, Myself(myself.span))

    @staticmethod
    def block_expr(children: Children) -> BlockExpr:
        """`{ ... }` as an operand."""
        block = Statements.block(children)
        return BlockExpr(block.span, block)

    @staticmethod
    def assign_expr(children: Children) -> AssignExpr:
        """`(lval = e)` as an operand."""
        return AssignExpr(_over(children), children[1])

    @staticmethod
    def builtin(children: Children) -> Builtin:
        """`strlen(e)`, `strempty(e)`."""
        return Builtin(_over(children), children[0].text, (children[2],))

    @staticmethod
    def selval(children: Children) -> Builtin:
        """`selval(c, a, b)`."""
        return Builtin(_over(children), children[0].text, tuple(children[2:7:2]))

    @staticmethod
    def call_list(children: Children) -> Call:
        """A module function with its arguments."""
        return Call(_over(children), children[0].text, tuple(children[2]), children[0].span)

    @staticmethod
    def call(children: Children) -> Call:
        """A core function."""
        args = tuple(c for c in children if not isinstance(c, Token))
        return Call(_over(children), children[0].text, args, children[0].span)

    @staticmethod
    def route_call(children: Children) -> RouteCall:
        """`route(NAME)`."""
        name = children[2]
        if isinstance(name, Bareword):
            name = Str(name.span, name.text)
        elif isinstance(name, Int):
            name = Str(name.span, str(name.value))
        return RouteCall(_over(children), name)

    @staticmethod
    def integer(children: Children) -> Int:
        """A number, with its minus."""
        last = children[-1]
        if len(children) == 1:
            return _number(last)
        return Int(_over(children), wrap(-last.number))

    @staticmethod
    def string(children: Children) -> Str:
        """A string."""
        return _string(children[0])

    @staticmethod
    def pv(children: Children) -> Pv:
        """A pseudo-variable."""
        return Pv(children[0].span, children[0].text)

    @staticmethod
    def attr(children: Children) -> Attr:
        """An attribute of the ser flavour."""
        index = children[2] if len(children) > 2 else None
        if isinstance(index, Token):
            return Attr(_over(children), children[0].text, "all")
        return Attr(_over(children), children[0].text, index.value if index is not None else None)

    @staticmethod
    def select(children: Children) -> Select:
        """A select."""
        return Select(children[0].span, children[0].text)

    @staticmethod
    def bareword(children: Children) -> Bareword:
        """A word."""
        return Bareword(children[0].span, children[0].text)

    @staticmethod
    def myself(children: Children) -> Myself:
        """`myself`."""
        return Myself(children[0].span)

    @staticmethod
    def uri_part(children: Children) -> UriPart:
        """`uri:host`, `uri:port`."""
        return UriPart(children[0].span, "host" if children[0].text == "uri:host" else "port")

    @staticmethod
    def host(children: Children) -> Bareword:
        """A dotted name."""
        tokens: list[Token] = children[0]
        return Bareword(tokens[0].to(tokens[-1]), _text(tokens))

    ip_tokens = staticmethod(Lists.start_list)

    @staticmethod
    def ip(children: Children) -> Ip:
        """An address."""
        tokens: list[Token] = children[0]
        return Ip(tokens[0].to(tokens[-1]), _text(tokens).strip("[]"))

    @staticmethod
    def net(children: Children) -> Ip:
        """An address with the width or mask of its net."""
        tokens, _, mask = children
        masks = mask if isinstance(mask, list) else [mask]
        text = _text(tokens).strip("[]")
        return Ip(tokens[0].to(masks[-1]), text, _text(masks).strip("[]"))


class TreeMaker(Expressions):
    """The callbacks of the whole grammar."""
