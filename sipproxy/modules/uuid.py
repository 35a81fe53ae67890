"""uuid: identifiers that are unique in the world (Kamailio modules/uuid, RFC 9562)."""

from uuid import UUID

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar

_TICKS_TO_1970 = 0x01B2_1DD2_1381_4000
"""100 ns between 1582-10-15, where version 1 begins to count, and 1970."""


class Uuid(Module, name="uuid"):
    """`$uuid(g)` and its kinds."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._last_ticks = 0
        self._clock_sequence = self.host.chance.below(1 << 14)
        # The random node of RFC 9562 section 6.10: a network card's address would tell who we are.
        self._node = int.from_bytes(self.host.chance.bytes(6)) | 1 << 40

    @pvar("uuid", bind=True)
    def uuid(self, inner: str | None, index: str | None) -> PvAccess:
        """A new UUID at each reading: `g` and `r` by chance, `t` and `s` by time.

        The first letter counts, in any case; any other is as `g`.
        """
        if not inner or index is not None:
            raise ValueError("needs a letter, and takes no index")
        by_time = inner[0] in "tTsS"
        return PvAccess(self._by_time if by_time else self._by_chance, type="str")

    def _by_chance(self, ctx: Context) -> str:
        return str(UUID(bytes=self.host.chance.bytes(16), version=4))

    def _by_time(self, ctx: Context) -> str:
        ticks = int(self.host.clock.now() * 10_000_000) + _TICKS_TO_1970
        # Two at one instant, or after the clock was put back, still differ.
        self._last_ticks = ticks = max(ticks, self._last_ticks + 1)
        fields = (ticks & 0xFFFF_FFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF)
        high, low = divmod(self._clock_sequence, 256)
        return str(UUID(fields=(*fields, high, low, self._node), version=1))
