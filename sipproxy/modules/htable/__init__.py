"""htable: tables of named values shared by all routes (Kamailio modules/htable).

:class:`Table` holds the semantics, a :class:`Store` the cells. Databases, replication and stores
shared between workers come to stand on the same two.
"""

from sipproxy.modules.htable.functions import Functions
from sipproxy.modules.htable.people import People
from sipproxy.modules.htable.variables import Variables


class Htable(Variables, Functions, People, name="htable"):
    """The module: variables, functions and RPC commands over one set of tables."""
