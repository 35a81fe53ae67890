"""usrloc: the location service, who is reached where (Kamailio modules/usrloc).

:class:`Table` holds the records, a :class:`Store` keeps them, `order` knows which contact is meant
and where it stands. Other modules use what core.bindings.Locations names.
"""

from sipproxy.modules.usrloc.commands import Commands
from sipproxy.modules.usrloc.keepalive import Keepalives


class Usrloc(Commands, Keepalives, name="usrloc"):
    """The module: tables of contacts, their sweeps, keepalives and RPC commands."""
