"""What each rule of the grammar makes: nodes of :mod:`sipproxy.script.tree`.

The parser calls these as it reduces, with the tokens and nodes of the rule in order; no tree of
Lark's ever exists. Nothing here can fail: what is wrong with a node is found by `static` later.
"""

from sipproxy.core.values import wrap
from sipproxy.script.precedence import Item, climb
from sipproxy.script.reduce import Children, Items, Lists, block_of, joined, over, string_of
from sipproxy.script.tokens import Token
from sipproxy.script.tree import (
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
    Evaluate,
    Expr,
    If,
    Int,
    Ip,
    Leave,
    Myself,
    Pv,
    Regex,
    Route,
    RouteCall,
    Select,
    Str,
    Switch,
    UriPart,
    While,
)

_UNNAMED = {"route": "request_route", "onreply_route": "reply_route"}


class Statements(Items):
    """Rules of routes and their statements."""

    @staticmethod
    def unnamed_route(children: Children) -> Route:
        """`request_route { ... }`."""
        word, block = children
        return Route(over(children), _UNNAMED.get(word.text, word.text), "", block)

    @staticmethod
    def named_route(children: Children) -> Route:
        """`route[NAME] { ... }`; the name 0 is that of the unnamed block."""
        word, _, name, _, block = children
        if name.text == "0":
            return Statements.unnamed_route([word, block])
        return Route(over(children), word.text, name.text, block)

    @staticmethod
    def event_route(children: Children) -> Route:
        """`event_route[a:b] { ... }`."""
        word, name, block = children
        return Route(over(children), word.text, name.text, block)

    @staticmethod
    def block(children: Children) -> Block:
        """`{ ... }`."""
        return block_of(children[0].to(children[2]), children[1])

    @staticmethod
    def body_of_one(children: Children) -> Block:
        """A statement without braces."""
        return block_of(children[0].span, children)

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
        return If(over(children), children[1], children[2], None)

    @staticmethod
    def if_else(children: Children) -> If:
        """`if e stm else stm`."""
        return If(over(children), children[1], children[2], children[4])

    @staticmethod
    def while_(children: Children) -> While:
        """`while e stm`."""
        return While(over(children), children[1], children[2])

    @staticmethod
    def switch(children: Children) -> Switch:
        """`switch e { cases }`."""
        cases = children[3] if len(children) == 5 else []
        return Switch(over(children), children[1], tuple(cases))

    @staticmethod
    def _case(children: Children, label: Expr | Regex | None) -> Case:
        statements = children[-1]
        colon = children[-2]
        last = statements[-1].span if statements else colon.span
        place = statements[0].span.to(last) if statements else colon.span
        return Case(children[0].span.to(last), label, block_of(place, statements))

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
        return Assign(over(children), children[0], children[2])


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
        return Condition(over(children), subject.text, operator.text, Myself(myself.span))

    @staticmethod
    def block_expr(children: Children) -> BlockExpr:
        """`{ ... }` as an operand."""
        block = Statements.block(children)
        return BlockExpr(block.span, block)

    @staticmethod
    def assign_expr(children: Children) -> AssignExpr:
        """`(lval = e)` as an operand."""
        return AssignExpr(over(children), children[1])

    @staticmethod
    def builtin(children: Children) -> Builtin:
        """`strlen(e)`, `strempty(e)`."""
        return Builtin(over(children), children[0].text, (children[2],))

    @staticmethod
    def selval(children: Children) -> Builtin:
        """`selval(c, a, b)`."""
        return Builtin(over(children), children[0].text, tuple(children[2:7:2]))

    @staticmethod
    def call_list(children: Children) -> Call:
        """A module function with its arguments."""
        return Call(over(children), children[0].text, tuple(children[2]), children[0].span)

    @staticmethod
    def call(children: Children) -> Call:
        """A core function."""
        args = tuple(c for c in children if not isinstance(c, Token))
        return Call(over(children), children[0].text, args, children[0].span)

    @staticmethod
    def route_call(children: Children) -> RouteCall:
        """`route(NAME)`."""
        name = children[2]
        if isinstance(name, Bareword):
            name = Str(name.span, name.text)
        elif isinstance(name, Int):
            name = Str(name.span, str(name.value))
        return RouteCall(over(children), name)

    @staticmethod
    def integer(children: Children) -> Int:
        """A number, with its minus."""
        last = children[-1]
        if len(children) == 1:
            return Int(last.span, last.number)
        return Int(over(children), wrap(-last.number))

    @staticmethod
    def string(children: Children) -> Str:
        """A string."""
        return string_of(children[0])

    @staticmethod
    def pv(children: Children) -> Pv:
        """A pseudo-variable."""
        return Pv(children[0].span, children[0].text)

    @staticmethod
    def attr(children: Children) -> Attr:
        """An attribute of the ser flavour."""
        index = children[2] if len(children) > 2 else None
        if isinstance(index, Token):
            return Attr(over(children), children[0].text, "all")
        return Attr(over(children), children[0].text, index.value if index is not None else None)

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
        return Bareword(tokens[0].to(tokens[-1]), joined(tokens))

    ip_tokens = staticmethod(Lists.start_list)

    @staticmethod
    def ip(children: Children) -> Ip:
        """An address."""
        tokens: list[Token] = children[0]
        return Ip(tokens[0].to(tokens[-1]), joined(tokens).strip("[]"))

    @staticmethod
    def net(children: Children) -> Ip:
        """An address with the width or mask of its net."""
        tokens, _, mask = children
        masks = mask if isinstance(mask, list) else [mask]
        text = joined(tokens).strip("[]")
        return Ip(tokens[0].to(masks[-1]), text, joined(masks).strip("[]"))


class TreeMaker(Expressions):
    """The callbacks of the whole grammar."""
