"""The core's selects: `@from.uri.user`, also `$sel(from.uri.user)` (Kamailio select_core.c)."""

from sipproxy.core.access import PvAccess
from sipproxy.core.module import pvar
from sipproxy.modules.pv.selects.addresses import AddressSelects
from sipproxy.modules.pv.selects.headers import HeaderSelects
from sipproxy.modules.pv.selects.message import MessageSelects
from sipproxy.modules.pv.selects.surroundings import SurroundingSelects


class Selects(AddressSelects, HeaderSelects, MessageSelects, SurroundingSelects):
    """Values addressed by a path."""

    @pvar("sel", bind=True)
    def sel(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of a select; always text."""
        access: PvAccess = self.host.select(inner or "")
        return access
