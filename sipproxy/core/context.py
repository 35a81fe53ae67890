"""One run of routes over one message: the only argument a route gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from sipproxy.core.flow import Flow
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.sip.uri import Uri

if TYPE_CHECKING:
    from sipproxy.core.host import Host

EXIT = 1
"""End flag: the script is over for this message (`exit`, a function that returned 0)."""
DROP = 2
"""End flag: `drop`; always together with EXIT."""

VIA_SERVER, VIA_PARAMS, VIA_FIELDS = 1, 2, 4
"""Bits of `via_extras`: srvid, parameters of an XAVP, address and port of an XAVP."""

XavpValue: TypeAlias = int | str | list[tuple[str, int | str | None]]
"""A value of `$xavp(root)`: plain, or children (name, value), newest first."""
XavuValue: TypeAlias = int | str | dict[str, int | str]
"""A value of `$xavu(root)`: plain, or children by name, each name once."""


class Consumed(str):
    """A URI that a relay has used; whatever sets a URI anew puts a plain text in its place."""

    __slots__ = ()


class Branch:
    """A further destination made by append_branch: its own R-URI, next hop and flags."""

    __slots__ = (
        *("bflags", "dst_uri", "force_socket", "path", "q", "uri"),
        *("instance", "location_ua", "reg_id", "ruid"),
    )

    def __init__(self, uri: str, dst_uri: str = "", q: int = -1, bflags: int = 0) -> None:
        self.uri = uri
        self.dst_uri = dst_uri
        self.q = q
        self.bflags = bflags
        self.path = ""
        self.force_socket: tuple[str, str, int] | None = None
        self.ruid = ""
        """The location record that it goes to, with its instance, reg-id and User-Agent."""
        self.instance = ""
        self.reg_id = 0
        self.location_ua = ""


class Context:
    """The message in hand and what the script did to it.

    Defaults live on the class, so that making a Context writes five attributes only; whatever
    a route changes becomes the instance's own.
    """

    rc: int = 0
    """`$rc`: the code of the last function or route."""
    end: int = 0
    """0, EXIT or EXIT | DROP; set by the call that ends the script."""
    depth: int = 0
    """Nesting of routes and blocks at the entry of the running route (max_recursive_level)."""
    new_ruri: str | None = None
    """The R-URI as the script changed it, None while it is the received one."""
    dst_uri: str = ""
    """`$du`: the next hop's URI, empty for none."""
    path: str = ""
    """Path vector of the request's destination: values of the Route rows it leaves with."""
    ruid: str = ""
    instance: str = ""
    reg_id: int = 0
    location_ua: str = ""
    """The location record that the request goes to: identifier, instance, reg-id, User-Agent."""
    ruri_q: int = -1
    """Quality of the request URI among the branches, in thousandths; -1 for none."""
    flags: int = 0
    bflags: int = 0
    """Message flags (setflag) and those of branch 0 (setbflag), 32 bits each."""
    force_socket: tuple[str, str, int] | None = None
    """(proto, address, port) chosen by force_send_socket or `$fs`."""
    force_rport: bool = False
    """force_rport()/add_rport() was called: reply to the port the request came from."""
    add_local_rport: bool = False
    """add_local_rport() was called: our Via asks for rport."""
    forward_hints: int = 0
    reply_hints: int = 0
    """core.flow.NO_CONNECT and CLOSE for what is sent on, and for replies."""
    mtu_proto: str = ""
    """udp_mtu_try_proto() was called: the transport for what is too big for UDP."""
    via_extras: int = 0
    """What corex was told to put into our Via: VIA_SERVER | VIA_PARAMS | VIA_FIELDS."""
    advertised: tuple[str, int] | None = None
    """set_advertised_address/port for this message; empty host or port 0 leave the default."""
    left_at: str = ""
    """`file:line` of the exit, drop or return that ended the script; empty when it ran out."""
    record_routed: bool = False
    """A Record-Route was added: what depends on the way out is not known before it is sent."""
    answered: bool = False
    """A reply to the request was sent: a fault later in the script sends no other."""
    transaction: Any = None
    """The transaction of tm that the message belongs to or made."""
    branch_index: int = -1
    """Which of its branches the route is about; -1 for none."""
    record: object = None
    """What the running event is about (for `$shtrecord` and its like)."""

    def __init__(self, msg: Message, flow: Flow, now: float, host: Host, kind: str) -> None:
        self.msg = msg
        self.flow = flow
        self.now = now
        self.host = host
        self.kind = kind
        """`request`, `reply`, `onreply`, `failure`, `branch`, `onsend`, `event`."""

    def __getattr__(self, name: str) -> object:
        """Scratch made on first touch: most messages never edit, branch or keep AVPs."""
        if name == "lumps":
            value: object = Lumps(self.msg)
        elif name in _LAZY:
            value = _LAZY[name]()
        else:
            raise AttributeError(name)
        setattr(self, name, value)
        return value

    def touched(self, name: str) -> bool:
        """Whether the scratch of this name (`lumps`, `branches`...) was made at all."""
        return name in self.__dict__

    if TYPE_CHECKING:
        lumps: Lumps
        branches: list[Branch]
        avps: dict[object, list[int | str]]
        """Values of each AVP, newest first, as indexes count; names are text or a number."""
        xavps: dict[str, list[XavpValue]]
        xavis: dict[str, list[XavpValue]]
        xavus: dict[str, XavuValue]
        scratch: dict[str, object]
        at_end: list[Callable[[Context], None]]
        """What to call when the run is over, whichever way it ended."""

    def finish(self) -> None:
        """The run is over: do what was left for its end, once."""
        if "at_end" in self.__dict__:
            work, self.at_end = self.at_end, []
            for done in work:
                done(self)

    def consume(self, ruri: str | None, dst_uri: str) -> None:
        """Take over URIs that a relay has used up: none is used again before a new one is set."""
        self.new_ruri = Consumed(self.msg.ruri if ruri is None else ruri)
        self.dst_uri = Consumed(dst_uri)

    @property
    def consumed(self) -> bool:
        """Whether neither the request URI nor `$du` was set since :meth:`consume`."""
        return self.new_ruri.__class__ is Consumed and self.dst_uri.__class__ is Consumed

    @property
    def ruri(self) -> str:
        """The request URI as the script sees it: changed or received (empty in a reply)."""
        return self.msg.ruri if self.new_ruri is None else self.new_ruri

    @property
    def ruri_parsed(self) -> Uri:
        """`ruri` parsed; raises MessageError when it is no URI."""
        return self.msg.ruri_parsed if self.new_ruri is None else Uri.parse(self.new_ruri)


_LAZY: dict[str, Callable[[], object]] = {
    "branches": list,
    "avps": dict,
    "xavps": dict,
    "xavis": dict,
    "xavus": dict,
    "scratch": dict,
    "at_end": list,
}
