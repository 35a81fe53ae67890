"""Our sockets shown: `$lsock`, `{sock.host}`, corex.list_sockets (corex_var.c, corex_rpc.c)."""

import re

from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar, rpc, transformation
from sipproxy.core.sockets import ListenSocket
from sipproxy.core.values import Value, to_str
from sipproxy.text import lower

_EXPRESSION = re.compile(r"(?P<by>[nlia])/(?P<value>[^/]*)/(?P<field>[nlia][^/]+)\Z", re.DOTALL)
_PROTOCOLS = ("udp", "tcp")
"""Those that 5.6 knows unless a module brings another."""
_PORT = re.compile(r"\+?[0-9]*\Z")


class SocketViews(Module):
    """What there is to know of our sockets."""

    @pvar("lsock")
    def lsock(self, ctx: Context, inner: str) -> Value:
        """`$lsock(by/value/field)`: of the socket whose `n`ame, `l`isten or `a`dvertise text is
        the value, one of these or the `i`ndex. A field has two letters at least: `listen`.
        """
        found = _EXPRESSION.match(inner)
        if found is None:
            return None
        sockets: list[ListenSocket] = self.host.own.sockets
        wanted, by = lower(found["value"]), found["by"]
        # By index Kamailio 5.6 finds the first one, whatever the value.
        matching = (
            number
            for number, socket in enumerate(sockets)
            if by == "i" or (wanted and lower(_shown(socket, by)) == wanted)
        )
        number = next(matching, None)
        if number is None:
            return None
        field = found["field"][0]
        # In 5.6 every socket has the index 0.
        return 0 if field == "i" else _shown(sockets[number], field)

    @transformation("sock.host")
    def sock_host(self, value: Value) -> Value:
        """The host of `proto:host:port`."""
        return _part(value, "host")

    @transformation("sock.port")
    def sock_port(self, value: Value) -> Value:
        """The port of `proto:host:port`."""
        return _part(value, "port")

    @transformation("sock.proto")
    def sock_proto(self, value: Value) -> Value:
        """The transport of `proto:host:port`."""
        return _part(value, "proto")

    @transformation("sock.touri")
    def sock_touri(self, value: Value) -> Value:
        """A SIP URI of `proto:host:port`."""
        found = _place(value)
        if found is None:
            return None
        port = f":{found['port']}" if found["port"] else ""
        transport = f";transport={found['proto']}" if found["proto"] else ""
        return f"sip:{found['host']}{port}{transport}"

    @rpc("corex.list_sockets", array=True)
    def list_sockets(self) -> list[dict[str, object]]:
        """Our sockets, one record each."""
        return [
            {
                "PROTO": socket.proto,
                "NAME": socket.address,
                "ADDRLIST": {"ADDR": socket.address},
                "PORT": str(socket.port),
                "MCAST": "no",
                "MHOMED": "no",
                "VIRTUAL": "no",
                "SOCKNAME": socket.name or "-",
                "ADVERTISE": socket.advertise[0] if socket.advertise else "-",
            }
            for socket in self.host.own.sockets
        ]

    @rpc("corex.debug")
    def debug(self, level: int | None = None) -> dict[str, int]:
        """Tell the level of the log, or set another one."""
        before = self.host.log.threshold
        if level is None:
            return {"debug": before}
        self.host.log.threshold = level
        return {"old": before, "new": level}


def _shown(socket: ListenSocket, field: str) -> str:
    """Name, `udp:host:port`, or the same as advertised; empty where there is none."""
    if field == "n":
        return socket.name
    if field == "l":
        return _written(socket.proto, socket.address, socket.port)
    if socket.advertise is None:
        return ""
    host, port = socket.advertise
    return _written(socket.proto, host, port or socket.port)


def _written(proto: str, host: str, port: int) -> str:
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{proto}:{bracketed}:{port}"


def _place(value: Value) -> dict[str, str] | None:
    """`proto:host:port` taken apart, None for what is none (core/socket_info.c)."""
    text = to_str(value)
    if not text or text.endswith(":"):
        return None
    match _split(text):
        case [host]:
            return {"proto": "", "host": host, "port": ""}
        case [first, second] if _is_port(second):
            return {"proto": "", "host": first, "port": second}
        case [proto, host] if lower(proto) in _PROTOCOLS:
            return {"proto": proto, "host": host, "port": ""}
        case [proto, host, port] if lower(proto) in _PROTOCOLS and _is_port(port):
            return {"proto": proto, "host": host, "port": port}
    return None


def _split(text: str) -> list[str]:
    """The text between its colons, those in brackets aside; nothing for unpaired brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if not 0 <= depth <= 1:
            return []
        if char == ":" and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _is_port(text: str) -> bool:
    return _PORT.match(text) is not None and int(text or 0) < 1 << 32


def _part(value: Value, name: str) -> Value:
    found = _place(value)
    return None if found is None else found[name]
