"""cfgutils: chance, pauses, flags of the server, locks, routes by name (Kamailio modules/cfgutils).

Pauses and locks hold up the message that asks for them, and no other.
"""

import hashlib
import os
from typing import Any, Self

from sipproxy.core.context import EXIT, Context
from sipproxy.core.hashing import core_hash
from sipproxy.core.log import CRIT, DEBUG, ERROR, WARN, report
from sipproxy.core.machine import process_memory
from sipproxy.core.module import Module, function, modparam, pvar, rpc
from sipproxy.core.params import Parsed
from sipproxy.core.runtime import MAX_DEPTH, too_deep
from sipproxy.core.waiting import Wait
from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.cfgutils.locks import Slot
from sipproxy.text import lower

_UNSIGNED = 0xFFFF_FFFF
_MOST_LOCKS = 14


class Percent(Parsed):
    """A constant from 0 to 100."""

    most = 100

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        if not (text.isascii() and text.isdigit() and int(text) <= cls.most):
            raise ValueError(f'"{text}" is no number from 0 to {cls.most}')
        return cls(int(text))


class FlagBit(Percent):
    """A constant from 0 to 31."""

    most = 31


class Cfgutils(Module, name="cfgutils"):
    """Small helpers of a cfg, and what they share among all messages."""

    initial_probability = modparam(10, "Per cent with which rand_event() is true.", at_least=0)
    initial_gflags = modparam(0, "Flags of the server at the start, a number of 32 bits.")
    hash_file = modparam("", "File that the commands about a hash look at.")
    lock_set_size = modparam(0, "2^n locks, up to 2^14; 0: there are none.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self.probability = 0
        self.flags = 0
        self._locks: list[Slot] = []
        self._hash = ""
        self._may_abort = False

    def start(self) -> None:
        if self.initial_probability > 100:
            raise ModuleError(
                f"initial_probability is a percentage, not {self.initial_probability}"
            )
        self.probability = self.initial_probability
        self.flags = self.initial_gflags & _UNSIGNED
        if self.lock_set_size:
            size = self.lock_set_size
            if not 0 < size <= _MOST_LOCKS:
                report(
                    self.host.log, WARN, "cfgutils", f"lock set size {size} is made {_MOST_LOCKS}"
                )
                size = _MOST_LOCKS
            self._locks = [Slot() for _ in range(1 << size)]

    def open(self) -> None:
        self._may_abort = True
        if self.hash_file:
            try:
                self._hash = _digest(self.hash_file)
            except OSError as error:
                raise ModuleError(f"the hash_file cannot be read: {error}") from None

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "cfgutils", text)

    # -- chance

    @function()
    def rand_set_prob(self, ctx: Context, percent: Percent) -> None:
        """Set how often rand_event() is true."""
        self.probability = percent.number

    @function()
    def rand_reset_prob(self, ctx: Context) -> None:
        """Set it back to initial_probability."""
        self.probability = self.initial_probability

    @function()
    def rand_get_prob(self, ctx: Context) -> int:
        """The percentage; 0 ends the script."""
        return self.probability

    @function()
    def rand_event(self, ctx: Context) -> bool:
        """True in so many per cent of all calls."""
        chance: int = self.host.chance.below(100)
        return chance < self.probability

    @pvar("RANDOM")
    def random(self, ctx: Context) -> int:
        """A random number of 31 bits."""
        number: int = self.host.chance.below(1 << 31)
        return number

    # -- pauses

    @function()
    async def sleep(self, ctx: Context, seconds: int | None) -> bool:
        """Go on after so many seconds; false where a variable holds no number."""
        return await self._pause(seconds, 1)

    @function()
    async def usleep(self, ctx: Context, microseconds: int | None) -> bool:
        """Go on after so many millionths of a second."""
        return await self._pause(microseconds, 1_000_000)

    async def _pause(self, number: int | None, per_second: int) -> bool:
        if number is None:
            self._complain("cannot get time interval value")
            return False
        if number:
            await self.host.sleep((number & _UNSIGNED) / per_second)
        return True

    # -- flags of the server

    @function()
    def set_gflag(self, ctx: Context, flag: FlagBit) -> None:
        """Set a flag that all messages see."""
        self.flags |= 1 << flag.number

    @function()
    def reset_gflag(self, ctx: Context, flag: FlagBit) -> None:
        """Clear a flag that all messages see."""
        self.flags &= ~(1 << flag.number)

    @function()
    def is_gflag(self, ctx: Context, flag: FlagBit) -> bool:
        """Whether a flag that all messages see is set."""
        return bool(self.flags >> flag.number & 1)

    # -- locks

    @function()
    async def lock(self, ctx: Context, key: str) -> bool:
        """Hold the lock of a key until unlock() or the message's end; waits for other messages."""
        slot = self._slot(key, "lock")
        if slot is None:
            return False
        if slot.holder is ctx:
            self._complain(f"the message holds the lock of {key} already")
            return False
        await slot.take(ctx)
        self._at_end(ctx)
        return True

    @function()
    def trylock(self, ctx: Context, key: str) -> bool:
        """Take the lock of a key if it is free."""
        slot = self._slot(key, "trylock")
        if slot is None or not slot.try_take(ctx):
            return False
        self._at_end(ctx)
        return True

    @function()
    def unlock(self, ctx: Context, key: str) -> bool:
        """Free the lock of a key, whoever holds it."""
        slot = self._slot(key, "unlock")
        if slot is not None:
            slot.release(self._later)
        return slot is not None

    def _slot(self, key: str, wanted: str) -> Slot | None:
        if not self._locks:
            self._complain(f"no locks to {wanted} {key}: see the parameter lock_set_size")
            return None
        return self._locks[core_hash(lower(key)) & len(self._locks) - 1]

    def _later(self, wait: Wait) -> None:
        self.host.timers.after(self.host.now(), 0.0, wait.finish)

    def _at_end(self, ctx: Context) -> None:
        if self._free_all not in ctx.at_end:
            ctx.at_end.append(self._free_all)

    def _free_all(self, ctx: Context) -> None:
        for number, slot in enumerate(self._locks):
            if slot.holder is ctx:
                self._complain(f"lock {number} was still held at the end of the message: freed")
                slot.release(self._later)

    # -- routes

    @function()
    def check_route_exists(self, ctx: Context, route: str) -> bool:
        """Whether there is a block `route[NAME]`; 0 is request_route."""
        return self.host.block(_key(route)) is not None

    @function()
    async def route_if_exists(self, ctx: Context, route: str) -> int:
        """Run a block `route[NAME]`, if there is one, and give its code; -1 without."""
        block = self.host.block(_key(route))
        if block is None:
            return -1
        if ctx.depth >= MAX_DEPTH:
            return too_deep(ctx)
        depth = ctx.depth
        # The block and this function each take a frame of Python's own stack.
        ctx.depth, ctx.end = depth + 2, 0
        code: int = await block.call(ctx) if block.suspends else block.call(ctx)
        ctx.depth = depth
        return 0 if ctx.end & EXIT else code

    # -- the rest

    @function()
    def core_hash(self, ctx: Context, text: str, more: str, size: int) -> int:
        """The slot from 1 to 2^size of one or two texts, as Kamailio's core hashes them."""
        slots = 1 << (size & 31) if size > 0 else 2
        return (core_hash(text, more) if more else core_hash(text)) % slots + 1

    @function()
    def abort(self, ctx: Context) -> int:
        """End the server at once, as a crash would; a replay and a test end the script."""
        report(self.host.log, CRIT, "cfgutils", "abort called")
        if self._may_abort:
            os.abort()
        return 0

    @function(name="pkg_status")
    @function(name="pkg_summary")
    @function(name="shm_status")
    @function(name="shm_summary")
    def memory_status(self, ctx: Context) -> None:
        """Write the memory that the process uses to the log, at level DEBUG."""
        sizes = ", ".join(f"{name}={size}" for name, size in process_memory().items())
        report(self.host.log, DEBUG, "cfgutils", f"memory of the process: {sizes}")

    # -- commands

    @rpc("cfgutils.set_gflag", missing="Invalid Parameters")
    def set_flags(self, bits: int) -> None:
        """Sets the bits specified by the argument."""
        self.flags |= bits & _UNSIGNED

    @rpc("cfgutils.reset_gflag", missing="Invalid Parameters")
    def reset_flags(self, bits: int) -> None:
        """Resets the bits specified by the argument."""
        self.flags &= ~bits

    @rpc("cfgutils.is_gflag", missing="Invalid Parameters")
    def are_flags(self, bits: int) -> str:
        """Checks if the bits specified by the argument are all set."""
        wanted = bits & _UNSIGNED
        return "TRUE" if self.flags & wanted == wanted else "FALSE"

    @rpc("cfgutils.get_gflags")
    def show_flags(self) -> str:
        """Return the value for global flags."""
        return f"0x{self.flags:X} ({self.flags})"

    @rpc("cfgutils.rand_set_prob", missing="Invalid Parameters")
    def set_probability(self, percent: int) -> None:
        """Set the random probability."""
        if not 0 <= percent <= 100:
            self._complain(f"incorrect probability <{percent & _UNSIGNED}>")
            raise RpcError(500, "Invalid Percent")
        self.probability = percent

    @rpc("cfgutils.rand_reset_prob")
    def reset_probability(self) -> None:
        """Reset the random probability."""
        self.probability = self.initial_probability

    @rpc("cfgutils.rand_get_prob")
    def show_probability(self) -> str:
        """Get the random probability."""
        return f"actual probability: {self.probability} percent"

    @rpc("cfgutils.get_config_hash")
    def get_hash(self) -> str:
        """Get config hash value."""
        return self._hash

    @rpc("cfgutils.check_config_hash")
    def check_hash(self) -> str:
        """Check config hash value."""
        if not self.hash_file:
            raise RpcError(500, "No hash file")
        try:
            same = _digest(self.hash_file) == self._hash
        except OSError:
            raise RpcError(500, "Failed to hash the file") from None
        return "Identical hash" if same else "Different hash"


def _key(route: str) -> str:
    """The key of the block that `route(NAME)` calls."""
    return "request_route" if route == "0" else f"route[{route}]"


def _digest(file: str) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
