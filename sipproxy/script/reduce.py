"""What the rules of the top level make: lists, parameters, addresses, flags.

The parser calls these as it reduces; see :mod:`sipproxy.script.transform`.
"""

from typing import Any

from sipproxy.errors import Span
from sipproxy.script.lexemes import module_name
from sipproxy.script.precedence import Group
from sipproxy.script.tokens import Token
from sipproxy.script.tree import (
    Address,
    Alias,
    Bareword,
    Block,
    CoreParam,
    CustomParam,
    Flags,
    Ip,
    Listen,
    LoadModule,
    LoadPath,
    ModParam,
    Pv,
    Statement,
    Str,
)

Children = list[Any]


def start_of(child: Any) -> Span:
    """The place of a token or node."""
    span: Span = child.span
    return span


def over(children: Children) -> Span:
    """The stretch from the first to the last of a rule's tokens and nodes."""
    first, last = children[0], children[-1]
    if first is last:
        return start_of(first)
    if first.__class__ is Token and last.__class__ is Token:
        both: Span = first.to(last)
        return both
    return start_of(first).to(start_of(last))


def block_of(span: Span, statements: list[Statement | Token]) -> Block:
    """A block without its stray semicolons."""
    return Block(span, tuple(s for s in statements if not isinstance(s, Token)))


def joined(tokens: list[Token]) -> str:
    """The text of tokens in a row."""
    return "".join(token.text for token in tokens)


def host_of(value: Any) -> Str | Ip | Bareword:
    """A host as the grammar delivers it: a string, an address, or the tokens of a name."""
    if isinstance(value, list):
        return Bareword(value[0].to(value[-1]), joined(value))
    assert isinstance(value, Str | Ip)
    return value


def string_of(token: Token) -> Str:
    """A string token as a node."""
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
        return inside if isinstance(inside, list) else Group(inside, over(children))

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

    @staticmethod
    def items_one(children: Children) -> Children:
        """The first item, unless it leaves nothing."""
        return [item for item in children if item is not None]

    nothing = staticmethod(Lists.none)

    @staticmethod
    def loadmodule(children: Children) -> LoadModule:
        """`loadmodule "x.so"`."""
        word, path = children
        name = module_name(path.text)
        return LoadModule(over(children), name, path.text, word.text == "loadmodulex")

    @staticmethod
    def loadpath(children: Children) -> LoadPath:
        """`mpath "x"`."""
        return LoadPath(over(children), children[-1].text)

    @staticmethod
    def cfgengine(children: Children) -> CoreParam:
        """`cfgengine "x"`."""
        return CoreParam(over(children), "cfgengine", (string_of(children[-1]),))

    @staticmethod
    def modparam(children: Children) -> ModParam:
        """`modparam("m", "p", value)`."""
        value = children[6]
        if isinstance(value, Pv):
            value = Str(value.span, value.text)
        return ModParam(
            over(children),
            string_of(children[2]),
            string_of(children[4]),
            value,
            children[0].text == "modparamx",
        )

    @staticmethod
    def core_param(children: Children) -> CoreParam:
        """`name = value`."""
        value = children[2]
        if isinstance(value, list):
            value = host_of(value)
        return CoreParam(children[0].span.to(value.span), children[0].text, (value,))

    @staticmethod
    def kemi_param(children: Children) -> CoreParam:
        """`kemi.x = "y"`."""
        return CoreParam(over(children), f"kemi.{children[2].text}", (children[4],))

    @staticmethod
    def bound(children: Children) -> tuple[list[Any], int, Any]:
        """Hosts with an optional port, and the last token or node of it."""
        hosts, last = children[0], children[-1]
        if len(children) == 1:
            return hosts, 0, host_of(hosts[-1])
        return hosts, last.number, last

    @staticmethod
    def address(children: Children) -> Address:
        """`[proto:]host[:port]`."""
        proto = children[0] if len(children) == 3 else None
        hosts, port, last = children[-1]
        first, *others = (host_of(host) for host in hosts)
        span = (proto or first).span.to(last.span)
        name = proto.text.lower() if proto is not None and proto.type == "PROTO" else ""
        return Address(span, name, first.text, port, others=tuple(h.text for h in others))

    socket = address

    @staticmethod
    def advertise(children: Children) -> tuple[str, int]:
        """What `advertise` says; port 0 when it says none."""
        return host_of(children[1]).text, children[3].number if len(children) > 2 else 0

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
        return children[0].text, children[2].number if len(children) > 1 else -1, over(children)

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
        """The whole `flags a, b`."""
        word, names = children
        return Flags(word.span.to(names[-1][2]), word.text, tuple(names))

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
