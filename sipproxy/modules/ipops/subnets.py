"""Lists of subnets, as is_in_subnet takes them (Kamailio ipops, ip_is_in_subnet)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sipproxy.modules.ipops.addresses import IPV4, IPV6, kind, packed

_LEADING_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_BITS = {IPV4: 32, IPV6: 128}


@dataclass(frozen=True, slots=True)
class Subnet:
    """Addresses of one kind whose bits under `mask` are those of `network`.

    `exact` was written without a mask.
    """

    kind: int
    network: int
    mask: int
    exact: bool


@lru_cache(maxsize=1024)
def parse(texts: str) -> tuple[Subnet, ...]:
    """The subnets of a list `10.0.0.0/8, 192.0.2.1`; what is none matches nothing, silently."""
    return tuple(found for text in texts.split(",") if (found := _subnet(text.strip(" "))))


def _subnet(text: str) -> Subnet | None:
    address, slash, mask_text = text.rpartition("/")
    if not slash or not address:
        address, mask_text = text, "-1"
    of = kind(address)
    network = packed(address)
    number = _LEADING_NUMBER.match(mask_text)
    # Kamailio reads the mask with atoi: no digits are 0, and -1 is the same as no mask.
    length = int(number[1]) if number else 0
    if network is None or of not in _BITS:
        return None
    bits = _BITS[of]
    if length == -1:
        return Subnet(of, network, (1 << bits) - 1, True)
    if not 0 <= length <= bits:
        return None
    mask = (1 << bits) - (1 << bits - length)
    return Subnet(of, network & mask, mask, False)


def contains(subnets: tuple[Subnet, ...], of: int, address: int) -> bool:
    """Whether an address lies in one of them.

    As in Kamailio, an IPv6 address stays cut to the mask of each subnet it was compared with: in
    `fd00::/8,2001:db8::/32` 2001:db8::1 is not found, for it has become 2000::.
    """
    for subnet in subnets:
        if subnet.kind != of:
            continue
        if address & subnet.mask == subnet.network:
            return True
        if of == IPV6 and not subnet.exact:
            address &= subnet.mask
    return False
