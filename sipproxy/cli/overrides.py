"""What the command line says in place of the cfg: addresses, modules, parameters."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sipproxy.errors import CfgError, Problem, Span
from sipproxy.program import Program
from sipproxy.script import tree

PLACE = Span("<command line>", 1, 1, 1, 1)
"""Where problems of such items are said to be."""


def parse_address(text: str) -> list[tree.Address]:
    """The addresses in `[proto:]host[:port][/advertised[:port]]`, host also `(a, b)`.

    Raises CfgError.
    """
    rest, _, advertised = text.partition("/")
    proto, hosts, port = _split(rest, text)
    advertise: tuple[str, int] | None = None
    if advertised:
        _, (host, *_), number = _split(advertised, text)
        advertise = (host, number)
    return [tree.Address(PLACE, proto, host, port, advertise) for host in hosts]


_PROTOS = ("udp", "tcp", "tls", "sctp")


def _split(text: str, whole: str) -> tuple[str, list[str], int]:
    head, colon, tail = text.partition(":")
    proto, rest = (head, tail) if colon and head in _PROTOS else ("", text)
    port = 0
    close = max(rest.rfind(")"), rest.rfind("]"))
    host, colon, number = rest[close + 1 :].rpartition(":")
    if colon:
        if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
            raise _refused(f"bad port {number!r} in the address {whole!r}")
        port, rest = int(number), rest[: close + 1] + host
    hosts = [name.strip() for name in rest.strip("()").split(",")]
    if not all(hosts):
        raise _refused(f"bad address {whole!r}: no host in it")
    return proto, hosts, port


def apply(
    program: Program,
    *,
    listen: Iterable[str] = (),
    aliases: Iterable[str] = (),
    modules: Iterable[str] = (),
    parameters: Iterable[str] = (),
    values: dict[str, Any],
) -> Program:
    """The program with all of it; `values` are core parameters. Raises CfgError."""
    settings = program.settings
    more = [address for text in listen for address in parse_address(text)]
    names = [(a.host, a.port, a.proto) for text in aliases for a in parse_address(text)]
    settings = replace(
        settings,
        listen=[*settings.listen, *more],
        alias=[*names, *settings.alias],
        values={**settings.values, **values},
    )
    items: list[tree.Item] = [
        tree.LoadModule(PLACE, name.rpartition("/")[2].removesuffix(".so"), name)
        for name in modules
    ]
    # Modules of the command line stand first, parameters after the cfg's own, which they replace.
    after = [_parameter(text) for text in parameters]
    config = replace(program.config, items=(*items, *program.config.items, *after))
    return replace(program, config=config, settings=settings)


def _parameter(text: str) -> tree.ModParam:
    module, _, rest = text.partition(":")
    name, _, rest = rest.partition(":")
    kind, _, value = rest.partition(":")
    if not (module and name) or kind not in ("s", "i"):
        raise _refused(f"bad --modparam={text}: it is module:parameter:s:text or ...:i:number")
    made: tree.Int | tree.Str = tree.Str(PLACE, value)
    if kind == "i":
        try:
            made = tree.Int(PLACE, int(value, 0))
        except ValueError:
            raise _refused(f"bad --modparam={text}: {value!r} is no number") from None
    return tree.ModParam(PLACE, tree.Str(PLACE, module), tree.Str(PLACE, name), made)


def _refused(message: str) -> CfgError:
    return CfgError([Problem(PLACE, message)])
