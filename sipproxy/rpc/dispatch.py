"""The RPC commands of a server, by name, and how one is called."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sipproxy.errors import ModuleError, RpcError
from sipproxy.rpc.arguments import Arguments, Kind, Unread
from sipproxy.rpc.signature import Handler, Parameter, parameters_of, read_arguments
from sipproxy.rpc.values import Answer, Value, records_of, require_value

Report = Callable[[str, Exception], None]
"""Told of a handler that broke: the command's name and what it raised."""


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

    def __init__(self, report: Report) -> None:
        self._report = report
        self._commands: dict[str, Command] = {}
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
        if inspect.iscoroutinefunction(handler):
            raise ModuleError(f"RPC command {name}: an async handler is not supported")
        try:
            parameters = parameters_of(handler)
        except ModuleError as error:
            raise ModuleError(f"RPC command {name}: {error}") from None
        texts = (missing,) if isinstance(missing, str) else tuple(missing)
        self._commands[name] = Command(
            name, handler, parameters, help or _help_of(handler), array, texts
        )

    def names(self) -> list[str]:
        """The names of all commands in order."""
        return sorted(self._commands)

    def find(self, name: str) -> Command | None:
        """The command of that name."""
        return self._commands.get(name)

    def call(self, name: str, arguments: Arguments) -> Answer:
        """Calls a command; raises RpcError for whatever goes wrong, and nothing else.

        An exception inside the handler is reported and becomes a fault 500.
        """
        command = self._commands.get(name)
        if command is None:
            raise arguments.unknown_command(name)
        try:
            read = read_arguments(command.parameters, command.missing, arguments)
            records = records_of(command.handler(*read.values))
            require_value(records)
        except RpcError:
            raise
        except Unread as unread:
            if unread.fault:
                raise unread.fault from None
            return Answer(array=command.array)
        except Exception as error:
            self._report(name, error)
            raise RpcError(500, "internal server error") from error
        if read.pending and not records:
            raise read.pending
        return Answer(records, command.array)

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


def _help_of(handler: Handler) -> str:
    paragraph, _, _ = (inspect.getdoc(handler) or "").partition("\n\n")
    return " ".join(paragraph.split())
