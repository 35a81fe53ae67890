"""The core parameters of one cfg, gathered from its tree."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from sipproxy.core.sockets import DEFAULT_PORT, PROTO_NUMBER, ListenSocket
from sipproxy.errors import Span
from sipproxy.script import tree
from sipproxy.script.settings import SETTINGS, free_flag


@dataclass
class Settings:
    """What the cfg says outside of routes and modules.

    Every plain core parameter is an attribute (`settings.debug`), its default where the cfg does
    not set it: int, str, or None. `custom` holds `group.name` parameters, `descriptions` their
    `desc` texts, `defines` the values of `#!define`.
    """

    listen: list[tree.Address] = field(default_factory=list)
    alias: list[tuple[str, int, str]] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    custom: dict[tuple[str, str], int | str] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    defines: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        setting = SETTINGS.get(name)
        if setting is None:
            raise AttributeError(name)
        value = self.values.get(setting.name, _default(setting.kind, setting.default))
        self.__dict__[name] = value  # the next time there is nothing to look up
        return value

    def change(self, name: str, value: int | str) -> None:
        """Give a core parameter another value while the server runs."""
        self.values[name] = value
        setattr(self, name, value)

    @property
    def advertised_address(self) -> str:
        """What our Via shows where nothing nearer says it; empty for nothing."""
        return str(self.values.get("advertised_address", ""))

    def sockets(self) -> list[ListenSocket]:
        """The listen lines that name an IP address; UDP and TCP where they name no protocol."""
        found = [
            ListenSocket(
                proto,
                str(ip_address(address.host.strip("[]"))),
                address.port or self._port(proto),
                address.advertise,
                address.name,
            )
            for address in self.listen
            if is_ip(address.host)
            for proto in ((address.proto,) if address.proto else self.protos)
        ]
        return sorted(found, key=lambda one: PROTO_NUMBER[one.proto])

    @property
    def protos(self) -> tuple[str, ...]:
        """The transports that a listen line without one means."""
        return ("udp",) if self.disable_tcp else ("udp", "tcp")

    def _port(self, proto: str) -> int:
        """The port of a listen line without one; `port` does not speak of TLS (cfg.y tls_port)."""
        given: int = 0 if proto == "tls" else self.port
        return given or DEFAULT_PORT[proto or "udp"]


def collect(config: tree.Config) -> Settings:
    """Gather the settings of a cfg; the last value of a parameter counts."""
    settings = Settings(defines=dict(config.defines))
    for item in config.items:
        match item:
            case tree.CoreParam():
                name = SETTINGS[item.name].name if item.name in SETTINGS else item.name
                settings.values[name] = _value(*item.values)
                settings.spans[name] = item.span
            case tree.Listen():
                settings.listen.extend(item.addresses)
            case tree.Alias():
                settings.alias.extend((a.host, a.port, a.proto) for a in item.addresses)
            case tree.Flags() if item.keyword == "flags":
                _add_flags(settings.flags, item.names)
            case tree.CustomParam():
                value = item.value
                settings.custom[item.group, item.name] = (
                    value.value if isinstance(value, tree.Int) else value.text
                )
                settings.descriptions[item.group, item.name] = item.description
    return settings


def _add_flags(flags: dict[str, int], names: Iterable[tuple[str, int, Span]]) -> None:
    """Flags without a number get the lowest free ones, as in Kamailio (core/flags.c)."""
    for name, number, _ in names:
        flags[name] = number if number >= 0 else free_flag(flags)


def _value(value: tree.Expr) -> int | str:
    if isinstance(value, tree.Int):
        return value.value
    assert isinstance(value, tree.Str | tree.Bareword | tree.Ip), value
    return value.text


def _default(kind: str, text: str) -> int | str | None:
    if kind in ("bool", "int", "signed"):
        return int(text) if text else 0
    return text


def is_ip(host: str) -> bool:
    """Whether a host is an IP address, in brackets or not."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
