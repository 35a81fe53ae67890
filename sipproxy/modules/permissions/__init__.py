"""permissions: who may call, register, come in without a password (Kamailio modules/permissions).

It is said by files of rules, by the table of addresses and by the table of trusted peers.
"""

from sipproxy.modules.permissions.addresses import Addresses
from sipproxy.modules.permissions.routing import Routing
from sipproxy.modules.permissions.trusted import Trusted


class Permissions(Routing, Addresses, Trusted, name="permissions"):
    """The module: files, addresses and trusted peers over one set of parameters."""
