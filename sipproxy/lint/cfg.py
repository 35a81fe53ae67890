"""A cfg as the rules look at it: what it holds, and what follows from that, worked out once."""

from functools import cached_property

from sipproxy.lint.flow import Flow
from sipproxy.lint.gather import Gathered
from sipproxy.lint.shapes import Increment, increments


class Cfg(Gathered):
    """The view that every rule gets."""

    @cached_property
    def flow(self) -> Flow:
        """What may have happened before each statement."""
        return Flow(self)

    @cached_property
    def increments(self) -> list[Increment]:
        """The places where cells of htables are counted."""
        return increments(self)
