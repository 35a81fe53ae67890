"""The text protocol of Kamailio 3's FIFO (modules/mi_fifo of Kamailio 3 and 4).

A request is a line `:command:reply_fifo`, a line for each argument, and an empty line. The answer
is a line with code and reason, a line for each node, and an empty line; an error is one line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.rpc.dispatch import Registry
from sipproxy.text import decode, encode

_MOST = 1023 + 8191
"""Bytes of a request: Kamailio's buffers for the first line and for the arguments."""
_MOST_FIRST = 1023
_BLANKS = " \t\n\v\f\r"


class BadRequest(ValueError):
    """A request that cannot be answered; the text says why."""


@dataclass(frozen=True, slots=True)
class MiRequest:
    """A command, the FIFO its answer goes to, and its arguments: None if they cannot be read."""

    command: str
    reply_name: str
    arguments: tuple[MiNode, ...] | None


class MiReader:
    """Cuts what comes by a FIFO into requests."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._rest = b""
        self._size = 0

    @property
    def half(self) -> bool:
        """Whether a request has begun and not ended."""
        return bool(self._lines or self._rest)

    def forget(self) -> None:
        """Give up what came half."""
        self._lines, self._rest, self._size = [], b"", 0

    def feed(self, data: bytes) -> Iterator[MiRequest | BadRequest]:
        """The requests that are whole with these bytes. To be consumed before the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line:
                self._size += len(line) + 1
                if self._size <= _MOST:  # what is too long is only counted
                    self._lines.append(line)
            elif self._lines:  # blank lines between requests mean nothing
                whole, size = self._lines, self._size
                self._lines, self._size = [], 0
                yield _whole(whole, size)
        if len(self._rest) > _MOST:  # a line without an end: it is not kept, only remembered
            self._lines.append(self._rest[:_MOST_FIRST])
            del self._lines[1:]
            self._size += len(self._rest)
            self._rest = b""


def _whole(lines: list[bytes], size: int) -> MiRequest | BadRequest:
    try:
        if size > _MOST or len(lines[0]) >= _MOST_FIRST:
            raise BadRequest(f"a request of {size} bytes is too long")
        command, reply_name = _first(decode(lines[0]))
    except BadRequest as error:
        return error
    try:
        arguments = tuple(_nodes([decode(line) for line in lines[1:]]))
    except ValueError:
        return MiRequest(command, reply_name, None)
    return MiRequest(command, reply_name, arguments)


def _first(line: str) -> tuple[str, str]:
    line = line.rstrip(" \t\r")
    if len(line) < 3:
        raise BadRequest("a command must have at least 3 characters")
    if not line.startswith(":"):
        raise BadRequest(f"a command must begin with a colon: {line}")
    command, colon, reply_name = line[1:].partition(":")
    if not colon:
        raise BadRequest(f"a command must have a second colon: {line}")
    if not command:
        raise BadRequest("a command without a name")
    return command, reply_name


def _nodes(lines: list[str]) -> Iterator[MiNode]:
    """The arguments; raises ValueError. A quoted value may go on over lines."""
    at = 0
    while at < len(lines):
        line = lines[at].lstrip(_BLANKS)
        at += 1
        if not line:
            continue
        name, separator, value = line.partition("::")
        if line.startswith('"') or not separator:
            name, value = "", line
        if '"' in name:
            raise ValueError("a quote in a name")
        value = value.strip(_BLANKS) if '"' not in value else value.lstrip(_BLANKS)
        if value.startswith('"'):
            value, used = _quoted(value[1:], lines[at:])
            at += used
        elif '"' in value:
            raise ValueError("a quote in a value")
        elif not value:
            yield MiNode(name.rstrip(_BLANKS) or None, None)
            continue
        yield MiNode(name.rstrip(_BLANKS) or None, value)


def _quoted(text: str, following: list[str]) -> tuple[str, int]:
    """The value up to its closing quote, and how many of the following lines it took."""
    parts: list[str] = []
    used = 0
    while True:
        end = text.find('"')
        if end > 0 and text[end - 1] == "\\":
            parts.append(text[: end - 1] + '"')
            text = text[end + 1 :]
        elif end >= 0:
            if text[end + 1 :].strip(_BLANKS):
                raise ValueError("text behind a quoted value")
            return "".join(parts) + text[:end], used
        elif used < len(following):
            parts.append(text + "\n")
            text = following[used]
            used += 1
        else:
            raise ValueError("a quoted value without an end")


def encode_reply(reply: MiReply, indent: str = "\t") -> bytes:
    """The answer's bytes, with the empty line at its end."""
    lines = [f"{reply.code} {reply.reason}", *lines_of(reply.nodes, indent), ""]
    return encode("".join(f"{line}\n" for line in lines))


def lines_of(nodes: Sequence[MiNode], indent: str, level: int = 0) -> Iterator[str]:
    """A line for each node, those below it indented once more."""
    for node in nodes:
        name = "" if node.name is None else f"{node.name}:: "
        yield f"{indent * level}{name}{node.value or ''}"
        yield from lines_of(node.below, indent, level + 1)


def begin_mi(
    registry: Registry, request: MiRequest, indent: str, done: Callable[[bytes], None]
) -> None:
    """Gives `done` the answer's bytes: at once, or later where the command waits."""
    name = request.command
    if name not in registry.mi:
        done(encode(f"500 command '{name}' not available\n"))
    elif request.arguments is None:
        done(encode(f"400 parse error in command '{name}'\n"))
    else:
        failed = encode(f"500 command '{name}' failed\n")
        registry.begin_mi(
            name,
            request.arguments,
            lambda reply: done(failed if reply is None else encode_reply(reply, indent)),
        )
