"""The proxy's sockets in a replay: the capture's addresses, with what the cfg says of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sipproxy.core.flow import Address
from sipproxy.core.sockets import ListenSocket


def sockets_for(
    me: Sequence[Address],
    listen: Sequence[ListenSocket],
    protos: Callable[[Address], set[str]] = lambda address: set(),
) -> list[ListenSocket]:
    """The sockets of the replay: our addresses in the capture, then those of the cfg.

    `protos` tells by which transports requests came to an address; UDP is always there. A line of
    the cfg keeps its name and advertised address at another place when it can only be meant: it is
    the only one of its transport, or the only one with that port.
    """
    known = {(socket.proto, *socket.local): socket for socket in listen}
    ours: list[ListenSocket] = []
    for address in me:
        for proto in ("udp", *sorted(protos(address) - {"udp"})):
            found = known.get((proto, *address))
            ours.append(found or _stand_in(proto, address, len(me), listen))
    taken = {(socket.proto, *socket.local) for socket in ours}
    rest = [socket for socket in listen if (socket.proto, *socket.local) not in taken]
    return [*ours, *rest]


def _stand_in(
    proto: str, address: Address, count: int, listen: Sequence[ListenSocket]
) -> ListenSocket:
    host, port = address
    same = [socket for socket in listen if socket.proto == proto]
    if not (len(same) == 1 and count == 1):
        same = [socket for socket in same if socket.port == port]
    like = same[0] if len(same) == 1 else ListenSocket(proto, "", 0)
    return replace(like, proto=proto, address=host, port=port)
