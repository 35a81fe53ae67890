"""What generated code calls for core conditions (`uri==myself`, `src_ip==10.0.0.0/8`) and for
patterns that are known only at run time. Kamailio: core/route.c eval_elem."""

import operator
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sipproxy.core.context import Context
from sipproxy.core.regex import compile as compile_regex
from sipproxy.core.runtime import log_error
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.sip.uri import Uri
from sipproxy.text import lower


def matches(text: str, pattern: str) -> bool:
    """`text =~ pattern`, ignoring case; raises EvalError for a bad pattern."""
    return bool(compile_regex(pattern, ignore_case=True).search(text))


def same(a: str, b: str) -> bool:
    """Equality of core conditions: ASCII case does not count."""
    return lower(a) == lower(b)


def differs(a: str, b: str) -> bool:
    """The opposite of :func:`same`."""
    return lower(a) != lower(b)


def uri_text(c: Context) -> str:
    """`uri`: the R-URI, or in a reply the status."""
    return c.ruri if c.msg.is_request else str(c.msg.status)


def from_uri(c: Context) -> str:
    """`from_uri`."""
    return c.msg.from_uri


def to_uri(c: Context) -> str:
    """`to_uri`."""
    return c.msg.to_uri


def is_myself(c: Context, uri: str) -> bool:
    """Whether a URI's host and port are ours; no URI at all is not."""
    try:
        parsed = Uri.parse(uri)
    except MessageError:
        return False
    return c.host.own.is_myself(parsed.host, parsed.port or 0)


def is_own_address(c: Context, address: str) -> bool:
    """Whether an IP address is ours."""
    return c.host.own.is_myself(address)


def proto_number(c: Context) -> int:
    """The transport's number."""
    return PROTO_NUMBER.get(c.flow.proto, 0)


def family(c: Context) -> int:
    """`af`: 2 for IPv4, 10 for IPv6, as Linux numbers them."""
    return 10 if ":" in c.flow.remote[0] else 2


def message_length(c: Context) -> int:
    """`msg:len`, in bytes."""
    return len(c.msg.raw)


_NUMBER_TESTS: Mapping[str, Callable[[int, int], bool]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        ">": operator.gt,
        "<=": operator.le,
        ">=": operator.ge,
    }
)


def number_is(number: int, op: str, value: Value) -> bool:
    """`dst_port == $var(x)`: a text equals no port, length or transport, whatever its digits."""
    if isinstance(value, int):
        return _NUMBER_TESTS[op](number, value)
    return op == "!="


class Net:
    """An address or a network; `address in net` for the text of an IP address."""

    __slots__ = ("_mask", "_network", "_width", "text")

    def __init__(self, address: str, mask: str = "") -> None:
        """Raises ValueError when it is no address, net or mask."""
        self.text = f"{address}/{mask}" if mask else address
        number, self._width = _number(address)
        if mask.isdigit():
            if int(mask) > self._width:
                raise ValueError(f"a mask of {mask} bits is too long for {address}")
            self._mask = (1 << self._width) - (1 << (self._width - int(mask)))
        elif mask:
            self._mask, width = _number(mask)
            if width != self._width:
                raise ValueError(f"the mask {mask} does not fit {address}")
        else:
            self._mask = (1 << self._width) - 1
        self._network = number & self._mask

    def __contains__(self, address: object) -> bool:
        try:
            number, width = _number(str(address))
        except ValueError:
            return False
        return width == self._width and number & self._mask == self._network


def _number(address: str) -> tuple[int, int]:
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(kind, address.strip("[]"))
    except (OSError, ValueError):
        raise ValueError(f"{address} is no IP address") from None
    return int.from_bytes(packed), 8 * len(packed)


def in_net(c: Context, address: str, text: str) -> bool:
    """`src_ip == "10.0.0.0/8"` with a text of the run; a host name is an error until DNS exists."""
    host, _, mask = text.partition("/")
    try:
        return address in Net(host, mask)
    except ValueError as error:
        log_error(c, f"cannot compare {address} with {text!r}: {error}")
        return False
