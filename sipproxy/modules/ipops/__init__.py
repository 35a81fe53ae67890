"""ipops: questions about IP addresses in texts, and about names (Kamailio modules/ipops)."""

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.modules.ipops import subnets
from sipproxy.modules.ipops.addresses import (
    IPV4,
    IPV6,
    REFERENCE,
    is_private,
    kind,
    packed,
    range_v4,
    range_v6,
)
from sipproxy.modules.ipops.lookups import Lookups


class Ipops(Lookups, name="ipops"):
    """What a text is as an IP address, and which subnets it lies in."""

    @function()
    def is_ip(self, ctx: Context, text: str) -> bool:
        """Whether a text is an IPv4 or IPv6 address, in brackets or not."""
        return kind(text) != 0

    @function()
    def is_pure_ip(self, ctx: Context, text: str) -> bool:
        """Whether a text is an IPv4 or IPv6 address without brackets."""
        return kind(text) in (IPV4, IPV6)

    @function()
    def is_ipv4(self, ctx: Context, text: str) -> bool:
        """Whether a text is an IPv4 address."""
        return kind(text) == IPV4

    @function()
    def is_ipv6(self, ctx: Context, text: str) -> bool:
        """Whether a text is an IPv6 address without brackets."""
        return kind(text) == IPV6

    @function()
    def is_ipv6_reference(self, ctx: Context, text: str) -> bool:
        """Whether a text is an IPv6 address in brackets."""
        return kind(text) == REFERENCE

    @function()
    def ip_type(self, ctx: Context, text: str) -> int:
        """1 for IPv4, 2 for IPv6, 3 for IPv6 in brackets, -1 for no address."""
        return kind(text) or -1

    @function()
    def detailed_ipv4_type(self, ctx: Context, text: str, target: PvAccess) -> bool:
        """Write the range of an IPv4 address to a variable: PUBLIC, PRIVATE, LOOPBACK..."""
        return self._tell(ctx, range_v4(text), target)

    @function()
    def detailed_ipv6_type(self, ctx: Context, text: str, target: PvAccess) -> bool:
        """Write the range of an IPv6 address to a variable: GLOBAL-UNICAST, LOOPBACK..."""
        bare = text[1:-1] if text.startswith("[") else text
        return self._tell(ctx, range_v6(bare), target)

    @function()
    def detailed_ip_type(self, ctx: Context, text: str, target: PvAccess) -> bool:
        """Write the range of an address to a variable."""
        found = kind(text)
        if found == IPV4:
            return self.detailed_ipv4_type(ctx, text, target)
        return found != 0 and self.detailed_ipv6_type(ctx, text, target)

    def _tell(self, ctx: Context, found: str | None, target: PvAccess) -> bool:
        if found is None:
            report(self.host.log, ERROR, "ipops", "bad ip parameter")
            return False
        target.write(ctx, found)
        return True

    @function()
    def compare_ips(self, ctx: Context, one: str, other: str) -> bool:
        """Whether two texts are one address; brackets do not matter."""
        return _same(_bare(one), _bare(other))

    @function()
    def compare_pure_ips(self, ctx: Context, one: str, other: str) -> bool:
        """Whether two texts are one address, written without brackets."""
        return REFERENCE not in (kind(one), kind(other)) and _same(one, other)

    @function()
    def is_ip_rfc1918(self, ctx: Context, text: str) -> bool:
        """Whether a text is a private IPv4 address (RFC 1918)."""
        return is_private(text)

    @function()
    def is_in_subnet(self, ctx: Context, text: str, nets: str) -> int:
        """1 when an address lies in one of the subnets `10.0.0.0/8,192.0.2.1`, -1 when not.

        An address that only begins like one with `::` gives 0, which ends the script.
        """
        of = kind(text)
        if of not in (IPV4, IPV6):
            return -1
        address = packed(text)
        if address is None:
            return 0
        return 1 if subnets.contains(subnets.parse(nets), of, address) else -1


def _bare(text: str) -> str:
    return text[1:-1] if kind(text) == REFERENCE else text


def _same(one: str, other: str) -> bool:
    """Whether two texts are addresses of one kind and value."""
    of = kind(one)
    return of != 0 and of == kind(other) and packed(one) == packed(other) is not None
