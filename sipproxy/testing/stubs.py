"""Stand-ins for functions of the cfg: of modules that are not there, or that a test replaces."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sipproxy.core.context import Context
from sipproxy.core.declared import FunctionDecl, Parameter
from sipproxy.core.host import Host
from sipproxy.core.module import ANY

Answer: TypeAlias = int | bool | None
Stub: TypeAlias = Answer | Callable[..., Answer]
"""A return code (True and None are 1, False is -1, 0 ends the script), or a callable that gives
one: it gets the context and the arguments as texts, pseudo-variables replaced."""


class Stubs:
    """Stubs by name, and the arguments of every call in `calls[name]`, oldest first."""

    def __init__(self, stubs: Mapping[str, Stub]) -> None:
        self._stubs = stubs
        self.calls: dict[str, list[tuple[str, ...]]] = {name: [] for name in stubs}

    def install(self, host: Host) -> None:
        """Put the stubs into a host, in front of functions of their names."""
        for name, stub in self._stubs.items():
            host.functions[name] = [self._declaration(name, stub)]

    def _declaration(self, name: str, stub: Stub) -> FunctionDecl:
        def call(ctx: Context, *args: str) -> int:
            self.calls[name].append(args)
            answer = stub(ctx, *args) if callable(stub) else stub
            if isinstance(answer, bool):
                return 1 if answer else -1
            return 1 if answer is None else answer

        rest = Parameter("args", str, True)
        return FunctionDecl(name, "stubs", call, (), rest, ANY, "int", False, "A test's stub.")
