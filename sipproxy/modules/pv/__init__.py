"""Module pv: pseudo-variables and transformations."""

import os
from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import pvar
from sipproxy.core.values import EvalError, Value, wrap
from sipproxy.modules.pv.functions import PvFunctions
from sipproxy.modules.pv.selects import Selects
from sipproxy.modules.pv.transforms.addresses import AddressTransforms
from sipproxy.modules.pv.transforms.codecs import CodecTransforms
from sipproxy.modules.pv.transforms.lists import ListTransforms
from sipproxy.modules.pv.transforms.regexes import RegexTransforms
from sipproxy.modules.pv.transforms.strings import StringTransforms
from sipproxy.modules.pv.variables.addresses import AddressVariables
from sipproxy.modules.pv.variables.branches import BranchVariables
from sipproxy.modules.pv.variables.credentials import CredentialVariables
from sipproxy.modules.pv.variables.flags import FlagVariables
from sipproxy.modules.pv.variables.headers import HeaderVariables
from sipproxy.modules.pv.variables.messages import MessageVariables
from sipproxy.modules.pv.variables.sockets import SocketVariables
from sipproxy.modules.pv.variables.times import TimeVariables
from sipproxy.modules.pv.variables.uris import UriVariables

_VERSIONS = {"3.0": (3, 0, 0), "5.6": (5, 6, 3), "6.1": (6, 1, 0)}
"""The Kamailio that each compatibility level stands for."""


class Pv(
    PvFunctions,
    Selects,
    UriVariables,
    SocketVariables,
    AddressVariables,
    HeaderVariables,
    MessageVariables,
    FlagVariables,
    BranchVariables,
    CredentialVariables,
    TimeVariables,
    StringTransforms,
    CodecTransforms,
    AddressTransforms,
    ListTransforms,
    RegexTransforms,
    name="pv",
):
    """Pseudo-variables and transformations of a script."""

    @pvar("_s")
    def evaluated(self, ctx: Context, text: str) -> str:
        """The text with its pseudo-variables replaced."""
        return text

    @pvar("err.class")
    @pvar("err.level")
    @pvar("err.info")
    @pvar("err.rcode")
    @pvar("err.rreason")
    def err(self, ctx: Context) -> Value:
        """What a parser error was about: Kamailio 5.6 leaves it undefined."""
        return None

    @pvar("true")
    def true(self, ctx: Context) -> int:
        """1."""
        return 1

    @pvar("pp")
    def pp(self, ctx: Context) -> int:
        """Number of this process."""
        return os.getpid()

    @pvar("sid")
    def sid(self, ctx: Context) -> int:
        """Core parameter server_id."""
        return int(getattr(self.host.settings, "server_id", 0))

    @pvar("stat", bind=True)
    def stat(self, inner: str | None, index: str | None) -> PvAccess:
        """A statistic by its name; as a text one below 0 is unsigned."""
        name = inner or ""
        if not name:
            raise ValueError("a statistic has a name")
        found = self.host.statistics.named

        def read(ctx: Context) -> Value:
            statistic = found(name)
            return None if statistic is None else wrap(statistic.get())

        def read_text(ctx: Context) -> Value:
            statistic = found(name)
            return None if statistic is None else str(statistic.get() & 0xFFFF_FFFF)

        access = PvAccess(read)
        access.textual = PvAccess(read_text)
        return access

    @pvar("version", bind=True)
    def version(self, inner: str | None, index: str | None) -> PvAccess:
        """Of the Kamailio we stand for: `num` is 5.6.3, `full` a line that names it."""
        number = ".".join(map(str, self._version()))
        texts = {"num": number, "full": f"kamailio {number}", "hash": number}
        text = texts.get(inner or "")
        if text is None:
            raise ValueError(f"{', '.join(texts)} exist")
        return PvAccess(lambda ctx: text, type="str")

    @pvar("ksr", bind=True)
    def ksr(self, inner: str | None, index: str | None) -> PvAccess:
        """Version of the Kamailio we stand for, as text (`ver`) or number (`verval`)."""
        major, minor, patch = self._version()
        values: dict[str, Value] = {
            "ver": f"{major}.{minor}.{patch}",
            "verval": major * 1_000_000 + minor * 1_000 + patch,
        }
        if inner not in values:
            raise ValueError(f"{', '.join(values)} exist")
        value = values[inner]
        return PvAccess(lambda ctx: value)

    def _version(self) -> tuple[int, int, int]:
        return _VERSIONS.get(self.host.compat, _VERSIONS["5.6"])

    @pvar("ccp", bind=True)
    def ccp(self, inner: str | None, index: str | None) -> PvAccess:
        """A custom core parameter `group.name`, which may be set."""
        group, dot, name = (inner or "").rpartition(".")
        if not group or not dot or not name:
            raise ValueError("it is written $ccp(group.name)")
        host: Any = self.host

        def read(ctx: Context) -> Value:
            value: Value = host.settings.custom.get((group, name))
            return value

        def write(ctx: Context, value: Value) -> None:
            if value is None:
                return
            if type(host.settings.custom.get((group, name))) is not type(value):
                raise EvalError(f"{group}.{name} is not of that type, or not there")
            host.settings.custom[group, name] = value

        return PvAccess(read, write)
