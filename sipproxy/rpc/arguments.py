"""The arguments of one call, read one after the other as a module's `rpc->scan` reads them.

Each transport converts in its own way (BINRPC records carry types, JSON numbers are doubles), so
each has its own :class:`Arguments`. A handler names what it wants in its annotations:

* `str`, `int`, `float`, `bool`: the scan formats `S d f b`; BINRPC insists on the type;
* :data:`LooseStr`, :data:`LooseInt`: `.S .d`, BINRPC converts between number and string;
* :class:`Arguments`: what is left, to be read by hand.
"""

from abc import ABC, abstractmethod
from enum import Enum
from typing import TypeAlias

from sipproxy.core.params import Loose as Loose
from sipproxy.core.params import LooseInt as LooseInt
from sipproxy.core.params import LooseStr as LooseStr
from sipproxy.errors import RpcError, SipproxyError


class Kind(Enum):
    """What a parameter wants; the value is the word of Kamailio's fault texts."""

    INT = "integer"
    STR = "string"
    FLOAT = "float"


Plain: TypeAlias = int | float | str
"""A converted argument."""


class Unread(SipproxyError):
    """An argument is missing or cannot be converted.

    `absent` tells the two apart. `fault` is what the transport answers by itself when the command
    has no words of its own; jsonrpcs answers an empty result then, so it is None there.
    """

    def __init__(self, absent: bool, fault: RpcError | None = None) -> None:
        self.absent = absent
        self.fault = fault
        super().__init__(fault.reason if fault else "no such argument")


class Arguments(ABC):
    """The arguments not read yet. An argument that cannot be converted stays where it is."""

    @abstractmethod
    def read(self, kind: Kind, loose: bool = False) -> Plain:
        """The next argument, of the type `kind` stands for; raises Unread."""

    @abstractmethod
    def unknown_command(self, name: str) -> RpcError:
        """The fault this transport gives for a command that does not exist."""

    def integer(self, missing: str, loose: bool = False) -> int:
        """The next argument as int; without it RpcError 500 with the text `missing`."""
        try:
            return int(self.read(Kind.INT, loose))
        except Unread:
            raise RpcError(500, missing) from None

    def string(self, missing: str, loose: bool = False) -> str:
        """The next argument as str; without it RpcError 500 with the text `missing`."""
        try:
            return str(self.read(Kind.STR, loose))
        except Unread:
            raise RpcError(500, missing) from None
