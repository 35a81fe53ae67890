"""Selects of URIs and of headers that hold addresses."""

from collections.abc import Callable

from sipproxy.core.context import Context
from sipproxy.core.forward import next_hop, numeric, send_socket, transport_of
from sipproxy.core.module import Module, select_root
from sipproxy.core.select_parts import uri_of
from sipproxy.core.selects import Maker, Path, Read, plain
from sipproxy.errors import MessageError
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri

Find = Callable[[Context], NameAddr | None]


def first_contact(msg: Message) -> NameAddr | None:
    """The contact that Kamailio has first: the last one of the first Contact header."""
    value = msg.header("Contact")
    if not value or value.strip(" \t\r\n") == "*":
        return None
    return NameAddr.parse_list(value)[-1]


def _part(find: Find, part: Callable[[NameAddr], str | None]) -> Maker:
    """A part of an address, None where there is no address."""
    return plain(lambda ctx: part(found) if (found := find(ctx)) else None)


def _uri(find: Find) -> Maker:
    def text(ctx: Context) -> str | None:
        found = find(ctx)
        return found.uri if found else None

    return lambda path: uri_of(path, text)


def _param(find: Find) -> Maker:
    def make(path: Path) -> Read:
        name = path.name("the name of a parameter").lower()
        return _part(find, lambda found: found.param(name) or None)(path)

    return make


def _named(find: Find, *names: str) -> dict[str, Maker]:
    """`uri`, `params.x`, and parameters that have a name of their own."""

    def one(name: str) -> Maker:
        return _part(find, lambda found: found.param(name) or None)

    return {"uri": _uri(find), "params": _param(find), **{name: one(name) for name in names}}


def _address(header: str, find: Find) -> Maker:
    """A header with one address."""
    parts = _named(find, "tag") | {"name": _part(find, lambda found: found.display or None)}

    def make(path: Path) -> Read:
        return path.choose(parts) if path else lambda ctx: ctx.msg.header(header)

    return make


def _single(header: str) -> Maker:
    def find(ctx: Context) -> NameAddr | None:
        value = ctx.msg.header(header)
        return NameAddr.parse(value) if value else None

    return _address(header, find)


def _record_route(ctx: Context) -> NameAddr | None:
    value = ctx.msg.header("Record-Route")
    return NameAddr.parse_list(value)[0] if value else None


def _display_with_blank(ctx: Context) -> str | None:
    """A display name and the blanks behind it, as Kamailio takes it from Record-Route."""
    found = _record_route(ctx)
    if found is None or found.bare:
        return None
    return (ctx.msg.header("Record-Route") or "").lstrip(" \t\r\n").partition("<")[0]


def _first_contact(ctx: Context) -> NameAddr | None:
    return first_contact(ctx.msg)


class AddressSelects(Module):
    """`@ruri`, `@from`, `@to`, `@contact` and their like."""

    @select_root("request_uri")
    @select_root("ruri")
    def select_ruri(self, path: Path) -> Read:
        """The R-URI of a request as the script has it, and its parts."""

        def valid(ctx: Context) -> str | None:
            if not ctx.msg.is_request:
                return None
            Uri.parse(ctx.ruri)
            return ctx.ruri

        return uri_of(path, valid)

    @select_root("dst_uri")
    def select_dst_uri(self, path: Path) -> Read:
        """`$du` of a request, and its parts."""
        return uri_of(path, lambda ctx: ctx.dst_uri or None if ctx.msg.is_request else None)

    @select_root("next_hop")
    def select_next_hop(self, path: Path) -> Read:
        """`$du` of a request, else its R-URI, and parts; `src_ip`: the address it leaves from."""
        if str(path.peek() or "").lower() == "src_ip":
            path.name()
            return plain(_leaves_from)(path)
        return uri_of(path, lambda ctx: ctx.dst_uri or ctx.ruri if ctx.msg.is_request else None)

    @select_root("f")
    @select_root("from")
    def select_from(self, path: Path) -> Read:
        """From, and `uri tag name params.x` of it."""
        return _address("From", lambda ctx: ctx.msg.from_)(path)

    @select_root("t")
    @select_root("to")
    def select_to(self, path: Path) -> Read:
        """To, and `uri tag name params.x` of it."""
        return _address("To", lambda ctx: ctx.msg.to)(path)

    @select_root("refer_to")
    def select_refer_to(self, path: Path) -> Read:
        """Refer-To, and `uri tag name params.x` of it."""
        return _single("Refer-To")(path)

    @select_root("rpid")
    @select_root("remote_party_id")
    def select_rpid(self, path: Path) -> Read:
        """Remote-Party-ID, and `uri tag name params.x` of it."""
        return _single("Remote-Party-ID")(path)

    @select_root("m")
    @select_root("contact")
    def select_contact(self, path: Path) -> Read:
        """The first Contact header; of its last contact `uri name params.x` and parameters."""
        if not path:
            return lambda ctx: ctx.msg.header("Contact")
        parts = _named(_first_contact, "q", "expires", "methods", "received")
        # A contact without a display name has an empty one, other addresses have none.
        return path.choose(
            parts
            | {
                "instance": _part(_first_contact, lambda one: one.param("+sip.instance")),
                "name": _part(_first_contact, lambda one: one.display),
            }
        )

    @select_root("rr")
    @select_root("record_route")
    def select_record_route(self, path: Path) -> Read:
        """The first Record-Route header, and `uri name params.x` of its first entry."""
        if not path:
            return lambda ctx: ctx.msg.header("Record-Route")
        return path.choose(_named(_record_route) | {"name": plain(_display_with_blank)})


def _leaves_from(ctx: Context) -> str | None:
    """Address of the socket that a request to a numeric next hop leaves by."""
    if not ctx.msg.is_request:
        return None
    if ctx.force_socket is not None:
        return ctx.force_socket[1]
    hop = next_hop(ctx)
    address = numeric(hop.param("maddr") or hop.host)
    if address is None:
        raise MessageError("a name is not looked up here")
    socket = send_socket(ctx, address, transport_of(hop))
    return socket.address if socket else None
