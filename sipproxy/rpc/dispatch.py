"""The RPC commands of a server, by name, and how one is called."""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.errors import ModuleError, RpcError
from sipproxy.rpc.arguments import Arguments, Kind, Unread
from sipproxy.rpc.signature import Handler, Parameter, Read, parameters_of, read_arguments
from sipproxy.rpc.values import Answer, Value, records_of, require_value

Report = Callable[[str, Exception], None]
"""Told of a handler that broke: the command's name and what it raised."""

Begin = Callable[[Coroutine[Any, object, None], Callable[[], None]], None]
"""Does work that may wait and then calls what is to be called (core.host.Host.begin)."""

MiHandler = Callable[[Sequence[MiNode]], MiReply | Awaitable[MiReply]]
"""What answers a command of Kamailio 3's interface; an async one may wait."""

Done = Callable[[Answer | RpcError], None]
"""Given the answer or the fault of a call: at once, or later where the command waits."""


_OWN = ("system.listMethods", "system.methodHelp", "system.methodSignature")
"""Commands about a registry itself."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what to call, with which parameters, and how it presents itself."""

    name: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    help: str
    array: bool
    missing: tuple[str, ...]


class Registry:
    """All commands, those of the modules beside `system.*`, which describe the registry itself."""

    def __init__(self, report: Report, begin: Begin | None = None) -> None:
        """Without `begin` no command may be async."""
        self._report = report
        self._begin = begin
        self._commands: dict[str, Command] = {}
        self.mi: Mapping[str, MiHandler] = {}
        """The commands of Kamailio 3's management interface."""
        self.add("system.listMethods", self._list_methods, array=True)
        self.add("system.methodHelp", self._method_help)
        self.add("system.methodSignature", self._method_signature)

    def add(
        self,
        name: str,
        handler: Handler,
        *,
        help: str = "",
        array: bool = False,
        missing: str | Sequence[str] = (),
    ) -> None:
        """Adds a command. `help` defaults to the handler's docstring, its first paragraph.

        `missing` is the fault text (code 500) for a required argument that is absent or of the
        wrong type, one for each position, the last repeated. Raises ModuleError for a name that
        is taken and for a handler that cannot serve as a command.
        """
        if name in self._commands:
            raise ModuleError(f"RPC command {name} is declared twice")
        if self._begin is None and inspect.iscoroutinefunction(handler):
            raise ModuleError(f"RPC command {name}: an async handler is not supported")
        try:
            parameters = parameters_of(handler)
        except ModuleError as error:
            raise ModuleError(f"RPC command {name}: {error}") from None
        texts = (missing,) if isinstance(missing, str) else tuple(missing)
        self._commands[name] = Command(
            name, handler, parameters, help or _help_of(handler), array, texts
        )

    def become(self, other: "Registry") -> None:
        """Take the commands of another one in place of these: the cfg was reloaded."""
        of_registries = {name: one for name, one in self._commands.items() if name in _OWN}
        self._commands = {**other._commands, **of_registries}
        self._begin, self.mi = other._begin, other.mi
        other._commands.clear()

    def names(self) -> list[str]:
        """The names of all commands in order."""
        return sorted(self._commands)

    def find(self, name: str) -> Command | None:
        """The command of that name."""
        return self._commands.get(name)

    def call(self, name: str, arguments: Arguments) -> Answer:
        """Calls a command that does not wait; raises RpcError for whatever goes wrong."""
        told: list[Answer | RpcError] = []
        self.begin(name, arguments, told.append)
        if not told:
            raise RuntimeError(f"the command {name} waits")
        if isinstance(told[0], RpcError):
            raise told[0]
        return told[0]

    def begin(self, name: str, arguments: Arguments, done: Done) -> None:
        """Calls a command and gives `done` its answer, or a fault for whatever goes wrong.

        An exception inside the handler is reported and becomes a fault 500.
        """
        command = self._commands.get(name)
        if command is None:
            done(arguments.unknown_command(name))
            return
        try:
            read = read_arguments(command.parameters, command.missing, arguments)
        except Unread as unread:
            done(unread.fault or Answer(array=command.array))
            return
        except RpcError as fault:
            done(fault)
            return
        call = _Call(command, read)
        if self._begin is None or not inspect.iscoroutinefunction(command.handler):
            done(self._answered(call, lambda: cast(Value, command.handler(*read.values))))
            return
        self._begin(call.wait(), lambda: done(self._answered(call, call.result)))

    def begin_mi(
        self, name: str, arguments: Sequence[MiNode], done: Callable[[MiReply | None], None]
    ) -> None:
        """Calls a command of Kamailio 3's interface; None to `done` when it broke."""
        told: list[MiReply] = []

        async def run() -> None:
            try:
                answer = self.mi[name](arguments)
                told.append(answer if isinstance(answer, MiReply) else await answer)
            except Exception as error:
                self._report(name, error)

        assert self._begin is not None
        self._begin(run(), lambda: done(told[0] if told else None))

    def _answered(self, call: "_Call", result: Callable[[], Value]) -> Answer | RpcError:
        """The answer for what a handler gave, or for what it raised."""
        try:
            records = records_of(result())
            require_value(records)
        except RpcError as fault:
            return fault
        except Unread as unread:
            return unread.fault or Answer(array=call.command.array)
        except Exception as error:
            self._report(call.command.name, error)
            return RpcError(500, "internal server error")
        if call.read.pending and not records:
            return call.read.pending
        return Answer(records, call.command.array)

    def _list_methods(self) -> Value:
        """Lists all RPC methods supported by the server."""
        return self.names()

    def _method_help(self, arguments: Arguments) -> Value:
        """Print the help string for given method."""
        try:
            name = arguments.read(Kind.STR)
        except Unread:
            raise RpcError(400, "Method Name Expected") from None
        command = self._commands.get(str(name))
        if command is None:
            raise RpcError(400, "command not found")
        return command.help or "undocumented"

    def _method_signature(self) -> Value:
        """Returns signature of given method."""
        raise RpcError(500, "Not Implemented Yet")


class _Call:
    """A command and its arguments, and what its handler gave or raised when it had to wait."""

    def __init__(self, command: Command, read: Read) -> None:
        self.command = command
        self.read = read
        self._value: Value = None
        self._error: Exception | None = None

    async def wait(self) -> None:
        try:
            self._value = await cast(Awaitable[Value], self.command.handler(*self.read.values))
        except Exception as error:
            self._error = error

    def result(self) -> Value:
        if self._error is not None:
            raise self._error
        return self._value


def _help_of(handler: Handler) -> str:
    paragraph, _, _ = (inspect.getdoc(handler) or "").partition("\n\n")
    return " ".join(paragraph.split())
