"""Numbers of nonces, and which of them were used (Kamailio modules/auth/nid.c, nc.c, ot_nonce.c).

The memory is bounded: a nonce whose number is too old for it is refused. What is remembered is how
much is left of a nonce, so that zeroes, which cost nothing until they are written, mean that all is
used up: a nonce of an earlier run cannot be played again.
"""

from collections.abc import Callable

from sipproxy.errors import ModuleError

_STEP = 257
"""From one number to the next; Kamailio's, so that numbers of a pool fill the memory evenly."""
_MASK = 0xFFFFFFFF
_MOST_POOLS = 64
_SIZE = 1024 * 1024
"""Nonces remembered unless the cfg says otherwise."""


class Numbers:
    """The last number of each pool. One worker makes nonces, from the first pool."""

    __slots__ = ("last", "pool_bits")

    def __init__(self, pools: int, below: Callable[[int], int]) -> None:
        count = min(pools & _MASK or 1, _MOST_POOLS)
        self.pool_bits = count.bit_length() - 1
        self.last = [below(1 << 31) for _ in range(1 << self.pool_bits)]

    def next(self) -> int:
        """The number of a new nonce."""
        self.last[0] = number = (self.last[0] + _STEP) & _MASK
        return number


def memory_bits(name: str, order: int, size: int) -> int:
    """k of the 2^k nonces that `order` asks for, else the next lower power of two of `size`."""
    if order & _MASK:
        if order & _MASK > 31:
            raise ModuleError(f"{name}: 2^{order & _MASK} nonces are too many")
        return order
    return (size & _MASK or _SIZE).bit_length() - 1


class _Memory:
    """2^`bits` cells, parted among the pools."""

    __slots__ = ("_cell_mask", "_cells", "_numbers", "_part_bits", "_size", "_too_old")

    def __init__(self, numbers: Numbers, bits: int, name: str, per_byte: int) -> None:
        if len(numbers.last) >= (1 << bits) / (1 if per_byte == 1 else 32):
            raise ModuleError(f"nid_pool_no is too high for {name}")
        self._part_bits = bits - numbers.pool_bits
        part = 1 << self._part_bits
        if part >= _MASK // _STEP:
            raise ModuleError(f"{name} is too big: decrease it or raise nid_pool_no")
        self._cell_mask = part - 1
        self._too_old = _STEP * part
        self._numbers = numbers
        self._size = ((1 << bits) + per_byte - 1) // per_byte
        self._cells = bytearray()

    def _cell(self, number: int, pool: int) -> int:
        """Where the nonce's cell is; the memory is made when it is first asked for."""
        if not self._cells:
            self._cells = bytearray(self._size)
        return (number & self._cell_mask) + (pool << self._part_bits)

    def _is_lost(self, number: int, pool: int) -> bool:
        """Whether there is no such pool, or the number's cell may be another nonce's by now."""
        last = self._numbers.last
        return pool >= len(last) or (last[pool] - number) & _MASK >= self._too_old


class Counts(_Memory):
    """The highest nonce count seen of each nonce, up to 255."""

    __slots__ = ()

    def __init__(self, numbers: Numbers, bits: int) -> None:
        super().__init__(numbers, bits, "nc_array_size", 1)

    def begin(self, number: int) -> None:
        """A new nonce: no count was seen."""
        at = self._cell(number, 0)
        self._cells[at] = 255

    def take(self, number: int, pool: int, count: int) -> bool:
        """Note a count; False when it does not go beyond the last one, or cannot be known."""
        if count > 255 or self._is_lost(number, pool):
            return False
        at = self._cell(number, pool)
        left = 255 - count
        if left >= self._cells[at]:
            return False
        self._cells[at] = left
        return True


class OneTime(_Memory):
    """Whether each nonce was used: one bit."""

    __slots__ = ()

    def __init__(self, numbers: Numbers, bits: int) -> None:
        super().__init__(numbers, bits, "otn_in_flight_no", 8)

    def begin(self, number: int) -> None:
        """A new nonce: it was not used."""
        at = self._cell(number, 0)
        self._cells[at >> 3] |= 1 << (at & 7)

    def take(self, number: int, pool: int) -> bool:
        """Use a nonce; False when it was used before, or that cannot be known."""
        if self._is_lost(number, pool):
            return False
        at = self._cell(number, pool)
        byte, bit = at >> 3, 1 << (at & 7)
        if not self._cells[byte] & bit:
            return False
        self._cells[byte] &= ~bit
        return True
