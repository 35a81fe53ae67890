"""What an RPC command may answer with besides plain values, dicts and lists."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Struct:
    """Members in order; unlike a dict it may repeat a name (pv.shvGet answers with many `shv`).

    What a BINRPC peer sent is read into this too, where a name may be None.
    """

    members: tuple[tuple[str | None, Any], ...]


@dataclass(frozen=True, slots=True)
class NamedArray:
    """The container `[` filled with named members, as core.sockets_list and ul.dump do."""

    members: tuple[tuple[str, Any], ...]
